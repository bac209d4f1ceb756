"""Making one allowed call: once for an effect, with a deadline, ending in a value or a named error."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from septet.core.errors import InputRejected, PolicyDenied, SeptetError, ToolTimedOut
from septet.core.journal import Clock
from septet.security.effects import Effect, Effects, effect_key
from septet.security.manifests import Manifest

ATTEMPTS = 2
"""How often a call that may be repeated is made when its process breaks."""
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
                return Done(value=self._attempt(manifest, arguments, caller, ""))
            return self._effect(manifest, arguments, caller)
        except ToolBroke as error:
            name = "EffectUnknown" if manifest.repeat == "once" else "ToolFailed"
            return Done(error=name, message=str(error))
        except ToolTimedOut as error:
            name = "EffectUnknown" if manifest.repeat == "once" else "ToolTimedOut"
            return Done(error=name, message=str(error))
        except SeptetError as error:
            return Done(error=type(error).__name__, message=str(error))

    def _effect(self, manifest: Manifest, arguments: Mapping[str, Any], caller: Caller) -> Done:
        key = effect_key(manifest, caller.run, arguments)
        again = manifest.repeat == "keyed"
        while True:
            now = self.clock()
            deadline = now + ATTEMPTS * manifest.timeout * 1000 + GRACE
            effect = Effect(tenant=caller.tenant, run=caller.run, key=key, tool=manifest.name, status="intended", deadline=deadline)
            standing = self.effects.intend(effect, now=now, again=again)
            if standing is None:
                break
            if standing.status == "done":
                return Done(value=standing.value, repeated=True)
            if standing.deadline <= now:
                return Done(error="EffectUnknown", message=f"{manifest.name} may have happened; it is not fired again")
            self.pause(min(500, standing.deadline - now))
        try:
            value = self._attempt(manifest, arguments, caller, key)
        except REFUSALS:
            self.effects.release(effect)
            raise
        self.effects.done(effect, value)
        return Done(value=value)

    def _attempt(self, manifest: Manifest, arguments: Mapping[str, Any], caller: Caller, key: str) -> Any:
        context = {"tenant": caller.tenant, "run": caller.run, "principal": caller.principal, "key": key}
        event = {"arguments": arguments, "context": context}
        for left in reversed(range(1 if manifest.repeat == "once" else ATTEMPTS)):
            try:
                return self.tools.call(manifest.name, event, timeout=manifest.timeout)
            except (ToolBroke, ToolTimedOut):
                if not left:
                    raise
        raise AssertionError("every attempt returns or raises")
