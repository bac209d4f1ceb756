"""Run records in memory."""

import secrets
from collections.abc import Collection
from copy import replace
from threading import Lock

from septet.core.errors import InputRejected
from septet.core.runs import RESTARTABLE, Page, Run, Status


class MemoryRuns:
    """A double of the run records."""

    def __init__(self) -> None:
        self._runs: dict[tuple[str, str], Run] = {}
        self.unsealed: dict[tuple[str, str], str] = {}
        """The marks of those that ``MemoryUnsealed`` lists."""
        self._lock = Lock()

    @property
    def records(self) -> dict[tuple[str, str], Run]:
        """All records, by tenant and run."""
        return self._runs

    def create(self, run: Run) -> Run:
        """Store *run* unless its id is taken."""
        with self._lock:
            if (run.tenant, run.run) not in self._runs:
                self.unsealed[run.tenant, run.run] = secrets.token_hex(8)
            return self._runs.setdefault((run.tenant, run.run), run)

    def get(self, tenant: str, run: str) -> Run | None:
        """The record."""
        return self._runs.get((tenant, run))

    def page(self, tenant: str, *, limit: int, cursor: str | None = None, status: str | None = None, submitter: str | None = None) -> Page:
        """At most *limit* runs, newest first."""
        with self._lock:
            found = [run for (owner, _), run in self._runs.items() if owner == tenant]
        found = [run for run in found if status in (None, run.status) and submitter in (None, run.submitter)]
        if cursor is not None:
            start = _position(cursor)
            found = [run for run in found if (run.created_at, run.run) < start]
        found.sort(key=lambda run: (run.created_at, run.run), reverse=True)
        runs = tuple(found[:limit])
        return Page(runs=runs, next=f"{runs[-1].created_at}#{runs[-1].run}" if len(found) > limit else None)

    def started(self, tenant: str, run: str, execution: str) -> None:
        """Note where the run executes; the first note stands."""
        with self._lock:
            record = self._runs[tenant, run]
            if record.status == "refused":
                record = replace(record, status="running", ended_at=None, error="", message="", sealed="")
                self.unsealed[tenant, run] = secrets.token_hex(8)
            self._runs[tenant, run] = replace(record, execution=record.execution or execution)

    def claim(self, tenant: str, run: str, execution: str, *, attempt: int = 0) -> bool:
        """Note where the attempt is about to execute, unless it was refused or has ended."""
        with self._lock:
            record = self._runs[tenant, run]
            if record.status != "running" or record.attempt != attempt:
                return False
            self._runs[tenant, run] = replace(record, execution=record.execution or execution, claimed=attempt)
            return True

    def take_back(self, run: Run, *, attempt: int) -> bool:
        """Let the record say how the run had ended before the attempt, unless that was claimed."""
        with self._lock:
            record = self._runs[run.tenant, run.run]
            if record.status != "running" or record.attempt != attempt or record.claimed == attempt:
                return False
            ended = replace(record, status=run.status, ended_at=run.ended_at, error=run.error, message=run.message)
            self._runs[run.tenant, run.run] = ended
            return True

    def restart(self, tenant: str, run: str, *, attempt: int, at: int, execution: str) -> bool:
        """Note that a run that has ended without success runs again."""
        with self._lock:
            record = self._runs.get((tenant, run))
            if record is None or record.status not in RESTARTABLE or record.attempt != attempt - 1:
                return False
            again = replace(record, status="running", attempt=attempt, restarted_at=at, execution=execution)
            self._runs[tenant, run] = replace(again, ended_at=None, error="", message="", sealed="", stopped="", kept=False)
            self.unsealed[tenant, run] = secrets.token_hex(8)
            return True

    def part(self, tenant: str, run: str, paths: Collection[str]) -> None:
        """Note branches besides ``main``."""
        with self._lock:
            if record := self._runs.get((tenant, run)):
                self._runs[tenant, run] = replace(record, paths=tuple(sorted({*record.paths, *paths})))

    def refuse(self, tenant: str, run: str, *, at: int, error: str, message: str) -> None:
        """Note that the run is not started."""
        with self._lock:
            record = self._runs[tenant, run]
            if record.status in ("running", "refused") and not record.execution:
                self._runs[tenant, run] = replace(record, status="refused", ended_at=at, error=error, message=message)

    def cancel(self, tenant: str, run: str, *, by: str, reason: str) -> Run | None:
        """Note that the run is to undo what it did; the first note stands."""
        with self._lock:
            record = self._runs.get((tenant, run))
            if record is None or record.status != "running" or record.kept or not record.admitted:
                return None
            if not record.cancelled_by:
                self._runs[tenant, run] = record = replace(record, cancelled_by=by, cancel_reason=reason)
            return record

    def keep(self, tenant: str, run: str, *, attempt: int) -> bool:
        """Note that what the run did is kept, unless it is cancelled."""
        with self._lock:
            record = self._runs.get((tenant, run))
            if record and record.cancelled_by:
                return False
            if record and record.status in ("running", "refused") and record.attempt == attempt:
                self._runs[tenant, run] = replace(record, kept=True)
            return True

    def stop(self, tenant: str, run: str, *, attempt: int, why: str) -> None:
        """Note who stopped the attempt and why; the first note stands."""
        with self._lock:
            record = self._runs.get((tenant, run))
            if record and record.status in ("running", "refused") and record.attempt == attempt:
                self._runs[tenant, run] = replace(record, stopped=record.stopped or why)

    def close(
        self, tenant: str, run: str, *, status: Status, ended_at: int, error: str = "", message: str = "", attempt: int | None = None
    ) -> bool:
        """Note how the run ended; the first note stands."""
        with self._lock:
            record = self._runs.get((tenant, run))
            if record is None or record.status not in ("running", "refused") or attempt not in (None, record.attempt):
                return False
            self._runs[tenant, run] = replace(record, status=status, ended_at=ended_at, error=error, message=message)
            return True


def _position(cursor: str) -> tuple[int, str]:
    created_at, _, run = cursor.partition("#")
    if not created_at.isdecimal() or not run:
        raise InputRejected("cursor is not one this API made: take it from next of the page before")
    return int(created_at), run
