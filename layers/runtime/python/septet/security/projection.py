"""What the gateway knows of a branch: a projection of its journal, extended by what was written since and never read twice."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from copy import replace
from dataclasses import dataclass, field
from typing import Any

from septet.core.entries import (
    Answer,
    ApprovalAsked,
    ApprovalEdited,
    Branched,
    Entry,
    Failure,
    HandOver,
    Heard,
    ModelCall,
    ModelReply,
    Planned,
    Recalled,
    Request,
    Resolved,
    Restarted,
    ToolIntent,
    ToolResult,
)
from septet.core.journal import MAIN, Branch, Head, Journal
from septet.core.labels import labelled
from septet.core.runs import Run
from septet.security.labels import Label, worst
from septet.security.manifests import Manifest
from septet.security.monitor import Decision, Monitor
from septet.security.plans import Plan, PlanWrong, plan
from septet.security.stored import rank

KEPT = 64
"""Branches whose projections a warm gateway keeps."""
EXTRACT = "extract"
"""The tool by which a turn says what a model without tools has read out."""
_STORED = "stored:"
"""Before the path of a label that came with an object, among the labels of an entry."""
_NOTHING = (ModelCall, ModelReply)
"""What half of the entries are, and tells a gateway nothing."""
_ENDS = (Answer, Failure, HandOver)
_ELSEWHERE = (Resolved, Heard, Recalled)
"""By which text comes in that no tool returned."""


@dataclass(kw_only=True, slots=True)
class Projection:
    """One branch up to ``last``."""

    manifests: Mapping[str, Manifest]
    monitor: Monitor
    branch: Callable[[str], Monitor]
    """The monitor of another branch of the run, as it is now."""
    joined: set[str] = field(default_factory=set)
    """Branches that were joined."""
    last: Entry | None = None
    asked: dict[tuple[str, str], int] = field(default_factory=dict)
    """Calls that a person was asked about, by turn and id, as the next two, each with when the question ends."""
    intended: dict[tuple[str, str], tuple[ToolIntent, Mapping[str, str]]] = field(default_factory=dict)
    """With where the arguments come from; only calls without a result."""
    edited: set[tuple[str, str]] = field(default_factory=set)
    """Calls that a person approved with other arguments."""
    finished: set[tuple[str, str]] = field(default_factory=set)
    effects: set[tuple[str, bytes]] = field(default_factory=set)
    """Effects that were intended, by tool and by which they are."""
    planned: str = ""
    """The turn that the monitor's plan is of."""
    plan: Any = None
    """As that turn committed to it."""

    @property
    def head(self) -> Head:
        """Where the branch goes on."""
        return Head(number=self.last.number + 1, hash=self.last.hash) if self.last else Head()

    def ends_at(self, head: Head) -> bool:
        """Whether the branch goes on at *head*."""
        last = self.last
        return head.number == last.number + 1 and head.hash == last.hash if last else head == Head()

    def decide(self, manifest: Manifest, arguments: Mapping[str, Any], *, agent: str, now: int) -> Decision:
        """What the monitor says of a call that *agent* wants to make."""
        return self.monitor.decide(manifest.name, arguments, now=now, agent=agent)

    def forbidden(self, manifest: Manifest, arguments: Mapping[str, Any], *, now: int) -> tuple[str, ...]:
        """Why the tenant's own policies forbid a call that undoes something; empty if they do not."""
        return self.monitor.forbidden(manifest.name, arguments, now=now)

    def acted(self, manifest: Manifest, arguments: Mapping[str, Any]) -> bool:
        """Whether the call is an effect that was intended before."""
        return (manifest.name, manifest.identified(arguments)) in self.effects

    def take(self, entry: Entry) -> None:
        """Take in the branch's next entry."""
        self.last = entry
        body = entry.body
        if isinstance(body, _NOTHING):
            return
        match body:
            case Request(input=given):
                self.monitor.request(given, entry.labels)
            case ApprovalAsked(call=call, expires_at=until):
                self.asked[entry.turn, call] = until
            case ApprovalEdited(call=call):
                self.edited.add((entry.turn, call))
            case ToolIntent() as intent:
                self._intend(entry, intent)
            case ToolResult() as result:
                self._finish(entry, result)
            case Planned() | Restarted():
                self._commit(entry, body)
            case _ if isinstance(body, _ELSEWHERE):
                self._told(entry, body)
            case _ if isinstance(body, _ENDS) and entry.turn == self.planned:
                self.monitor.release()

    def _commit(self, entry: Entry, body: Planned | Restarted) -> None:
        """A turn has planned, or goes on with its plan after the run had ended."""
        if isinstance(body, Planned):
            self.planned, self.plan = entry.turn, body.plan
        elif self.planned not in body.turns:
            return
        self.monitor.commit(self._plan(self.plan))

    def _told(self, entry: Entry, body: Resolved | Heard | Recalled) -> None:
        """Text has come in from outside; without a label it is the worst there is. What branches read and did counts from now on."""
        for path in body.paths if isinstance(body, Resolved) else ():
            if path not in self.joined:
                self.joined.add(path)
                self.monitor = self.monitor.joined(self.branch(path))
        self.monitor.told(max(Label.EXTERNAL, worst(map(rank, entry.labels.values())) if entry.labels else Label.UNKNOWN))

    def _plan(self, value: Any) -> Plan:
        """The plan in *value*; one that the tools of today do not take foresees nothing."""
        try:
            return plan(value, self.manifests, self.manifests)
        except PlanWrong:
            return Plan(steps=())

    def _intend(self, entry: Entry, intent: ToolIntent) -> None:
        self.intended[entry.turn, intent.call] = intent, entry.labels
        if tool := self.manifests.get(intent.tool):
            self.monitor.intended(tool.name, intent.arguments, entry.at)
            if intent.key:
                self.effects.add((tool.name, tool.identified(intent.arguments)))

    def _finish(self, entry: Entry, result: ToolResult) -> None:
        self.finished.add((entry.turn, result.call))
        intent, _ = self.intended.pop((entry.turn, result.call), (None, {}))
        if result.error:
            if intent:  # a call that was refused was never made, and the words are ours
                self.monitor.failed(result.tool)
            return
        if result.tool == EXTRACT and self.monitor.plan and isinstance(result.value, Mapping):
            self.monitor.plan.extracted(result.value.get("name", ""), result.value.get("value"))
        elif intent and result.tool in self.manifests:
            stored = {path.removeprefix(_STORED): rank(label) for path, label in entry.labels.items() if path.startswith(_STORED)}
            self.monitor.record(result.tool, intent.arguments, result.value, labels=stored, at=entry.at, number=entry.number)

    def labels(self, manifest: Manifest, value: Any, stored: Mapping[str, str]) -> dict[str, str]:
        """Where each field of a result comes from, for its entry: by the manifest, and by what was *stored* with what was read."""
        names = value if isinstance(value, Mapping) else {"value": value}
        kept = {path: rank(label) for path, label in stored.items()}
        floor = worst(kept.values())
        declared = manifest.output.fields
        own = {name: max(rank(declared[name].label), kept.get(name, kept.get("*", Label.CONSTANT))) for name in names if name in declared}
        said = labelled(names, {name: label.name.lower() for name, label in own.items()}, max(Label.EXTERNAL, floor).name.lower())
        return said | {_STORED + path: label for path, label in stored.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Projections:
    """The projections of the branches that were worked on last. A branch carries its tenant, and a chain's hash its whole past."""

    manifests: Mapping[str, Manifest]
    journal: Journal
    monitor: Callable[[Run], Monitor]
    """A monitor of a run that knows nothing yet."""
    _kept: OrderedDict[Branch, Projection] = field(default_factory=OrderedDict, init=False)

    def current(self, branch: Branch, run: Run) -> Projection:
        """The projection of *branch*, which is of *run*, as it is now, the caller's alone; ``keep`` gives it back."""
        known = self._kept.pop(branch, None)
        return (known and self._extended(known, branch)) or self._read(branch, run)

    def keep(self, branch: Branch, projection: Projection) -> None:
        """Keep *projection* for the next request."""
        self._kept[branch] = projection
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def _extended(self, known: Projection, branch: Branch) -> Projection | None:
        """*known* with what was written since; None when the branch is another than the one that was known."""
        last = known.last
        for entry in self.journal.read(branch, after=last.number if last else -1):
            if last and entry.previous != last.hash:
                return None
            known.take(entry)
            last = entry
        return known

    def _read(self, branch: Branch, run: Run) -> Projection:
        projection = self._begun(self._first(branch, run), branch, run)
        for entry in self.journal.read(branch):
            projection.take(entry)
        return projection

    def _begun(self, monitor: Monitor, branch: Branch, run: Run) -> Projection:
        def other(path: str) -> Monitor:
            beside = replace(branch, path=path)
            known = self.current(beside, run)
            self.keep(beside, known)
            return known.monitor

        return Projection(manifests=self.manifests, monitor=monitor, branch=other)

    def _first(self, branch: Branch, run: Run) -> Monitor:
        """What a branch knows before its first entry: ``main`` nothing, any other what ``main`` knew where the run parted."""
        if branch.path == MAIN:
            return self.monitor(run)
        main = replace(branch, path=MAIN)
        known = self._begun(self.monitor(run), main, run)
        for entry in self.journal.read(main):
            if isinstance(entry.body, Branched) and branch.path in entry.body.paths:
                break
            known.take(entry)
        return known.monitor.parted()
