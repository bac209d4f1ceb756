"""One run with one fault: submitted, waited for, and looked at from every side."""

import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

from septet.core.journal import verify
from septet.integration.ports import Principal
from septet.integration.run_ids import keyed
from tests.desk import ENDED, Desk, plain, until
from tests.faults import books
from tests.faults.boundaries import Boundary, Crossed, Faults, Kill
from tests.faults.cases import Case

PATIENCE = 240
"""Seconds that a run with a fault may take; Lambda itself repeats an event that nobody answered only after a minute."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What came of a run."""

    case: Case
    kill: Kill | None
    wrong: tuple[str, ...]
    """What must not be, a sentence each."""
    extra_calls: int
    """Model calls billed beyond those needed."""
    retries: int
    """Attempts of tasks that failed."""
    seconds: float
    crossed: tuple[Boundary, ...]
    kills: int
    duels: int


def attempt(twin: Any, case: Case, *, kill: Kill | None = None, twice: bool = False, allowed: int = 0) -> Trial:
    """Run *case* with a fault. *allowed*: how many model calls may be repeated, because they were in flight; with *twice*, one a duel."""
    with Desk(twin=twin) as desk:
        return _Attempt(desk=desk, case=case, kill=kill, twice=twice, allowed=allowed).made()


def run_id(desk: Desk, case: Case, key: str) -> str:
    """The id that a run of *case* has, known before it is submitted under *key*."""
    secret = desk.twin.client("secretsmanager").get_secret_value(SecretId="septet-twin-ids")["SecretString"].encode()
    return keyed(Principal(tenant=desk.tenant, subject=case.subject, roles=frozenset({"submitter"})), key, secret)


def submit(desk: Desk, case: Case, key: str) -> None:
    """Ask until it is taken, as a client does whose connection breaks: the key makes it one run."""
    headers = desk.token(case.subject, "submitter") | {"Idempotency-Key": key}
    body = {"workflow": "support", "input": {"message": case.message}}

    def taken() -> bool | None:
        answer = desk.http.post("/v1/runs", json=body, headers=headers)
        assert answer.status_code == 202 or answer.is_server_error, answer.text
        return answer.status_code == 202 or None

    until(taken, what=f"the submission of {case.name}")


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    desk: Desk
    case: Case
    kill: Kill | None
    twice: bool
    allowed: int

    def made(self) -> Trial:
        desk, case = self.desk, self.case
        faults = Faults(endpoint=desk.twin.endpoint)
        key = uuid.uuid4().hex
        run = run_id(desk, case, key)
        faults.plan(run, kill=self.kill, twice=self.twice)
        began = time.monotonic()
        try:
            self._deliver(lambda: submit(desk, case, key))
            if self.case.approved:
                self._approve(run)
            until(lambda: desk.item("runs", run=run).get("status") in ENDED or None, seconds=PATIENCE, what=f"the end of {run}")
            seconds = time.monotonic() - began
            crossed = until(lambda: None if (found := faults.crossed(run)).under_way(self.kill) else found, what="the last answer")
        except AssertionError as error:
            crossed, seconds = faults.crossed(run), time.monotonic() - began
            return self._trial(run, crossed, seconds, wrong=(str(error),))
        return self._trial(run, crossed, seconds, wrong=tuple(self._wrong(run, crossed)))

    def _trial(self, run: str, crossed: Crossed, seconds: float, *, wrong: tuple[str, ...]) -> Trial:
        return Trial(
            case=self.case,
            kill=self.kill,
            wrong=wrong,
            extra_calls=self._billed(run).total() - len(self.case.calls),
            retries=self._retries(run),
            seconds=seconds,
            crossed=crossed.boundaries,
            kills=crossed.kills,
            duels=crossed.duels,
        )

    def _approve(self, run: str) -> None:
        question = self.desk.asked(run)["id"]

        def decided() -> bool | None:
            """Whether it is decided, now or by an earlier attempt whose answer was lost."""
            answer = self.desk.decide(question, "approve")
            assert answer.is_success or answer.status_code == httpx.codes.CONFLICT or answer.is_server_error, answer.text
            return not answer.is_server_error or None

        self._deliver(lambda: until(decided, what="the decision"))

    def _deliver(self, send: Callable[[], object]) -> None:
        """Send a request; with `twice`, two alike at the same time."""
        with ThreadPoolExecutor(2) as pool:
            for sent in [pool.submit(send) for _ in range(1 + self.twice)]:
                sent.result()

    def _wrong(self, run: str, crossed: Crossed) -> list[str]:
        wrong = [] if crossed.kills == (self.kill.times if self.kill else 0) else [f"{crossed.kills} processes were killed"]
        allowed = crossed.duels if self.twice else self.allowed
        return wrong + self._wrong_end(run) + self._wrong_calls(run, allowed) + self._wrong_payments(run) + books.wrong(self.desk, run)

    def _wrong_end(self, run: str) -> list[str]:
        found, entries = self.desk.run(run), self.desk.journal(run)
        wrong = verify(entries)
        if found["status"] != "succeeded":
            return [*wrong, f"it {found['status']}: {found.get('failure')}"]
        if found["answer"] != {"text": self.case.answer}:
            wrong.append(f"the answer is {found['answer']}")
        if tuple(found["path"]) != self.case.path:
            wrong.append(f"the path is {found['path']}")
        return wrong

    def _wrong_calls(self, run: str, allowed: int) -> list[str]:
        billed, needed = self._billed(run), self.case.calls
        wrong = [f"{agent} never asked its model for step {step}" for agent, step in needed if not billed[agent, step]]
        extra = billed.total() - len(needed)
        return wrong + ([f"{extra} model calls too many"] if extra > allowed else [])

    def _wrong_payments(self, run: str) -> list[str]:
        desk = self.desk
        paid = [(payment["order_id"], payment["amount_cents"]) for payment in desk.payments()]
        wrong = [] if paid == list(self.case.refunds.items()) else [f"paid was {paid}"]
        left = {order: desk.item("orders", order_id=order)["refundable_cents"] for order in self.case.refunds}
        wrong += [f"{cents} cents are left to refund of {order}" for order, cents in left.items() if cents]
        effects = [effect["status"] for effect in desk.effects(run)]
        return wrong if effects == ["done"] * len(self.case.refunds) else [*wrong, f"the effects are {effects}"]

    def _billed(self, run: str) -> Counter[tuple[str, int]]:
        """The model calls that were answered, by the model server's own record."""
        calls = plain().get(f"{self.desk.twin.doubles}/calls", params={"run": run, "outcome": "reply"}).raise_for_status().json()["calls"]
        return Counter((call["agent"], call["step"]) for call in calls)

    def _retries(self, run: str) -> int:
        execution = self.desk.item("runs", run=run).get("execution")
        if not execution:
            return 0
        pages = self.desk.twin.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=execution)
        return sum(event["type"] in {"TaskFailed", "TaskTimedOut"} for page in pages for event in page["events"])
