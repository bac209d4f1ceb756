"""Marking what a stop covers: afterwards no reservation and no intent of it is accepted, which is what acknowledging a stop means."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from septet.core.errors import InputRejected
from septet.core.journal import Clock
from septet.core.ledger import Ledger
from septet.core.running import Open
from septet.core.runs import Runs
from septet.core.stopping import StopOrder, StoppedRun, StopRecords, stop_id

AT_ONCE = 8
"""Runs that are marked at the same time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Marker:
    """Finds what a stop covers, and marks it."""

    ledger: Ledger
    runs: Runs
    records: StopRecords
    clock: Clock
    at_once: int = AT_ONCE

    def mark(self, order: StopOrder, more: Callable[[], bool], known: Iterable[tuple[str, str]] = ()) -> bool:
        """Mark every run that *order* covers, besides the *known* ones; False when there was no time for all.

        What runs is listed until nothing new is found: a run may start another until it is marked itself. Whether the stop was lifted is
        looked at after listing, so nothing is marked that was let in after that; what is lifted was acknowledged before. Of what
        is finished nothing is left: whatever is listed then is on its way in, sees the stop by itself, and is not let in.
        """
        marked = set(known)
        with ThreadPoolExecutor(self.at_once) as pool:
            while found := [one for one in self._covered(order) if (one.tenant, one.run) not in marked]:
                now = self.records.get(order.tenant, order.stop)
                if now and (now.lifted_at is not None or now.finished_at is not None):
                    return True
                if not all(pool.map(partial(self._mark, order, more), found)):
                    return False
                marked |= {(one.tenant, one.run) for one in found}
        return True

    def _mark(self, order: StopOrder, more: Callable[[], bool], one: Open) -> bool:
        """Note the run, so that its end will be told whatever happens now, then mark it; False when there was no time for it."""
        if not more():
            return False
        covered = StoppedRun(
            tenant=one.tenant,
            run=one.run,
            workflow=one.workflow,
            parent=one.parent,
            attempt=one.attempt,
            since=one.since,
            found_at=self.clock(),
        )
        self.records.cover(order, covered)
        try:
            if order.scope == "agent":
                self.ledger.halt(one.tenant, one.run, order.name, order.why, attempt=one.attempt)
            else:
                self.ledger.stop(one.tenant, one.run, order.why, attempt=one.attempt)
        except InputRejected:
            return True  # it has no account: it can spend nothing
        return True

    def _covered(self, order: StopOrder) -> Iterator[Open]:
        if order.lifted_at is not None:
            return
        if order.scope == "platform":
            for tenant, running in self.ledger.tenants().items():
                if running:
                    yield from self.ledger.running(tenant)
        elif order.scope == "run":
            yield from self._tree(order)
        else:
            yield from self.ledger.running(order.tenant)

    def _tree(self, order: StopOrder) -> Iterator[Open]:
        """The run and those that it started, and those they started; none when it was restarted since.

        Its record is marked before what runs is listed: whoever is about to let it in lists it and then reads the record, so one of the
        two sees the other. A run that nobody has let in so far is covered as well, until its record says how it ended.
        """
        record = self.runs.get(order.tenant, order.name)
        if record:
            if stop_id(record.tenant, "run", record.run, record.attempt) != order.stop:
                return
            if not record.stopped:
                self.runs.stop(record.tenant, record.run, attempt=record.attempt, why=order.why)
        running = {one.run: one for one in self.ledger.running(order.tenant)}
        if record and record.status == "running" and record.run not in running:
            since = record.restarted_at or record.created_at
            yield Open(
                tenant=record.tenant,
                run=record.run,
                workflow=record.workflow,
                parent=record.parent,
                since=since,
                attempt=record.attempt,
            )
        for one in running.values():
            if order.name in self._line(one, running):
                yield one

    def _line(self, one: Open, running: Mapping[str, Open]) -> Iterator[str]:
        """The run, the one that started it, and so on. One that has ended is no longer listed: its record says who started it."""
        name, parent = one.run, one.parent
        seen = set()
        while name and name not in seen:
            yield name
            seen.add(name)
            name = parent
            if above := running.get(name):
                parent = above.parent
            else:
                record = self.runs.get(one.tenant, name) if name else None
                parent = record.parent if record else ""
