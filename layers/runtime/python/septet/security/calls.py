"""Making one allowed call: once for an effect, with a deadline, ending in a value or a named error."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from septet.core.canonical import unfit
from septet.core.errors import InputRejected, PolicyDenied, SeptetError, ToolTimedOut
from septet.core.journal import Clock
from septet.security.effects import Effect, Effects, effect_key
from septet.security.manifests import Manifest

ATTEMPTS = 2
"""How often a call that may be repeated is made when its process breaks."""
RESULT_BYTES = 128 * 1024
"""Of a tool's result as JSON: it has to fit an effect's record and a model's context."""
MESSAGE_CHARACTERS = 500
"""Of a tool's own error message that are kept."""
GRACE = 2_000
"""Milliseconds a caller may take beyond the tool's own time limit."""
REFUSALS = (InputRejected, PolicyDenied)
"""What a tool raises before it has done anything."""


class ToolBroke(SeptetError):  # noqa: N818 -- named as the errors of core are
    """The tool's process ended without an answer of its own; whether it did anything is not known. Stays inside the gateway."""


class Tools(Protocol):
    """The tools, as the gateway reaches them."""

    def call(self, tool: str, event: Mapping[str, Any], *, timeout: int) -> Any:
        """What the tool returned for *event*. Raises the SeptetError it raised, ToolTimedOut, or ToolBroke when its process broke."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """On whose behalf a call is made."""

    tenant: str
    run: str
    principal: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """How a call ended."""

    value: Any = None
    error: str = ""
    message: str = ""
    repeated: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Hands:
    """Performs allowed calls through the ports it is given."""

    tools: Tools
    effects: Effects
    clock: Clock
    pause: Callable[[int], None]
    """Waits for some milliseconds."""

    def perform(self, manifest: Manifest, arguments: Mapping[str, Any], caller: Caller) -> Done:
        """Call the tool once for each effect. Never raises for what a tool does."""
        try:
            if manifest.repeat == "none":
                return _done(manifest, self._attempt(manifest, arguments, caller, ""))
            return self._effect(manifest, arguments, caller)
        except SeptetError as error:
            return _ended(manifest, error)

    def _effect(self, manifest: Manifest, arguments: Mapping[str, Any], caller: Caller) -> Done:
        key = effect_key(manifest, caller.run, arguments)
        effect, standing = self._intend(manifest, caller, key)
        if standing and standing.status == "done":
            return Done(value=standing.value, repeated=True)
        if standing:
            return Done(error="EffectUnknown", message=f"{manifest.name} may have happened; it is not fired again")
        try:
            value = self._attempt(manifest, arguments, caller, key)
        except REFUSALS:
            self.effects.release(effect)
            raise
        done = _done(manifest, value)
        self.effects.done(effect, done.value)
        return done

    def _intend(self, manifest: Manifest, caller: Caller, key: str) -> tuple[Effect, Effect | None]:
        """Our intent, and what stands in its way after waiting for as long as another caller may still be at it."""
        by = secrets.token_hex(8)
        while True:
            now = self.clock()
            deadline = now + ATTEMPTS * manifest.timeout * 1000 + GRACE
            place = {"tenant": caller.tenant, "run": caller.run, "key": key}
            effect = Effect(**place, tool=manifest.name, status="intended", deadline=deadline, by=by)
            standing = self.effects.intend(effect, now=now, again=manifest.repeat == "keyed")
            if standing is None or standing.status == "done" or standing.deadline <= now:
                return effect, standing
            self.pause(min(500, standing.deadline - now))

    def _attempt(self, manifest: Manifest, arguments: Mapping[str, Any], caller: Caller, key: str) -> Any:
        context = {"tenant": caller.tenant, "run": caller.run, "principal": caller.principal, "key": key}
        event = {"arguments": arguments, "context": context}
        try:
            return self.tools.call(manifest.name, event, timeout=manifest.timeout)
        except (ToolBroke, ToolTimedOut) as broke:
            if manifest.repeat == "once":
                raise
            try:
                return self.tools.call(manifest.name, event, timeout=manifest.timeout)
            except REFUSALS as refusal:
                if manifest.repeat == "keyed":  # the first attempt may have done it: that the second was refused proves nothing
                    raise broke from refusal
                raise


def _done(manifest: Manifest, value: Any) -> Done:
    """What a tool returned, unless nobody could keep it; for an effect it has happened either way."""
    wrong = unfit(value, RESULT_BYTES)
    return Done(error="ToolFailed", message=f"{manifest.name} ended, but its result is {wrong}") if wrong else Done(value=value)


def _ended(manifest: Manifest, error: SeptetError) -> Done:
    """What *error* says of a call: short of a refusal, an effect that must not be repeated may have happened."""
    name = type(error).__name__
    if manifest.repeat == "once" and not isinstance(error, REFUSALS):
        name = "EffectUnknown"
    elif isinstance(error, ToolBroke):
        name = "ToolFailed"
    return Done(error=name, message=str(error).encode(errors="replace").decode()[:MESSAGE_CHARACTERS])
