"""What a journal holds: a closed union of entry bodies, each an immutable fact."""

from collections.abc import Callable, Mapping
from dataclasses import field
from functools import cache
from typing import Any, ClassVar

from septet.core.canonical import quoted, text
from septet.core.frozen import frozen
from septet.core.money import Usage

LOST = "Lost"
"""The error of a model call whose maker was gone before it wrote how the call ended."""
VERSION = 1
"""Version of the bodies' JSON form, written with each."""


@frozen
class ToolCall:
    """One call a model asked for."""

    id: str
    """Unique within a turn. The platform's own: a model may use one of its ids twice."""
    tool: str
    arguments: Any
    """As the model gave them: an object when it behaves, anything when it does not."""


@frozen
class Request:
    """What the run was asked to do; always entry 0."""

    type: ClassVar[str] = "request"
    workflow: str
    input: Mapping[str, Any]
    submitter: str


@frozen
class ModelCall:
    """A model is about to be called; without a reply after it, the call may or may not have been made."""

    type: ClassVar[str] = "model_call"
    model: str
    step: int
    """Replies in this turn before this call; a call that is repeated because it was not answered has the same step."""
    reserved: int = 0
    """Micro-dollars the ledger holds for it, under this entry's number: the most it can cost."""


@frozen
class ModelFailed:
    """The call of the entry before ended without a reply. The entry's cost is what is charged: nothing, if it provably was not billed."""

    type: ClassVar[str] = "model_failed"
    model: str
    error: str
    """Name of an error class, or ``LOST``."""
    message: str


@frozen
class ModelReply:
    """What the model said."""

    type: ClassVar[str] = "model_reply"
    model: str
    text: str
    calls: tuple[ToolCall, ...]
    stop: str
    """Why it stopped: ``end``, ``tools``, ``truncated`` or ``refused``."""
    cached: bool = False
    """It came from the platform's own cache: no model was called, nothing is paid."""


@frozen
class ToolIntent:
    """The gateway allowed a call and is about to make it."""

    type: ClassVar[str] = "tool_intent"
    call: str
    tool: str
    arguments: Any
    key: str
    """The effect's key; empty for a tool without effect."""
    reasons: tuple[str, ...]
    """Why it was allowed."""


@frozen
class ToolResult:
    """How a call ended: a value, or a named error."""

    type: ClassVar[str] = "tool_result"
    call: str
    tool: str
    value: Any = None
    error: str = ""
    """Name of an error class of ``septet.core.errors``; empty on success."""
    message: str = ""
    repeated: bool = False
    """The effect had happened before; this is the record of it."""


@frozen
class ApprovalAsked:
    """A person has to decide on exactly this call."""

    type: ClassVar[str] = "approval_asked"
    call: str
    tool: str
    arguments: Any
    approval: str
    expires_at: int
    """Milliseconds since the epoch."""
    reasons: tuple[str, ...]


@frozen
class ApprovalGiven:
    """What was decided: ``approved``, ``rejected`` or ``expired``."""

    type: ClassVar[str] = "approval_given"
    call: str
    approval: str
    decision: str
    by: str
    """Who decided; several names where several people had to."""
    reason: str


@frozen
class ApprovalEdited:
    """A person approves the call with other arguments than it was asked with; what is made, if it is, has these."""

    type: ClassVar[str] = "approval_edited"
    call: str
    approval: str
    arguments: Any
    by: str


@frozen
class HandOver:
    """The agent passes the work to another."""

    type: ClassVar[str] = "hand_over"
    to: str
    reason: str


@frozen
class Note:
    """Something worth knowing that changes no state but the conversation."""

    type: ClassVar[str] = "note"
    kind: str
    """``repair`` (told to the model) or ``usage`` (the provider's figures could not be believed)."""
    text: str


@frozen
class Compacted:
    """Tool results up to an entry are shown to the model as one line each from now on; it can read them again."""

    type: ClassVar[str] = "compacted"
    through: int
    """Number of the last entry that is shortened."""


@frozen
class Planned:
    """The turn committed to these tools and values before it read anything from outside (``septet.security.plans``)."""

    type: ClassVar[str] = "planned"
    plan: Any


@frozen
class LimitSet:
    """An administrator changed a limit of the tenant's."""

    type: ClassVar[str] = "limit_set"
    name: str
    before: int
    after: int
    """Micro-dollars, both."""
    by: str


@frozen
class ErasureOrdered:
    """An administrator has the content of these runs erased."""

    type: ClassVar[str] = "erasure_ordered"
    erasure: str
    """The same in all orders of one erasure."""
    of: str
    """``run``, ``person`` or ``tenant``."""
    subject: str
    """Which run, or whose runs."""
    runs: tuple[str, ...]
    by: str


@frozen
class Answer:
    """The agent's turn ended well."""

    type: ClassVar[str] = "answer"
    value: Any


@frozen
class Failure:
    """The agent's turn, or the run, ended badly."""

    type: ClassVar[str] = "failure"
    error: str
    message: str


@frozen
class Stop:
    """The run was stopped from outside."""

    type: ClassVar[str] = "stop"
    by: str
    reason: str


