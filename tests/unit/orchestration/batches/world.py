"""A batch over the doubles: what Step Functions' map does with a manifest, what runs do, and what is killed in between."""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from septet.core.entries import Answer, ModelCall, ModelReply
from septet.core.errors import BudgetExhausted, InputRejected, Overloaded, RunStopped
from septet.core.files import File, MediaType
from septet.core.journal import Branch, Pen, after
from septet.core.ledger import Budgets
from septet.integration.filing import Offer, offer
from septet.integration.ports import Declaration, Principal
from septet.integration.restarting import Wanted, restart
from septet.integration.submitting import Submission, submit
from septet.local.ledger import MemoryLedger
from septet.orchestration.batches.preparing import Prepared, Preparing
from septet.orchestration.batches.requests import Batch, requested
from septet.orchestration.batches.results import Counted, Writing
from septet.orchestration.batches.working import Ended, Task, Working
from septet.orchestration.following import follow
from tests.unit.integration.conftest import SUPPORT, Office, principal

BATCH = Declaration(
    description="Gives each row of a file to a workflow", input_schema={"type": "object", "properties": {}}, starts_runs=True
)
PLENTY = Budgets(day=10**15, run=10**12, usual=10**6)
COST = 700
"""Micro-dollars that each run of these tests spends."""
ENDS = (Overloaded, BudgetExhausted, InputRejected, RunStopped)
"""What the map's child catches."""


@dataclass
class World:
    """One batch of ann's."""

    office: Office = field(default_factory=lambda: Office(ledger=MemoryLedger(PLENTY)))
    who: Principal = field(default_factory=principal)
    run: str = ""
    some: int = 200
    """Rows that the last step looks up before it looks at the time."""
    refused: Counter[str] = field(default_factory=Counter)
    """Errors that children ended in."""

    def upload(self, content: bytes, media_type: MediaType = "text/csv", who: Principal | None = None) -> File:
        """A file of somebody's."""
        sha256 = hashlib.sha256(content).hexdigest()
        file = offer(Offer(name="rows", media_type=media_type, bytes=len(content), sha256=sha256), who or self.who, self.office.ports).file
        self.office.contents.held[file.tenant, file.place] = content
        return file

    def start(self, file: str, **asked: Any) -> None:
        """A batch of the file."""
        ports = self.ports
        self.run = submit(Submission(workflow="batch", input={"file": file, "workflow": "support", **asked}), self.who, ports).run

    @property
    def ports(self) -> Any:
        """The API's, which know a workflow ``batch`` too."""
        return replace(self.office.ports, declared={"support": SUPPORT, "batch": BATCH})

    @property
    def batch(self) -> Batch:
        """The batch as the steps read it."""
        return requested("acme", self.run, runs=self.office.runs, journal=self.office.journal)

    def prepare(self) -> Prepared:
        """The first step."""
        office = self.office
        declared = self.ports.declared
        return Preparing(files=office.files, contents=office.contents, rows=office.rows, declared=declared).prepare(self.batch)

    @property
    def ended(self) -> Ended:
        """Whoever follows the end of a row's run."""
        return Ended(rows=self.office.rows, waits=self.office.waits, executions=self.office.executions)

    def tasks(self) -> list[Task]:
        """The manifest, as Step Functions reads it."""
        text = self.office.contents.held["acme", f"{self.run}/map/rows.csv"].decode()
        found = csv.DictReader(io.StringIO(text))
        return [Task(number=int(row["row"]), start=int(row["from"]), end=int(row["to"]), token=f"token {row['row']}") for row in found]

    def work(self, task: Task) -> bool:
        """The step for one row, as its child calls it; whether the child waits now. What the child catches ends it."""
        try:
            Working(ports=self.ports, ended=self.ended).work(self.batch, task)
        except ENDS as error:
            self.refused[type(error).__name__] += 1
            return False
        return True

    def child(self, number: int) -> str:
        """The run that works on a row."""
        return str(next(row.run for row in self.office.rows.read("acme", self.run, after=number - 1, limit=1)))

    def end(self, run: str, status: Any = "succeeded", answer: Any = None, *, told: bool = True, **how: Any) -> None:
        """A row's run does its work, and ends; somebody hears of it, or nobody."""
        office, branch = self.office, Branch(tenant="acme", run=run)
        head = after(office.journal.read(branch))
        pen = Pen(journal=office.journal, branch=branch, clock=office.clock, head=head, agent="writer", turn="t")
        office.ledger.reserve(branch, 1, COST, until=office.clock.now + 9, settle={})
        pen.write(ModelCall(model="m", step=0, reserved=COST))
        pen.write(ModelReply(model="m", text="", calls=(), stop="end"), cost=COST)
        office.ledger.settle(branch, {1: COST})
        if status == "succeeded":
            pen.write(Answer(value={"text": f"answer of {run}"} if answer is None else answer))
        office.end(run, status, **how)
        if told:
            office.runs.close("acme", run, status=status, ended_at=office.clock.now, **how)
            office.ledger.close("acme", run)
            self.tell(run)

    def tell(self, run: str) -> None:
        """What close_run does at the end."""
        follow(self.office.runs.get("acme", run), [self.ended])

    def write(self, more: Callable[[], bool] = lambda: True) -> Counted | None:
        """The last step."""
        office = self.office
        return Writing(
            files=office.files,
            contents=office.contents,
            rows=office.rows,
            runs=office.runs,
            journal=office.journal,
            ledger=office.ledger,
            clock=office.clock,
            some=self.some,
        ).write(self.batch, more)

    def close(self, status: Any = "failed") -> None:
        """The batch's own run ends."""
        self.office.end(self.run, status)
        self.office.runs.close("acme", self.run, status=status, ended_at=self.office.clock.now)
        self.office.ledger.close("acme", self.run)

    def again(self) -> Batch:
        """It is started again."""
        restart(self.run, Wanted(), self.who, self.ports)
        return self.batch

    def results(self) -> list[dict[str, str]]:
        """The CSV with the results."""
        text = self.office.contents.held["acme", f"{self.run}/results.csv"].decode()
        return list(csv.DictReader(io.StringIO(text)))

    def runs(self) -> list[Any]:
        """The records of rows' runs."""
        return [run for run in self.office.runs.records.values() if run.parent == self.run]


def table(rows: Iterable[Iterable[Any]]) -> bytes:
    """A CSV."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()


def messages(count: int) -> bytes:
    """A CSV with as many messages."""
    return table([["id", "message"], *([f"A-{number}", f"where is order {number}?"] for number in range(1, count + 1))])
