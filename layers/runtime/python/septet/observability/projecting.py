"""The projector: takes what journals came to since it last looked, and tells it as spans, measures and records.

What a stream of changes brings is a doorbell: it says which branch to look at, and nothing else of it is used. The entries are read from
the journal, after the branch's own checkpoint, so a record that comes twice, late or out of order changes nothing, and one that never
comes is made up for by the next.

Of each portion, absolute figures are written, then spans exported, before the checkpoint is moved; both can be repeated. Measures are told
after it, by whoever moved it: those of a projector that is killed right there are lost, and none is ever told twice. A collector that takes
no spans holds the checkpoint up for a while: after some tries, or at once where it never will take them, the portion's place is put aside.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from copy import replace
from functools import partial
from itertools import islice
from typing import Any, Protocol

from septet.core.entries import Damaged, Entry
from septet.core.errors import Fenced, StoreUnavailable
from septet.core.frozen import frozen
from septet.core.journal import Branch, Clock, Journal
from septet.core.runs import Run, Runs
from septet.observability.measures import Measure, Meter
from septet.observability.places import Place
from septet.observability.progress import ENDS, Progress, Progresses
from septet.observability.spans import Exporter, Span, SpansRefused

PORTION = 500
"""Entries that are taken before a checkpoint is written."""
TRIES = 10
"""That spans are offered; then their place is put aside, and what comes after them goes on."""
Outputs = Sequence[Span | Measure]
Lost = tuple[str, str]
"""Where something stands that could not be told, and the reason."""
_REASON = 200
"""Characters."""
_log = logging.getLogger(__name__)


class Projection(Protocol):
    """A fold over a branch's entries. A module with these functions is one; its state is small, and JSON can say it."""

    def take(self, state: Any, place: Place, entry: Entry) -> tuple[Any, Outputs]:
        """The state after *entry*, and what is to be told because of it."""
        ...

    def ended(self, states: Mapping[str, Any], run: Run, told: int) -> Outputs:
        """What is to be told because the present attempt of *run* ended; *states* has what each of its branches came to, by path.

        *told* is the first attempt whose end was not told yet: one that was followed by another at once may have been missed.
        """
        ...

    def to_json(self, state: Any) -> Any:
        """The state as JSON types."""
        ...

    def from_json(self, value: Any) -> Any:
        """What ``to_json`` was given; of None, the state before the first entry."""
        ...


class Keeper(Protocol):
    """Writes what a projection came to, as figures that replace the ones before."""

    def keep(self, place: Place, state: Any) -> None:
        """Write what a branch came to. Raises StoreUnavailable."""
        ...

    def close(self, run: Run, states: Mapping[str, Any]) -> None:
        """Write what a run came to that has ended; *states* by path. Raises StoreUnavailable."""
        ...


class Aside(Protocol):
    """Where what cannot be projected is put, for somebody to look at."""

    def put(self, body: str, reason: str) -> None:
        """Keep *body*, with the *reason*. Raises StoreUnavailable."""
        ...


Shows = Callable[[Branch, Sequence[Span]], Sequence[Span]]
"""Spans of a branch's run, with what else is told of them. Raises StoreUnavailable."""


def _bare(_: Branch, spans: Sequence[Span]) -> Sequence[Span]:
    """Nothing else."""
    return spans


@frozen
class Part:
    """A projection, and what writes its figures."""

    projection: Projection
    keeper: Keeper | None = None