@frozen
class Erased:
    """What is left where a body was erased. Never written: a store that is asked for gaps says it in the body's place."""

    type: ClassVar[str] = "erased"


@frozen
class Damaged:
    """What stands where an entry cannot be read: somebody changed what is stored. Never written: a store that is asked for gaps says it."""

    type: ClassVar[str] = "damaged"


Body = (
    Request
    | ModelCall
    | ModelFailed
    | ModelReply
    | ToolIntent
    | ToolResult
    | ApprovalAsked
    | ApprovalGiven
    | ApprovalEdited
    | HandOver
    | Note
    | Compacted
    | Planned
    | LimitSet
    | ErasureOrdered
    | Answer
    | Failure
    | Stop
    | Erased
    | Damaged
)


_KINDS: dict[str, type[Body]] = {
    kind.type: kind
    for kind in (
        Request,
        ModelCall,
        ModelFailed,
        ModelReply,
        ToolIntent,
        ToolResult,
        ApprovalAsked,
        ApprovalGiven,
        ApprovalEdited,
        HandOver,
        Note,
        Compacted,
        Planned,
        LimitSet,
        ErasureOrdered,
        Answer,
        Failure,
        Stop,
        Erased,
        Damaged,
    )
}
_FIELDS: dict[str, tuple[str, ...]] = {name: tuple(kind.__annotations__.keys() - {"type"}) for name, kind in _KINDS.items()}
_HOLES: dict[Any, str] = {
    str: "{quoted(body.%s)}",
    int: "{body.%s:d}",
    bool: "{'true' if body.%s else 'false'}",
    tuple[str, ...]: "{texts(body.%s)}",
    tuple[ToolCall, ...]: "{calls(body.%s)}",
}
"""How a value of a type is spelt; the others are JSON."""
_TUPLES: dict[str, Callable[[Any], Any]] = {
    "calls": lambda value: tuple(ToolCall(**call) for call in value),
    "reasons": tuple,
    "runs": tuple,
}


@frozen
class Entry:
    """One fact in a branch, chained to the one before it."""

    number: int
    """Position in the branch, from 0."""
    at: int
    """When it was written, in milliseconds since the epoch."""
    body: Body
    agent: str = ""
    """Who wrote it; empty for the platform."""
    turn: str = ""
    bundle: str = ""
    usage: Usage | None = None
    cost: int = 0
    """Micro-dollars."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Provenance of the body's values, by field."""
    salt: str
    """Random; erased with the body, so that a digest left behind tells nothing."""
    digest: str
    """Of salt and body."""
    previous: str
    """Hash of the entry before; empty for entry 0."""
    hash: str
    """Of everything but salt and body."""


def encode(body: Body) -> dict[str, Any]:
    """*body* as JSON types, with its type and version."""
    value: dict[str, Any] = {name: getattr(body, name) for name in _FIELDS[body.type]}
    if isinstance(body, ModelReply):
        value["calls"] = [{"arguments": call.arguments, "id": call.id, "tool": call.tool} for call in body.calls]
    elif "reasons" in value:
        value["reasons"] = list(value["reasons"])
    elif "runs" in value:
        value["runs"] = list(value["runs"])
    return {**value, "type": body.type, "version": VERSION}


def spelling(body: Body) -> str:
    """``encode(body)`` in canonical form, for a fraction of what it costs to make it, sort it and spell it: a body's fields are known."""
    kind: Any = type(body)
    return _speller(kind)(body)


@cache
def _speller(kind: Any) -> Callable[[Body], str]:
    """What spells a *kind* of body, compiled when the first is written: the keys in order, and a hole for each value."""
    values = {name: _HOLES.get(declared, "{text(body.%s)}") % name for name, declared in kind.__annotations__.items() if name != "type"}
    values |= {"type": quoted(kind.type), "version": str(VERSION)}
    pairs = ",".join(f'"{name}":{values[name]}' for name in sorted(values))
    speller: Callable[[Body], str] = eval(f"lambda body: f'{{{{{pairs}}}}}'", _SPELLERS)  # noqa: S307 -- our names
    return speller


def _texts(values: tuple[str, ...]) -> str:
    return f"[{','.join([quoted(value) for value in values])}]"


def _calls(calls: tuple[ToolCall, ...]) -> str:
    each = [f'{{"arguments":{text(call.arguments)},"id":{quoted(call.id)},"tool":{quoted(call.tool)}}}' for call in calls]
    return f"[{','.join(each)}]"


_SPELLERS = {"quoted": quoted, "text": text, "texts": _texts, "calls": _calls}


def decode(value: Mapping[str, Any]) -> Body:
    """The body that ``encode`` made *value* of. Raises ValueError for an unknown type, version or field, or one of another shape."""
    name, version = value.get("type"), value.get("version")
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None or version != VERSION:
        raise ValueError(f"no entry type {name!r} in version {version!r}")
    rest = ((field, item) for field, item in value.items() if field not in ("type", "version"))
    try:
        return kind(**{field: _TUPLES[field](item) if field in _TUPLES else item for field, item in rest})
    except TypeError as error:
        raise ValueError(f"entry of type {kind.type!r}: {error}") from error
