"""Calling a tool: one attempt, made again where it provably was not begun, ending in a value or a named error."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Protocol

from septet.core.canonical import unfit
from septet.core.errors import EffectUnknown, InputRejected, PolicyDenied, SeptetError, ToolFailed, ToolTimedOut
from septet.core.frozen import frozen, maker
from septet.core.journal import Branch, Clock
from septet.security.manifests import Manifest
from septet.security.stored import from_attribute

ATTEMPTS = 2
"""How often a call that may be repeated is made when its process breaks."""
INVOCATIONS = 4
"""How often one attempt is asked for while it is refused before anything ran."""
REFUSED_PAUSE = 250
"""Milliseconds; the longest pause after a first refusal. Each further one may be twice as long."""
REFUSED_PAUSES = REFUSED_PAUSE * (2 ** (INVOCATIONS - 1) - 1)
"""Milliseconds that all pauses of one attempt take at most."""
RESULT_BYTES = 1024 * 1024
"""Of a tool's result as JSON: some of them together have to fit a gateway's memory, and each a body in the journal."""
MESSAGE_CHARACTERS = 500
"""Of a tool's own error message that are kept."""
REFUSALS = (InputRejected, PolicyDenied)
"""What a tool raises before it has done anything."""
TOLD = (*REFUSALS, ToolFailed, ToolTimedOut, EffectUnknown)
"""What a tool may end with. Any other name is the platform's to give: from a tool it is a failure like any other."""
BEGINNING = 12_000
"""Milliseconds in which a call that is sent has begun: connecting (2 s), and a function's start (10 s), which its time limit leaves out."""


class ToolBroke(SeptetError):  # noqa: N818 -- named as the errors of core are
    """The tool's process ended without an answer of its own; whether it did anything is not known. Stays inside the gateway."""


class ToolNotRun(SeptetError):  # noqa: N818 -- named as the errors of core are
    """The call was refused before any code of the tool ran: provably nothing happened. Stays inside the gateway."""

    def __init__(self, message: str, *, again: bool) -> None:
        super().__init__(message)
        self.again = again
        """Whether the same call may be taken in a moment."""


class Unfinished(SeptetError):  # noqa: N818 -- named as the errors of core are
    """The request's time is over before this call could be made, or before its end could be known: asking again goes on with it."""


class Tools(Protocol):
    """The tools, as the gateway reaches them."""

    def call(self, tool: str, event: Mapping[str, Any], *, timeout: int) -> Any:
        """What the tool returned for *event*. Asks once.

        Raises the SeptetError it raised, ToolTimedOut, ToolNotRun when it was refused before it ran, or ToolBroke when its process broke.
        """
        ...


@frozen
class Call:
    """One allowed call."""

    manifest: Manifest
    arguments: Mapping[str, Any]
    branch: Branch
    principal: str
    """On whose behalf it is made."""
    agent: str = ""
    """Who makes it."""
    until: int
    """Milliseconds since the epoch by which whoever asked wants to hear something."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Where the arguments' values come from, by path."""
    key: str = ""
    """The effect's, where it is not that of its identity arguments: what undoes an effect is bound to that one."""
    origin: str = ""
    """The run under which its effects are recorded, if not its own."""

    @property
    def lineage(self) -> str:
        """The run under which its effects are recorded."""
        return self.origin or self.branch.run

    @property
    def longest(self) -> int:
        """Milliseconds after which one attempt has surely ended, as far as that matters: a `keyed` one may go on beside the next."""
        once = self.manifest.repeat == "once"
        return (self.manifest.timeout + 1) * 1000 + (BEGINNING if once else 0)

    def event(self, key: str, of: str = "arguments") -> dict[str, Any]:
        """What the tool's function gets; *of* says what the arguments are for."""
        context: dict[str, Any] = {"tenant": self.branch.tenant, "run": self.branch.run, "principal": self.principal, "key": key}
        context["labels"] = dict(self.labels)
        return {of: self.arguments, "context": context}


@frozen
class Done:
    """How a call ended."""

    value: Any = None
    error: str = ""
    message: str = ""
    repeated: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    """What was stored with the value, by path; a manifest's label that is worse stands."""

    @property
    def told(self) -> Any:
        """The value as the tool told it, which ``kept`` takes."""
        return {"labelled": self.value, "labels": dict(self.labels)} if self.labels else self.value


_done = maker(Done)
_LABELLED = {"labelled", "labels"}


@frozen
class Line:
    """The line to the tools."""

    tools: Tools
    clock: Clock
    pause: Callable[[int], None]
    """Waits for some milliseconds."""

    def attempt(self, call: Call, event: Mapping[str, Any], by: int) -> Any:
        """What the tool returned in one attempt, which has ended before *by*. Raises as ``Tools.call`` does, and Unfinished when late."""
        for tried in range(INVOCATIONS):
            if self.clock() + call.longest > by:
                raise Unfinished(f"there is no time left to call {call.manifest.name}")
            try:
                return self.tools.call(call.manifest.name, event, timeout=call.manifest.timeout)
            except ToolNotRun as refused:
                if not refused.again or tried == INVOCATIONS - 1:
                    raise
                self.pause(secrets.randbelow((REFUSED_PAUSE << tried) + 1))
        raise AssertionError("every invocation returns or raises")

    def attempts(self, call: Call, event: Mapping[str, Any], by: int) -> Any:
        """As ``attempt``, and once more when the process broke: for what may be repeated."""
        try:
            return self.attempt(call, event, by)
        except (ToolBroke, ToolTimedOut) as broke:
            try:
                return self.attempt(call, event, by)
            except (*REFUSALS, ToolNotRun, Unfinished) as nothing:
                if call.manifest.repeat == "none" and isinstance(nothing, REFUSALS):
                    raise
                raise broke from nothing  # the first attempt may have done it: that the second did nothing proves nothing


def kept(manifest: Manifest, value: Any) -> Done:
    """What a tool returned, unless nobody could keep it; for an effect it has happened either way."""
    if wrong := unfit(value, RESULT_BYTES):
        return Done(error="ToolFailed", message=f"{manifest.name} ended, but its result is {wrong}")
    if isinstance(value, dict) and value.keys() == _LABELLED:
        return _done(value=value["labelled"], labels=from_attribute(value["labels"]))
    return _done(value=value)


def ended(manifest: Manifest, error: SeptetError) -> Done:
    """What *error* says of a call: short of a refusal, an effect that must not be repeated may have happened."""
    name = type(error).__name__ if isinstance(error, TOLD) else "ToolFailed"
    if manifest.repeat == "once" and not isinstance(error, (*REFUSALS, ToolNotRun)):
        name = "EffectUnknown"
    return Done(error=name, message=str(error).encode(errors="replace").decode()[:MESSAGE_CHARACTERS])
