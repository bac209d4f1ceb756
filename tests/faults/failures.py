"""Where each failure ends: one run for each cell, tried, and what became of it."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from septet.core.journal import verify
from septet.integration.ports import Principal
from septet.integration.run_ids import keyed
from tests.desk import Desk, until
from tests.faults.boundaries import Faults
from tests.faults.cells import NAMED, Cell
from tests.faults.route import Lost, Route

IN_VAIN = 8
"""So many cells after each other that could not even be tried: then the twin is gone, or not well."""
SECOND_WIDTH = 3
"""At the same time, where what was wrong is tried once more."""


class TwinGone(RuntimeError):  # noqa: N818 -- read as a sentence where it is caught
    """Nothing can be tried any more."""


@dataclass(frozen=True, kw_only=True)
class End:
    """Where a run ended."""

    cell: Cell
    status: str
    """The record's, or ``hangs``, ``lost``, ``unnamed``, ``not reached``; ``not tried`` when the twin did not let it begin or be seen."""
    error: str
    """The run's own, when it failed."""
    last: str
    """The last state that called something."""
    seconds: float
    before: str = ""
    """What was wrong when it was tried before."""

    @property
    def wrong(self) -> bool:
        """Whether this must not be."""
        return self.status in ("hangs", "lost", "unnamed", "not reached", "not tried")

    @property
    def outcome(self) -> str:
        """Where it ended, in words."""
        if self.wrong:
            return f"**{self.status}** {self.error}".strip()
        if self.status == "failed":
            return "failed, under that name" if self.error == self.cell.error else f"failed as `{self.error}`"
        return f"{self.status}, last by *{self.last}*"


def entered(twin: Any, execution: str) -> list[tuple[str, str]]:
    """The states that an execution entered, in order, those of its maps and branches among them: what they are, as ``Task``, and names."""
    pages = twin.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=execution)
    events = [event for page in pages for event in page["events"] if "stateEnteredEventDetails" in event]
    return [(event["type"].removesuffix("StateEntered"), event["stateEnteredEventDetails"]["name"]) for event in events]


def seen(twin: Any, route: Route) -> frozenset[str]:
    """The states that *route* comes to. Raises AssertionError when its run does not end."""
    with Desk(twin=twin) as desk:
        run = start(desk, route, route.fail)
        route.accompany(desk, run)
        return frozenset(name for _, name in entered(twin, desk.run(run)["execution"]))


@cache
def secret(twin: Any) -> bytes:
    """By which the platform makes the ids of runs."""
    return bytes(twin.client("secretsmanager").get_secret_value(SecretId="septet-twin-ids")["SecretString"].encode())


def start(desk: Desk, route: Route, fail: Sequence[Mapping[str, Any]]) -> str:
    """Start a run of *route* for which *fail* is planned, and return its id."""
    key = uuid.uuid4().hex
    run = keyed(Principal(tenant=desk.tenant, subject=route.subject, roles=frozenset({"submitter"})), key, secret(desk.twin))
    Faults(endpoint=desk.twin.endpoint).plan(run, fail=fail)
    headers = desk.token(route.subject, "submitter") | {"Idempotency-Key": key}
    body = {"workflow": route.workflow, "input": {**route.input, **route.prepare(desk)}}

    def taken() -> bool | None:
        answer = desk.http.post("/v1/runs", json=body, headers=headers)
        assert answer.status_code == 202 or answer.status_code >= 429, answer.text
        return answer.status_code == 202 or None

    until(taken, what=f"the submission of {route.name}")
    return run


def tried(twin: Any, cell: Cell) -> End:
    """Run *cell*. Raises nothing: what prevents it is what became of it."""
    began = time.monotonic()

    try:
        with Desk(twin=twin, tenant=f"{cell.tenants}{uuid.uuid4().hex[:12]}") as desk:
            run = start(desk, cell.route, [cell.rule, *cell.route.fail])
            return followed(desk, cell, run, began)
    except Exception as error:  # noqa: BLE001 -- one cell's trouble must not end the others
        told = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}".replace("|", "/")
        return End(cell=cell, status="not tried", error=told, last="", seconds=time.monotonic() - began)


def followed(desk: Desk, cell: Cell, run: str, began: float) -> End:
    """Where *run*, in which *cell* is tried, ends. *began*: by the monotonic clock."""
    try:
        found = cell.route.accompany(desk, run)
    except AssertionError as error:
        status = "lost" if isinstance(error, Lost) else "hangs"
        return End(cell=cell, status=status, error=str(error), last="", seconds=time.monotonic() - began)
    return _end(desk, cell, run, found, time.monotonic() - began)


def _end(desk: Desk, cell: Cell, run: str, found: Mapping[str, Any], seconds: float) -> End:
    error = (found["failure"] or {}).get("class", "") if found["status"] != "succeeded" else ""
    states = entered(desk.twin, found["execution"])
    last = next((name for kind, name in reversed(states) if kind == "Task"), "")
    status = str(found["status"])
    entries = desk.journal(run)
    if unsound := verify(entries) if entries else ["nothing is in its journal"]:
        status, error = "lost", unsound[0]
    elif status == "failed" and error not in NAMED:
        status = "unnamed"
    elif cell.shown not in {name for _, name in states} or not Faults(endpoint=desk.twin.endpoint).crossed(run).errors:
        status = "not reached"
    return End(cell=cell, status=status, error=error, last=last, seconds=seconds)


def run(twin: Any, cells: Sequence[Cell], *, width: int, tell: Callable[[End], None], before: Mapping[str, str] | None = None) -> list[End]:
    """Try every cell, *width* at a time; the ends, in the cells' order. What is wrong is tried once more when the others are done.

    *tell* hears of every end, once at a time. *before*: what was wrong in earlier runs, by the cells' names. Raises TwinGone.
    """
    ends: dict[str, End] = {}
    again = dict(before or {})
    for width_now in (width, SECOND_WIDTH):
        todo = [cell for cell in cells if cell.name not in ends or ends[cell.name].wrong]
        again |= {name: end.outcome for name, end in ends.items() if end.wrong}
        for end in _side_by_side(twin, todo, width_now):
            ends[end.cell.name] = replace(end, before=again.get(end.cell.name, ""))
            tell(ends[end.cell.name])
    return [ends[cell.name] for cell in cells]


def _side_by_side(twin: Any, cells: Sequence[Cell], width: int) -> Any:
    vain = 0
    with ThreadPoolExecutor(width) as pool:
        doing = [pool.submit(tried, twin, cell) for cell in cells]
        try:
            for future in as_completed(doing):
                end = future.result()
                vain = vain + 1 if end.status == "not tried" else 0
                if vain >= IN_VAIN:
                    raise TwinGone(f"{vain} cells after each other could not be tried; the last: {end.error}")
                yield end
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # Ctrl-C begins nothing more
