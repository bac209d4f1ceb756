"""One way through a workflow: what is asked, what fails on the way, and what people say."""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from septet.aws.items import values
from tests.desk import ENDED, Desk, plain, until

PATIENCE = 240
"""Seconds that a run may take in which every retry is taken; longer is taken for hanging."""

CLOSING = 90
"""Seconds after the end of an execution in which its event is to close the run's record: Lambda may have to repeat it, after a minute."""
RARELY = 2
"""The record is read that often before it is looked what the run waits for."""


class Lost(AssertionError):  # noqa: N818 -- what the run is
    """An execution has ended, and nothing has closed the record of its run."""


@dataclass(kw_only=True)
class Closing:
    """Sees that a record is closed once its execution has ended. It asks Step Functions and never the API, whose reading closes records."""

    executions: Any
    """The client of Step Functions."""
    clock: Callable[[], float]
    since: float | None = None
    """When the execution was first seen to have ended."""

    def look(self, record: Mapping[str, Any]) -> None:
        """Look at a run whose *record* is open. Raises Lost when its execution has ended for `CLOSING` seconds."""
        if self.since is None:
            known = record.get("execution")
            over = known and self.executions.describe_execution(executionArn=known)["status"] != "RUNNING"
            self.since = self.clock() if over else None
        elif self.clock() - self.since > CLOSING:
            raise Lost(f"its execution has ended, and {CLOSING} s later its record is {record.get('status')!r}")


def nothing(_: Desk) -> Mapping[str, Any]:
    """The tenant has all that it needs."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Route:
    """One run, and what people say to it."""

    name: str
    workflow: str
    input: Mapping[str, Any]
    subject: str = "customer-17"
    prepare: Callable[[Desk], Mapping[str, Any]] = nothing
    """Gives the tenant what the run needs, and returns what it adds to the input."""
    fail: Sequence[Mapping[str, Any]] = ()
    """What fails on the way, as the plug-in's plans say: it leads to the states that take over."""
    answers: Mapping[str, Any] = field(default_factory=dict)
    """What is answered to inquiries, by their names; others are left to expire."""
    expires: bool = False
    """Whether it goes on only when an inquiry has expired, which takes days unless the machine is in a hurry."""
    cancelled: str = ""
    """The name of the inquiry at which somebody cancels the run instead of answering."""
    tries: Sequence[str] = ()
    """States whose failures are tried on this way, though others come there first."""
    scripts: Sequence[Mapping[str, Any]] = ()
    """Scenarios for the model server, where those that the twin ships do not come here."""

    def play(self, doubles: str) -> None:
        """Give the model server the scripts."""
        for script in self.scripts:
            name = re.sub(r"\W+", "-", script["scenario"])
            plain().put(f"{doubles}/scenarios/{name}", content=json.dumps(script)).raise_for_status()

    def accompany(self, desk: Desk, run: str, *, clock: Callable[[], float] = time.monotonic) -> dict[str, Any]:
        """Approve and answer whatever *run* waits for until its record is closed, and return its report.

        Raises Lost when its execution has ended and nothing closes the record; AssertionError when it does not end.
        """
        done: set[str] = set()
        looks = count()
        closing = Closing(executions=desk.twin.client("stepfunctions"), clock=clock)

        def ended() -> dict[str, Any] | None:
            record = desk.item("runs", run=run)
            if record.get("status") in ENDED:
                return desk.run(run)
            if next(looks) % RARELY == 0:
                closing.look(record)
                self._answer(desk, run)
                for asked in _open(desk, "approvals", run):
                    if asked["approval"] not in done and desk.decide(asked["approval"], "approve").is_success:
                        done.add(asked["approval"])
            return None

        return until(ended, seconds=PATIENCE, what=f"the end of {run}")

    def _answer(self, desk: Desk, run: str) -> None:
        """Answer what is asked, as far as answers are given, or cancel."""
        if not self.answers and not self.cancelled:
            return
        for asked in _open(desk, "inquiries", run):
            who = desk.token("night-shift", "operator")
            if asked["name"] == self.cancelled:
                desk.http.post(f"/v1/runs/{run}/cancel", json={"reason": "the customer left"}, headers=who)
            elif asked["name"] in self.answers:
                desk.http.post(f"/v1/inquiries/{asked['inquiry']}", json={"answer": self.answers[asked["name"]]}, headers=who)


def _open(desk: Desk, table: str, run: str) -> list[dict[str, Any]]:
    """What *run* asks people and nobody has answered, read from the table itself: asking the API takes a function's time each time."""
    found = desk.twin.client("dynamodb").query(
        TableName=f"{desk.twin.prefix}-{table}",
        KeyConditionExpression="tenant = :tenant",
        ExpressionAttributeValues={":tenant": {"S": desk.tenant}},
        ConsistentRead=True,
    )
    asked = [values(item) for item in found["Items"]]
    return [one for one in asked if one["run"] == run and one["status"] in ("pending", "open")]


def failing(function: str, error: str, *, holding: str = "") -> dict[str, Any]:
    """A rule by which *function*, as ``agent-refunds``, always ends in *error*."""
    rule = {"function": f"septet-twin-{function}", "error": error}
    return rule | ({"holding": holding} if holding else {})
