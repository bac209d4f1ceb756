"""Undoing what a run did: each of its effects, the newest first, by the call that its tool declares for that, once; or named as not undone.

What the journal says of a run's effects is where to look; whether one happened, the effects table alone decides. Neither arguments nor
tools are anybody's word: they follow from the record of the effect and from the manifest.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import replace
from typing import Any, Literal

from septet.core.entries import Body, Entry, ToolIntent, ToolResult
from septet.core.errors import EffectUnknown, InputRejected, NotUndone, PolicyDenied
from septet.core.frozen import frozen
from septet.core.journal import MAIN, Branch, Pen
from septet.core.runs import Run
from septet.security.calls import Call, Done, Unfinished, kept
from septet.security.desk import House
from septet.security.effects import Effect, undo_key
from septet.security.manifests import Manifest
from septet.security.projection import Projection

TURN = "undo"
"""The turn of what is written here; no agent writes it, for its entries have none."""
TRIES = 3
"""Of a call that is to undo something and fails."""
_NEVER = (EffectUnknown.__name__, PolicyDenied.__name__, InputRejected.__name__)
"""Errors after which another try would be blind, or the same."""


@frozen
class Deed:
    """An effect of a run, as its journal tells of it."""

    tool: str
    arguments: Mapping[str, Any]
    key: str
    path: str
    """The branch that it is in, and the number of its intent there."""
    number: int
    at: int
    """When it ended, or began."""

    @property
    def place(self) -> str:
        """Where a person finds it."""
        return f"entry {self.number}" if self.path == MAIN else f"entry {self.number} of {self.path}"


@frozen
class Undone:
    """How far it is."""

    outcome: Literal["undone", "again", "unsettled"]
    """``again``: more is to be done, in another request; ``unsettled``: at the end something stays done."""
    undone: int
    named: int
    """Effects of which the journal says that they stay done, and why."""


def deeds(branches: Mapping[str, Sequence[Entry]]) -> list[Deed]:
    """The effects that agents began in *branches*, the newest end first, each once, however often it was asked for.

    Of a fork, also those that it copied, and those of its origin whose record it met: whose an effect is, its record says.
    """
    found: dict[str, Deed] = {}
    ended: set[str] = set()
    for path, entries in branches.items():
        begun: dict[tuple[str, str], str] = {}
        for entry in entries:
            match entry.body:
                case ToolIntent(key=key) as intent if key and entry.agent:
                    begun[entry.turn, intent.call] = key
                    found.setdefault(key, _deed(intent, path, entry))
                case ToolResult(call=call, error="") if (key := begun.get((entry.turn, call), "")) and key not in ended:
                    ended.add(key)
                    found[key] = replace(found[key], at=entry.at)
    return sorted(found.values(), key=lambda deed: (deed.at, deed.path, deed.number), reverse=True)


def _deed(intent: ToolIntent, path: str, entry: Entry) -> Deed:
    return Deed(tool=intent.tool, arguments=intent.arguments, key=intent.key, path=path, number=entry.number, at=entry.at)


@frozen
class _Tried:
    """What the journal has of undoing one effect."""

    failed: int = 0
    intended: bool = False
    """Begun, and its maker was gone before the result."""
    settled: str = ""
    """``undone`` or ``named``."""


def tried(entries: Iterable[Entry]) -> dict[str, _Tried]:
    """By an effect's key, what was written here about undoing it."""
    found: dict[str, _Tried] = {}
    for entry in entries:
        if entry.agent or entry.turn != TURN:
            continue
        match entry.body:
            case ToolIntent(call=call):
                found[_of(call)] = replace(found.get(_of(call), _Tried()), intended=True)
            case ToolResult(call=call, error=error):
                was = found.get(_of(call), _Tried())
                settled = {"": "undone", NotUndone.__name__: "named"}.get(error, "")
                found[_of(call)] = replace(was, failed=was.failed + bool(error), intended=False, settled=settled)
    return found


def unsettled(entries: Sequence[Entry]) -> list[str]:
    """What of a run stays done, by the *entries* of its branch ``main``: what undoing has named, and what it did not come to.

    Of the latter the journal cannot say whether it happened: undoing would have looked at the record.
    """
    ends = tried(entries)
    left = (deed for deed in deeds({MAIN: entries}) if deed.key not in ends or not ends[deed.key].settled)
    named = [one.body.message for one in entries if isinstance(one.body, ToolResult) and one.body.error == NotUndone.__name__]
    return [*named, *(f"{deed.tool} ({deed.place}) may stay done: undoing did not come to its end" for deed in left)]


def _call_id(key: str, failed: int) -> str:
    return f"undo-{key}-{failed + 1}"


def _of(call: str) -> str:
    """The key of the effect that the call *call* is to undo."""
    return call.split("-")[1]


