"""What a journal holds: a closed union of entry bodies, each an immutable fact."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any, ClassVar

from septet.core.frozen import frozen
from septet.core.money import Usage

LOST = "Lost"
"""The error of a model call whose maker was gone before it wrote how the call ended."""


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
    trace: str = ""
    """Where it belongs, as ``septet.core.traces.Context.header`` has it; empty in journals that are older than traces."""


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
    """``repair`` and ``check`` (told to the model), ``usage`` (the provider's figures could not be believed), ``cancelled`` (who had the
    run cancelled, and why), or ``fork`` (something of its origin's that a fork has left out)."""
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
class Branched:
    """Agents go on in parallel, each in a branch of its own that begins with a request; what they find comes back by a ``Resolved``."""

    type: ClassVar[str] = "branched"
    step: str
    """Which parting of the workflow: a workflow that comes here again finds the same branches."""
    paths: tuple[str, ...]
    share: int
    """Micro-dollars each branch was given."""


@frozen
class Resolved:
    """What branches found, made one by a stated rule."""

    type: ClassVar[str] = "resolved"
    step: str
    """Of the ``Branched`` that it answers."""
    method: str
    """The rule: ``vote``, ``judge``, ``weighted``, ``first`` or ``all``."""
    paths: tuple[str, ...]
    """The branches that are joined: what their agents read counts as read here from now on."""
    winner: str
    """The branch whose answer stands; empty when several are put together, or none stands."""
    value: Any
    rationale: Any
    """Why, in figures and names: what a person needs to check the decision."""
    missing: Any
    """By branch, the error class for which it has no answer."""


@frozen
class Routed:
    """Who was chosen to work, and why."""

    type: ClassVar[str] = "routed"
    purpose: str
    """``skill``, ``pool``, ``take_over``, or ``first``: of branches, the first with a good answer."""
    of: str
    """The skill, the pool, the agent that failed, or the step that parted the run."""
    to: str
    """The agent, or the branch; empty when there is none."""
    error: str
    """For a take-over, the class of the failure."""
    rationale: Any


@frozen
class Inquired:
    """Somebody outside is asked for an answer."""

    type: ClassVar[str] = "inquired"
    inquiry: str
    to: str
    """Whom: a supplier, ``operators``; a word of the workflow's."""
    question: Any
    expires_at: int
    """Milliseconds since the epoch."""


@frozen
class Heard:
    """How an inquiry ended."""

    type: ClassVar[str] = "heard"
    inquiry: str
    outcome: str
    """``answered``, ``expired`` or ``cancelled``."""
    value: Any
    by: str


@frozen
class Recalled:
    """What was said before in the session that the run belongs to.

    Its entry's labels are by path, ``0.input.channel`` for a field of the first exchange's input; what they do not name is ``*``, unknown.
    """

    type: ClassVar[str] = "recalled"
    session: str
    exchanges: Any
    """A list of ``{"run", "input", "answer", "fate", "did"}``, oldest first: how the run ended, and the effects that happened in it."""
    dropped: int = 0
    """Exchanges before those, which are not told: there were too many, or they were too long."""


@frozen
class Restarted:
    """A run that had ended goes on: these turns, which had failed, are taken up again."""

    type: ClassVar[str] = "restarted"
    turns: tuple[str, ...]
    by: str
    attempt: int
    """Of the run: each attempt is begun once."""


@frozen
class Forked:
    """What stands before was copied from another run; this one goes on from here by itself."""

    type: ClassVar[str] = "forked"
    run: str
    at: int
    """The last entry that was copied."""
    overrides: Any
    """By agent, ``{"prompt", "model"}`` that it goes on with here."""
    by: str


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
    | Branched
    | Resolved
    | Routed
    | Inquired
    | Heard
    | Recalled
    | Restarted
    | Forked
    | Erased
    | Damaged
)


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