@frozen
class Projector:
    """What projects with: the *parts* by name, which is the name of their state in a checkpoint."""

    journal: Journal
    """Read with gaps: what was erased or damaged is an entry that says so."""
    runs: Runs
    progresses: Progresses
    parts: Mapping[str, Part]
    exporter: Exporter
    meter: Meter
    aside: Aside
    clock: Clock
    shows: Shows = _bare
    """Adds content to spans, for tenants that want it there."""

    def project(self, tenant: str, run: str, path: str = "") -> int:
        """Take what is new in a branch, or without *path* what is new in a run that may have ended, and return how many entries that was.

        A run that is unknown or never began has nothing, nor has a branch that its record does not name. Raises StoreUnavailable when
        something cannot be reached: then it is tried again.
        """
        record = self.runs.get(tenant, run)
        if record is None:
            return 0
        if path:
            if path not in record.branches:
                return 0  # if it is named later, the end takes it
            return self._branch(Place(run=record, path=path))[1]
        return self._end(record) if record.status not in ("running", "refused") else 0

    def lose(self, what: str, reason: str) -> None:
        """Put aside *what* cannot be projected, with the *reason*, and count it. Raises StoreUnavailable."""
        self.aside.put(what, reason)
        self.meter.tell([Measure(metric="ProjectionPoison", value=1, dimensions={}, at=self.clock())])

    def _branch(self, place: Place) -> tuple[Progress, int]:
        """What the branch came to, and how many entries were new."""
        taken = 0
        if place.run.attempt:
            run = place.run
            ends = Branch(tenant=run.tenant, run=run.run, path=ENDS)
            place = replace(place, told=self.progresses.get(ends).next)
        while True:
            before = self.progresses.get(place.branch)
            progress, states, found, lost = self._portion(place, before)
            if progress.next == before.next:
                return before, taken
            stretch = {"from": before.next, "to": progress.next - 1}
            for name, part in self.parts.items():
                if part.keeper:
                    lost += _wrote(partial(part.keeper.keep, place, states[name]), _placed(place.branch, projection=name, **stretch))
            found += self._tell(place.branch, before, progress.next, found, lost)
            try:
                self.progresses.keep(place.branch, progress, before=before)
            except Fenced:
                continue  # somebody else has taken it, and tells its measures
            taken += progress.next - before.next
            self.meter.tell([one for one in found if isinstance(one, Measure)])
            if progress.next - before.next < PORTION:
                return progress, taken  # read to the end; what was written since rings by itself

    def _portion(self, place: Place, before: Progress) -> tuple[Progress, Mapping[str, Any], list[Span | Measure], list[Lost]]:
        """The next entries: what the branch then came to, as checkpoint and states, what to tell, and what was lost with its reasons."""
        states = {name: part.projection.from_json(before.states.get(name)) for name, part in self.parts.items()}
        found: list[Span | Measure] = []
        lost: list[Lost] = []
        following, now = before.next, self.clock()
        for entry in islice(self.journal.read(place.branch, after=before.next - 1), PORTION):
            following = entry.number + 1
            if isinstance(entry.body, Damaged):
                lost.append((_placed(place.branch, projection="all", number=entry.number), "what is stored is no entry"))
            else:
                found.append(Measure(metric="ProjectionLag", value=max(0, now - entry.at), dimensions={}, at=now))
            for name, part in self.parts.items():
                try:
                    states[name], told = part.projection.take(states[name], place, entry)
                except Exception as error:  # noqa: BLE001 -- one entry that a projection cannot take does not keep it from the others
                    lost.append((_placed(place.branch, projection=name, number=entry.number), type(error).__name__))
                else:
                    found += told
        after = {name: part.projection.to_json(states[name]) for name, part in self.parts.items()}
        return Progress(next=following, states=after), states, found, lost

    def _tell(self, branch: Branch, before: Progress, until: int, found: Outputs, lost: Sequence[Lost]) -> list[Measure]:
        """Tell what may be told twice, of the entries from *before* on to the one before *until*; measures of what was put aside."""
        aside = [*lost, *self._export(branch, before, until, [one for one in found if isinstance(one, Span)])]
        for body, reason in aside:
            self.aside.put(body, reason)
        return [Measure(metric="ProjectionPoison", value=1, dimensions={}, at=self.clock()) for _ in aside]

    def _export(self, branch: Branch, before: Progress, until: int, spans: Sequence[Span]) -> list[Lost]:
        """Have *spans* taken; what to put aside instead. Raises StoreUnavailable when it is to be tried again."""
        try:
            if spans:
                self.exporter.export(self._shown(branch, spans))
        except Exception as error:
            tries = before.tries + 1
            if isinstance(error, StoreUnavailable) and not isinstance(error, SpansRefused) and tries < TRIES:
                with suppress(Fenced):  # somebody else got further meanwhile
                    self.progresses.keep(branch, replace(before, tries=tries), before=before)
                raise
            _log.exception("%d spans are given up after %d tries", len(spans), tries)
            place = _placed(branch, projection="spans", **{"from": before.next, "to": until - 1})
            return [(place, f"{type(error).__name__}: {error}"[:_REASON])]
        return []

    def _shown(self, branch: Branch, spans: Sequence[Span]) -> Sequence[Span]:
        """*spans* with their content; without, where it cannot be made: they are told all the same. Raises StoreUnavailable."""
        try:
            return self.shows(branch, spans)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 -- its text may be content
            _log.warning("the content of %d spans is left out: %s", len(spans), type(error).__name__)
            return spans

    def _end(self, run: Run) -> int:
        """Catch up with all branches of a run that has ended, then tell its end, once for each attempt.

        An attempt that nobody has claimed never ran: a restart that was refused raises the number, and ends nothing.
        """
        standing = {path: self._branch(Place(run=run, path=path)) for path in run.branches}
        taken = sum(count for _, count in standing.values())
        run = replace(run, attempt=max(0, min(run.claimed, run.attempt)))
        ends = Branch(tenant=run.tenant, run=run.run, path=ENDS)
        before = self.progresses.get(ends)
        if before.next > run.attempt:
            return taken
        found: list[Span | Measure] = []
        lost: list[Lost] = []
        for name, part in self.parts.items():
            states = {path: part.projection.from_json(progress.states.get(name)) for path, (progress, _) in standing.items()}
            where = _placed(ends, projection=name, attempt=run.attempt)
            try:
                found += part.projection.ended(states, run, before.next)
            except Exception as error:  # noqa: BLE001 -- an end that a projection cannot tell does not keep it from the others
                lost.append((where, type(error).__name__))
            if part.keeper:
                lost += _wrote(partial(part.keeper.close, run, states), where)
        found += self._tell(ends, before, run.attempt + 1, found, lost)
        try:
            self.progresses.keep(ends, Progress(next=run.attempt + 1), before=before)
        except Fenced:
            return taken
        self.meter.tell([one for one in found if isinstance(one, Measure)])
        return taken


def _wrote(write: Callable[[], None], where: str) -> list[Lost]:
    """What is lost when *write* is done. Raises StoreUnavailable, for that passes; figures that cannot be written hold nobody else up."""
    try:
        write()
    except StoreUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 -- it would be the same again
        return [(where, type(error).__name__)]
    return []


def _placed(branch: Branch, *, projection: str, **where: int) -> str:
    """Where in a branch something could not be told, and what of it, for whoever looks."""
    place = {"tenant": branch.tenant, "run": branch.run, "path": branch.path, **where, "projection": projection}
    return json.dumps(place, separators=(",", ":"))
