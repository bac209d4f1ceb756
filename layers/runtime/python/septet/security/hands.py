"""Making allowed calls: an effect once, whoever asks for it, and however often."""

import secrets
from collections.abc import Callable
from copy import replace

from septet.core.errors import RunCancelled, SeptetError
from septet.core.frozen import frozen, maker
from septet.core.journal import Clock
from septet.core.runs import Run
from septet.security.calls import ATTEMPTS, REFUSALS, REFUSED_PAUSES, Call, Done, Line, ToolNotRun, Tools, Unfinished, ended, kept
from septet.security.effects import Effect, Effects, again_key, effect_key

GRACE = 2_000
"""Milliseconds a caller may take beyond what its attempts do."""
LOOK = 500
"""Milliseconds between two looks at an effect that somebody else is at."""
_line = maker(Line)


@frozen
class Hands:
    """Performs allowed calls through the ports it is given."""

    tools: Tools
    effects: Effects
    clock: Clock
    pause: Callable[[int], None]
    """Waits for some milliseconds."""

    @property
    def line(self) -> Line:
        """How tools are called."""
        return _line(tools=self.tools, clock=self.clock, pause=self.pause)

    def perform(self, call: Call) -> Done:
        """Make the call, once if it is an effect. What the tool does is in what is returned.

        Raises RunStopped, AgentStopped or InputRejected when no effect may be begun, RunCancelled when this run has undone it, Unfinished
        when time is over, and what the effects table raises.
        """
        if call.manifest.repeat != "none":
            return self._effect(call)
        try:
            return kept(call.manifest, self.line.attempts(call, call.event(""), call.until))
        except Unfinished:
            raise
        except SeptetError as error:
            return ended(call.manifest, error)

    def _effect(self, call: Call) -> Done:
        """Go on until the effect is done, by us or by others, or nobody can say more."""
        key, over, broken = call.key or effect_key(call.manifest, call.lineage, call.arguments), None, 0
        while True:
            intent = self._intent(call, key)
            standing = self.effects.intend(call.branch, intent, over=over, agent=call.agent)
            if standing is None:
                if end := self._fire(call, intent):
                    return end
                standing, broken = intent, broken + 1
            over = self._awaited(call, standing)
            if over is None:
                continue
            if over.status == "undone":
                key, over = _again(call, over), None
                continue
            if over.status == "done":
                return replace(kept(call.manifest, over.value), repeated=True)
            if call.manifest.repeat == "keyed":
                continue
            if end := self.reconciled(call, over):
                return replace(end, repeated=not end.error and over.by != intent.by)
            if broken == ATTEMPTS:
                self.effects.release(over)
                return Done(error="ToolFailed", message=f"{call.manifest.name} broke {ATTEMPTS} times, and nothing has happened")

    def standing(self, run: Run, key: str) -> Effect | None:
        """The record that *run* meets under *key*: past those that other runs of its lineage made and undid."""
        while (found := self.effects.get(run.tenant, run.lineage, key)) and found.status == "undone" and found.maker != run.run:
            key = again_key(key)
        return found

    def _intent(self, call: Call, key: str) -> Effect:
        attempts = 1 if call.manifest.repeat == "once" else ATTEMPTS
        return Effect(
            tenant=call.branch.tenant,
            run=call.lineage,
            key=key,
            tool=call.manifest.name,
            status="intended",
            deadline=self.clock() + attempts * (call.longest + REFUSED_PAUSES) + GRACE,
            by=secrets.token_hex(8),
            by_run=call.branch.run,
        )

    def _fire(self, call: Call, intent: Effect) -> Done | None:
        """Call the tool for *intent*, which is ours; None when it broke and the tool can be asked what became of it."""
        once, line = call.manifest.repeat == "once", self.line
        attempt = line.attempt if once else line.attempts
        try:
            value = attempt(call, call.event(intent.key), min(call.until, intent.deadline))
        except Unfinished:
            self.effects.release(intent)
            raise
        except (*REFUSALS, ToolNotRun) as nothing:
            self.effects.release(intent)
            return ended(call.manifest, nothing)
        except SeptetError as error:
            return None if once and call.manifest.reconcile else ended(call.manifest, error)
        end = kept(call.manifest, value)
        self.effects.done(intent, end.told)
        return end

    def _awaited(self, call: Call, standing: Effect) -> Effect | None:
        """The record once nobody can be at it: done, or past its deadline; None when it was released. Raises Unfinished when late."""
        found: Effect | None = standing
        while found and found.status == "intended" and (left := found.deadline - (now := self.clock())) > 0:
            if now >= call.until:
                raise Unfinished(f"somebody may still be at {call.manifest.name}")
            self.pause(min(LOOK, left))
            found = self.effects.get(found.tenant, found.run, found.key)
        return found

    def reconciled(self, call: Call, standing: Effect) -> Done | None:
        """What the tool's reconcile function says of *standing*, which nobody is at: how it ended, or None when it did not happen."""
        unknown = Done(error="EffectUnknown", message=f"{call.manifest.name} may have happened; it is not fired again")
        if not call.manifest.reconcile:
            return unknown
        try:
            told = self.line.attempts(call, call.event(standing.key, of="reconcile"), call.until)
        except Unfinished:
            raise
        except SeptetError:
            return unknown
        match told:
            case {"happened": True, "value": value}:
                end = kept(call.manifest, value)
                self.effects.done(standing, end.told)
                return end
            case {"happened": False}:
                return None
        return unknown


def _again(call: Call, undone: Effect) -> str:
    """The key for *call* past an effect that another run made and undid: nothing of it stands. Raises RunCancelled for its own run's."""
    if undone.maker == call.branch.run:
        raise RunCancelled(f"{call.manifest.name} was undone: this run does nothing more")
    return again_key(undone.key)