@frozen
class Undoer:
    """One request to undo being worked on, in the branch ``main`` of a run."""

    house: House
    run: Run
    branch: Branch
    pen: Pen
    known: Projection
    until: int

    def work(self, found: Sequence[Deed], before: Mapping[str, _Tried]) -> Undone:
        """Undo what can be, in order, as far as time goes. One that fails is tried again in another request, and what is older waits."""
        ends = {deed.key: before[deed.key].settled for deed in found if deed.key in before}
        for deed in found:
            if ends.get(deed.key):
                continue
            try:
                ends[deed.key] = self._undo(deed, before.get(deed.key, _Tried()))
            except Unfinished:
                ends[deed.key] = "again"
            if ends[deed.key] == "again":
                return self._told("again", ends)
        return self._told("unsettled" if "named" in ends.values() else "undone", ends)

    def _told(self, outcome: Literal["undone", "again", "unsettled"], ends: Mapping[str, str]) -> Undone:
        values = list(ends.values())
        return Undone(outcome=outcome, undone=values.count("undone"), named=values.count("named"))

    def _undo(self, deed: Deed, was: _Tried) -> str:
        """``undone``, ``named``, ``again``, or ``nothing`` where nothing has happened."""
        manifest = self.house.manifests.get(deed.tool)
        standing = self.house.hands.standing(self.run, deed.key)
        if standing is None or standing.maker != self.run.run:
            return "nothing"  # refused, or released: it provably did not happen; or another run of the lineage made it, and keeps it
        if manifest is None or manifest.compensation is None:
            return self._name(deed, was, f"{deed.tool} declares no way to undo it")
        if standing.status == "intended":
            end = self._looked(deed, manifest, standing)
            if end is None:
                return "nothing"
            if end.error:
                return self._name(deed, was, "it may or may not have happened, so it is not undone blindly")
            standing = replace(standing, value=end.told)
        return self._compensate(deed, was, manifest, standing)

    def _looked(self, deed: Deed, manifest: Manifest, standing: Effect) -> Done | None:
        """How an effect ended that nobody wrote the end of, as far as its tool can tell; None when it did not happen.

        Raises Unfinished while somebody may still be at it.
        """
        if standing.deadline > self.pen.clock():
            raise Unfinished(f"somebody may still be at {deed.tool}")
        return self.house.hands.reconciled(self._call(manifest, deed.arguments), standing)

    def _compensate(self, deed: Deed, was: _Tried, manifest: Manifest, standing: Effect) -> str:
        declared, value, key = manifest.compensation, kept(manifest, standing.value).value, undo_key(standing.key)
        undoing = self.house.manifests.get(declared.tool) if declared else None
        arguments = filled(declared.arguments, deed.arguments, value) if declared else None
        if undoing is None or arguments is None:
            return self._name(deed, was, "its result lacks what undoing it takes, or there is no such tool any more")
        if wrong := self.house.check(undoing, arguments):
            return self._name(deed, was, f"{undoing.name} does not take what its record says: {wrong}")
        if not was.intended:
            if forbidden := self.known.forbidden(undoing, arguments, now=self.pen.clock()):
                return self._name(deed, was, f"the tenant's policies forbid {undoing.name}: {'; '.join(forbidden)}")
            reasons = (f"undoes {deed.tool} ({deed.place})",)
            self._write(ToolIntent(call=_call_id(deed.key, was.failed), tool=undoing.name, arguments=arguments, key=key, reasons=reasons))
        end = self.house.hands.perform(replace(self._call(undoing, arguments), key=key))
        if not end.error:
            self.house.hands.effects.undone(standing)  # before the journal says so: whoever asks for it from now on meets nothing
        return self._ended(deed, was, undoing, end)

    def _ended(self, deed: Deed, was: _Tried, undoing: Manifest, end: Done) -> str:
        if end.error and (end.error in _NEVER or was.failed + 1 >= TRIES):
            return self._name(deed, was, f"{undoing.name} ended with {end.error}: {end.message}")
        result = ToolResult(
            call=_call_id(deed.key, was.failed),
            tool=undoing.name,
            value=end.value,
            error=end.error,
            message=end.message,
            repeated=end.repeated,
        )
        self._write(result, {} if end.error else self.known.labels(undoing, end.value, end.labels))
        return "again" if end.error else "undone"

    def _name(self, deed: Deed, was: _Tried, why: str) -> str:
        message = f"{deed.tool} ({deed.place}) stays done: {why}"
        self._write(ToolResult(call=_call_id(deed.key, was.failed), tool=deed.tool, error=NotUndone.__name__, message=message))
        return "named"

    def _call(self, manifest: Manifest, arguments: Mapping[str, Any]) -> Call:
        run, until = self.run, self.until
        return Call(manifest=manifest, arguments=arguments, branch=self.branch, origin=run.origin, principal=run.submitter, until=until)

    def _write(self, body: Body, labels: Mapping[str, str] | None = None) -> None:
        self.known.take(self.pen.write(body, labels=labels))


def filled(paths: Mapping[str, str], arguments: Mapping[str, Any], result: Any) -> dict[str, Any] | None:
    """The arguments of a call that undoes another, each from its path in that one's *arguments* or *result*; None when one is not there."""
    found: dict[str, Any] = {}
    for name, path in paths.items():
        first, *rest = path.split(".")
        value: Any = arguments if first == "arguments" else result
        for part in rest:
            if not isinstance(value, Mapping) or part not in value:
                return None
            value = value[part]
        found[name] = value
    return found
