"""Erasing content: of a run, of what a person submitted, or of a whole tenant. The order is journaled, then it is done, a slice a request.

Hashes, digests, times, costs and names stay, so chain and seals verify as before. A request does as much as it has time for; who asks goes
on with what it answers, and repeating an erasure that broke off finishes it.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from septet.core.entries import ErasureOrdered
from septet.core.errors import Fenced, InputRejected
from septet.core.journal import Branch, Head, Pen
from septet.core.runs import Run
from septet.integration import run_ids
from septet.integration.ending import settled
from septet.integration.ports import Ports, Principal
from septet.integration.problems import Kind, Problem
from septet.integration.rights import ADMINS, AUDITORS, require

RECORD = "erasures"
"""Stands for a run in the name of the branch that has a tenant's erasures; no run is called so."""
SLICE = 10
"""Runs that one request looks at."""
ATTEMPTS = 5
"""To write an order while others write theirs."""
LINGERS = 15 * 60 * 1000
"""Milliseconds for which a function of a run that did not end by itself may still be writing: the longest that one lives."""
NAME = re.compile(r"ers-[0-9a-f]{16}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What is to be erased."""

    of: Literal["run", "person", "tenant"]
    subject: str
    """The run; the subject of the tokens that submitted the runs; or the principal's own tenant, by its name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """What a request did."""

    erasure: str
    erased: tuple[str, ...]
    """Runs whose content is gone now."""
    kept: Mapping[str, str]
    """Why a run was not erased: do it again later."""
    more: bool
    """Whether there is more to do."""
    next: str | None
    """The cursor to go on with; None at the beginning."""


def record(tenant: str) -> Branch:
    """The branch with every erasure that was ordered for the tenant."""
    return Branch(tenant=tenant, run=RECORD)


def settled_for_good(run: Run, now: int) -> bool:
    """Whether nobody writes into the run's journal any more."""
    if run.status == "running" or run.ended_at is None:
        return False
    return run.status in ("succeeded", "refused") or now - run.ended_at >= LINGERS


def erase(wanted: Wanted, principal: Principal, ports: Ports, *, erasure: str = "", cursor: str | None = None) -> Progress:
    """Erase a slice of what is *wanted*. A run that goes on is kept.

    Raises Problem: ``FORBIDDEN`` for whoever is no administrator, ``NOT_FOUND`` for a run there is not, another tenant, or a cursor
    that leads nowhere, ``CONFLICT`` when others order erasures again and again at this moment.
    """
    require(principal, ADMINS, "erase content")
    if wanted.of == "tenant" and wanted.subject != principal.tenant:
        raise Problem(Kind.NOT_FOUND, f"you have no such tenant: yours is {principal.tenant}")
    runs, following = _slice(wanted, principal.tenant, ports, cursor)
    now = ports.clock()
    ready = [run.run for run in runs if run.erased_at is None and settled_for_good(run, now)]
    kept = {run.run: _why(run) for run in runs if run.erased_at is None and run.run not in ready}
    name = erasure if NAME.fullmatch(erasure) else f"ers-{secrets.token_hex(8)}"
    if ready:
        _order(
            ErasureOrdered(erasure=name, of=wanted.of, subject=wanted.subject, runs=tuple(ready), by=principal.subject), principal, ports
        )
    left = set(ports.eraser.erase(principal.tenant, ready)) if ready else set()
    erased = tuple(run for run in ready if run not in left)
    if wanted.of != "run" and following is None and not left:
        ports.eraser.erase_files(principal.tenant, wanted.subject if wanted.of == "person" else "")
    return Progress(
        erasure=name,
        erased=erased,
        kept=kept,
        more=bool(left) or following is not None,
        next=cursor if left else following,
    )


def orders(principal: Principal) -> Branch:
    """The branch with the erasures of the principal's tenant, for who may read it. Raises Problem ``FORBIDDEN``."""
    require(principal, AUDITORS, "read which erasures were ordered")
    return record(principal.tenant)


def _slice(wanted: Wanted, tenant: str, ports: Ports, cursor: str | None) -> tuple[Sequence[Run], str | None]:
    """Some of the runs, as they stand, and where to go on."""
    if wanted.of == "run":
        run = ports.runs.get(tenant, wanted.subject) if re.fullmatch(run_ids.PATTERN, wanted.subject) else None
        if run is None:
            raise Problem(Kind.NOT_FOUND, f"there is no run {wanted.subject}")
        return [settled(run, ports.runs, ports.workflows, ports.clock)], None
    try:
        page = ports.runs.page(tenant, limit=SLICE, cursor=cursor, submitter=wanted.subject if wanted.of == "person" else None)
    except InputRejected as error:
        raise Problem(Kind.NOT_FOUND, "there is nothing at this cursor: take it from next of the answer before") from error
    return [settled(run, ports.runs, ports.workflows, ports.clock) for run in page.runs], page.next


def _why(run: Run) -> str:
    return "it is running" if run.status == "running" else "it ended moments ago, and something may still be written into it"


def _order(order: ErasureOrdered, principal: Principal, ports: Ports) -> None:
    branch = record(principal.tenant)
    for _ in range(ATTEMPTS):
        last = ports.heads.last(branch)
        head = Head(number=last[0] + 1, hash=last[1]) if last else Head()
        with suppress(Fenced):
            Pen(journal=ports.journal, branch=branch, clock=ports.clock, head=head).write(order)
            return
    raise Problem(Kind.CONFLICT, "others are ordering erasures at this moment: try again")
