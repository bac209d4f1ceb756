"""The last step of a batch: what became of each row is counted, and written as a file.

The map says that it succeeded whatever failed, so nothing is taken from it: each row is looked up, with its run, the run's answer and its
account. A call of the step does as many rows as it has time for and keeps them as a segment; the call that finds all of them done joins the
segments. A segment is named after its first row, so whatever was broken off is written again over itself.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from copy import replace
from itertools import batched
from typing import Any

from septet.core.canonical import canonical
from septet.core.entries import Answer
from septet.core.files import Contents, File, Files
from septet.core.frozen import frozen
from septet.core.journal import Branch, Clock, Journal, Pen, after
from septet.core.ledger import Ledger, of_branch, of_run
from septet.core.rows import Plan, Row, Rows
from septet.core.runs import Run, Runs
from septet.orchestration.batches import places
from septet.orchestration.batches.requests import Batch
from septet.orchestration.batches.tables import COLUMNS, Measured, csv_row, lines

SOME = 200
"""Rows that are looked up before the time is looked at."""
SEGMENT = 4 * 1024 * 1024
"""Bytes after which a segment is kept."""
AT_ONCE = 8


@frozen
class Counted:
    """What became of a batch."""

    rows: int
    succeeded: int
    failed: int
    """All others, also those that nobody finished."""
    tolerated: int
    files: Mapping[str, str]
    """Ids, by the names of ``places.RESULTS``."""


@frozen
class Writing:
    """What the step works with."""

    files: Files
    contents: Contents
    rows: Rows
    runs: Runs
    journal: Journal
    """Reads an entry whose body was erased as one with the body Erased."""
    ledger: Ledger
    clock: Clock
    some: int = SOME

    def write(self, batch: Batch, more: Callable[[], bool]) -> Counted | None:
        """Do what there is *more* time for, and return the counts once all is done. None: it has to be called again."""
        tenant, run = batch.run.tenant, batch.run.run
        plan = self.rows.plan(tenant, run) or Plan(rows=0, tolerated=0)
        while plan.following <= plan.rows:
            plan = self._segment(batch, plan, more)
            self.rows.keep(tenant, run, plan)
            if not more():
                return None
        counts, files = self._joined(batch, plan)
        counted = Counted(
            rows=plan.rows, succeeded=counts["succeeded"], failed=plan.rows - counts["succeeded"], tolerated=plan.tolerated, files=files
        )
        self._answer(batch, counted, counts)
        return counted

    def _segment(self, batch: Batch, plan: Plan, more: Callable[[], bool]) -> Plan:
        """Write one more segment, of some rows at least, and return the plan after it."""
        tenant, run = batch.run.tenant, batch.run.run
        size, following = 0, plan.following
        with (
            self.contents.writing(tenant, places.segment(run, plan.following)) as out,
            ThreadPoolExecutor(AT_ONCE) as pool,
        ):
            for some in batched(self._keyed(batch, plan), self.some, strict=False):
                for line in pool.map(lambda one: canonical(self._line(batch, *one)) + b"\n", some):
                    out.write(line)
                    size += len(line)
                following += len(some)
                if size >= SEGMENT or not more():
                    break
        return replace(plan, segments=(*plan.segments, plan.following), following=following)

    def _keyed(self, batch: Batch, plan: Plan) -> Iterator[tuple[Row, str]]:
        """Every row from the one that follows on, with its key; the key of a row that was rejected is not known."""
        tenant, run = batch.run.tenant, batch.run.run
        noted = self._noted(batch, plan.following - 1)
        keys = self._keys(self.contents.read(tenant, places.inputs(run)))
        row, keyed = next(noted, None), next(keys, None)
        for number in range(plan.following, plan.rows + 1):
            while row and row.number < number:
                row = next(noted, None)
            while keyed and keyed[0] < number:
                keyed = next(keys, None)
            held = row if row and row.number == number else Row(number=number, status="unfinished")
            yield held, keyed[1] if keyed and keyed[0] == number else ""

    def _noted(self, batch: Batch, last: int) -> Iterator[Row]:
        while found := self.rows.read(batch.run.tenant, batch.run.run, after=last):
            yield from found
            last = found[-1].number

    def _keys(self, pieces: Iterator[bytes]) -> Iterator[tuple[int, str]]:
        for line in lines(pieces):
            said = json.loads(line)
            yield said["row"], said["key"]

    def _line(self, batch: Batch, row: Row, key: str) -> dict[str, Any]:
        """What is told of a row: of its run, what its record, its journal and its account say now."""
        tenant = batch.run.tenant
        record = self.runs.get(tenant, row.run) if row.run else None
        status = "unfinished" if row.status == "running" else row.status
        if record and record.status != "running":
            status = record.status
        return {
            "row": row.number,
            "key": key,
            "run": row.run if record else "",
            "status": status,
            "error": (record.error if record else "") or row.error,
            "message": (record.message if record else "") or row.message,
            "answer": self._answered(Branch(tenant=tenant, run=row.run)) if status == "succeeded" else None,
            "cost_microdollars": self._cost(record) if record else 0,
        }

    def _cost(self, run: Run) -> int:
        """What the run spent, also while its accounts are not closed."""
        names = [of_run(run.run), *(of_branch(run.run, path) for path in run.branches)]
        accounts = [account for name in names if (account := self.ledger.account(run.tenant, name))]
        whole = accounts[:1]
        return sum(account.spent for account in (whole if whole and whole[0].closed else (one for one in accounts if not one.closed)))

    def _answered(self, branch: Branch) -> Any:
        answers = [entry.body.value for entry in self.journal.read(branch) if isinstance(entry.body, Answer)]
        return answers[-1] if answers else None

    def _joined(self, batch: Batch, plan: Plan) -> tuple[Counter[str], dict[str, str]]:
        """Join the segments to the files, count what is in them, and note the files."""
        tenant, run = batch.run.tenant, batch.run.run
        counts: Counter[str] = Counter()
        with ExitStack() as stack:
            outs = {name: Measured(stack.enter_context(self.contents.writing(tenant, places.result(run, name)))) for name in places.RESULTS}
            outs["results.csv"].write(csv_row(COLUMNS))
            for first in plan.segments:
                for line in lines(self.contents.read(tenant, places.segment(run, first))):
                    said = json.loads(line)
                    counts[said["status"]] += 1
                    outs["results.jsonl"].write(line + b"\n")
                    outs["results.csv"].write(csv_row(said[column] for column in COLUMNS))
        return counts, {name: self._filed(batch, name, out) for name, out in outs.items()}

    def _filed(self, batch: Batch, name: str, out: Measured) -> str:
        tenant, run = batch.run.tenant, batch.run.run
        file = "fil-" + hashlib.sha256(canonical([tenant, run, name])).hexdigest()[:32]
        self.files.put(
            File(
                tenant=tenant,
                file=file,
                name=f"{run}-{name}",
                media_type=places.RESULTS[name],
                bytes=out.size,
                sha256=out.sums.hexdigest(),
                owner=batch.run.submitter,
                created_at=self.clock(),
                place=places.result(run, name),
                runs=(run,),
            )
        )
        return file

    def _answer(self, batch: Batch, counted: Counted, counts: Counter[str]) -> None:
        """Write the counts into the batch's journal, unless they are there: a step that was killed after it had is called again."""
        value = {"rows": counted.rows, **{name: counts[name] for name in sorted(counts)}, "files": dict(counted.files)}
        entries = list(self.journal.read(batch.branch))
        if isinstance(entries[-1].body, Answer) and entries[-1].body.value == value:
            return
        Pen(journal=self.journal, branch=batch.branch, clock=self.clock, head=after(entries)).write(Answer(value=value))
