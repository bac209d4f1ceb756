"""Budgets as people meet them: a tenant's limits and its day, changed by an administrator, and what one run may spend.

The journal has each change before it is applied, in a branch of the tenant's own that belongs to no run.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from septet.core.entries import Entry, LimitSet
from septet.core.errors import Fenced
from septet.core.journal import Branch, Pen, after
from septet.core.ledger import Account, Budgets, day, of_branch, of_run
from septet.core.money import dollars
from septet.core.runs import Run
from septet.integration.ports import Ports, Principal
from septet.integration.problems import Kind, Problem, invalid
from septet.integration.rights import ADMINS, READERS, require

HISTORY = "budget"
"""Stands for a run in the name of the branch that has a tenant's changes of limits; no run is called so."""
NAMES = ("day", "run", "usual")
"""A tenant's limits, each at most the one before it."""
ATTEMPTS = 5
"""To write a change while others write theirs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A tenant's limits and the account of its day."""

    limits: Budgets
    today: Account


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """What one run may spend, in micro-dollars."""

    limit: int
    """What it took from its tenant's day when it was opened."""
    spent: int
    reserved: int
    """Held for calls under way."""
    available: int
    """What it can still spend; nothing once it is closed, for the rest has gone back to its tenant's day."""


def history(tenant: str) -> Branch:
    """The branch with every change of the tenant's limits."""
    return Branch(tenant=tenant, run=HISTORY)


def standing(principal: Principal, ports: Ports) -> Standing:
    """The limits of the principal's tenant, and its day so far. Raises Problem ``FORBIDDEN`` without a role."""
    require(principal, READERS, "read the budget")
    limits = ports.ledger.budgets(principal.tenant)
    name = day(ports.clock())
    untouched = Account(tenant=principal.tenant, name=name, limit=limits.day, available=limits.day)
    return Standing(limits=limits, today=ports.ledger.account(principal.tenant, name) or untouched)


def change(wanted: Mapping[str, int], principal: Principal, ports: Ports) -> Standing:
    """Set the limits *wanted* (micro-dollars, by ``NAMES``), first in the journal, then in the ledger.

    Repeating it is safe, also after a crash between the two. Raises Problem: ``FORBIDDEN`` for whoever is no administrator, ``INVALID``
    for limits that do not fit each other, ``CONFLICT`` when others changed limits again and again in the meantime.
    """
    require(principal, ADMINS, "change a limit")
    for _ in range(ATTEMPTS):
        with suppress(Fenced):
            _write(wanted, principal, ports)
            break
    else:
        raise Problem(Kind.CONFLICT, "others are changing limits at this moment: look at them, and try again")
    _apply(principal.tenant, ports)
    return standing(principal, ports)


def share(run: Run, ports: Ports) -> Share | None:
    """What *run* may spend; None for one without an account. What its other branches got counts as reserved until they are closed."""
    whole = ports.ledger.account(run.tenant, of_run(run.run))
    if whole is None:
        return None
    main = ports.ledger.account(run.tenant, of_branch(run.run))
    live = [whole] if main is None or main.closed else [whole, main]
    spent, available = sum(account.spent for account in live), sum(account.available for account in live)
    return Share(limit=run.budget, spent=spent, reserved=whole.limit - spent - available, available=available)


def _write(wanted: Mapping[str, int], principal: Principal, ports: Ports) -> None:
    """Append an entry for each limit that changes. Raises Fenced when somebody else wrote first."""
    branch = history(principal.tenant)
    entries = tuple(ports.journal.read(branch))
    before = _said(entries, ports.ledger.budgets(principal.tenant))
    wished = replace(before, **wanted)
    _check(wished)
    pen = Pen(journal=ports.journal, branch=branch, clock=ports.clock, head=after(entries))
    for name in NAMES:
        old, new = getattr(before, name), getattr(wished, name)
        if old != new:
            pen.write(LimitSet(name=name, before=old, after=new, by=principal.subject))


def _check(wished: Budgets) -> None:
    for name, above, what in (("usual", "run", "a run's"), ("run", "day", "the day's")):
        amount, most = getattr(wished, name), getattr(wished, above)
        if amount > most:
            raise invalid(name, f"would be {dollars(amount)}, more than {what} limit of {dollars(most)}: change both")


def _apply(tenant: str, ports: Ports) -> None:
    """Set what the journal says, until it says nothing newer: of administrators at the same time, the journal's last has the last word."""
    applied: Budgets | None = None
    while (said := _said(ports.journal.read(history(tenant)), ports.ledger.budgets(tenant))) != applied:
        ports.ledger.set_budgets(tenant, said, now=ports.clock())
        applied = said


def _said(entries: Iterable[Entry], default: Budgets) -> Budgets:
    """The limits after *entries*; those that nobody ever set are *default*."""
    limits = default
    for entry in entries:
        if isinstance(entry.body, LimitSet):
            limits = replace(limits, **{entry.body.name: entry.body.after})
    return limits
