"""What runs have cost, as people ask for it: a tenant's records of some days, summed up by what they want to tell apart."""

import base64
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from septet.core.costs import Line, Spent
from septet.integration.days import span
from septet.integration.ports import Ports, Principal
from septet.integration.problems import Kind, Problem, Wrong
from septet.integration.rights import AUDITORS, require, require_platform

By = Literal["run", "agent", "workflow", "model", "day", "tenant"]
"""What sums can be told apart by."""
TENANTS = 50
"""That are looked at for one answer, at most."""
_POSITION = re.compile(
    r"(?P<place>(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})#[A-Za-z0-9_.-]{1,100}#[A-Za-z0-9_.~-]{1,100})?(?:/(?P<tenant>.{1,200}))?"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Which records, and how to sum them."""

    by: By
    limit: int
    """Records that are read."""
    since: str = ""
    """The first day (UTC, as in ISO 8601); empty for ``USUAL`` days."""
    until: str = ""
    """The last day; empty for today."""
    workflow: str = ""
    """Only this one's; empty for all."""
    cursor: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sum:
    """What several lines come to."""

    name: str
    """Of the run, agent, workflow, model, day or tenant."""
    cost: int = 0
    """Micro-dollars that the ledger settled."""
    estimated: int = 0
    """Micro-dollars beside them, by list prices."""
    endpoint: int = 0
    """Of those estimated, what calls took of instances that are paid by the hour."""
    calls: int = 0
    input: int = 0
    output: int = 0
    cached: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Some sums: those of the records that were read. What other pages say of the same names is to be added."""

    since: str
    until: str
    sums: tuple[Sum, ...]
    """The dearest first; days in their order."""
    total: Sum
    next: str | None
    """The cursor to go on with; None at the end."""


def asked(question: Question, principal: Principal, ports: Ports) -> Answer:
    """The answer for the principal's own tenant or, by tenant, for every one.

    Raises Problem: ``FORBIDDEN``, ``INVALID`` for days that are none, are in the wrong order or are too many, ``NOT_FOUND`` for a cursor
    that leads nowhere in them.
    """
    require(principal, AUDITORS, "see what runs have cost")
    if question.by == "tenant":
        require_platform(principal, ports.platform_tenant, "see what every tenant's runs have cost", roles=AUDITORS)
    first, last = span(question.since, question.until, ports.clock())
    since, until = first.isoformat(), last.isoformat()
    found, following = (_everybodys if question.by == "tenant" else _own)(question, principal, ports, since, until)
    wanted = [one for one in found if question.workflow in ("", one.workflow)]
    sums = summed(wanted, question.by)
    total = _sum("", (line for one in wanted for line in one.lines))
    return Answer(since=since, until=until, sums=sums, total=total, next=_encoded(following) if following else None)


def _own(question: Question, principal: Principal, ports: Ports, since: str, until: str) -> tuple[Sequence[Spent], str]:
    """Records of the principal's tenant, and where to go on; empty at the end."""
    _, after = _decoded(question.cursor, since, until, everybody=False)
    return ports.costs.page(principal.tenant, since=since, until=until, after=after, limit=question.limit)


def _everybodys(question: Question, _: Principal, ports: Ports, since: str, until: str) -> tuple[Sequence[Spent], str]:
    """The same of every tenant, one after another: of ``TENANTS`` of them at most."""
    begun, after = _decoded(question.cursor, since, until, everybody=True)
    found: list[Spent] = []
    for looked, tenant in enumerate(sorted(one for one in ports.ledger.tenants() if one >= begun)):
        if len(found) >= question.limit or looked == TENANTS:
            return found, f"/{tenant}"
        left, start = question.limit - len(found), after if tenant == begun else ""
        page, following = ports.costs.page(tenant, since=since, until=until, after=start, limit=left)
        found += page
        if following:
            return found, f"{following}/{tenant}"
    return found, ""


def summed(found: Sequence[Spent], by: By) -> tuple[Sum, ...]:
    """The sums of what was *found*. Adding up those of several parts by name is the same as summing all at once."""
    lines: dict[str, list[Line]] = defaultdict(list)
    for one in found:
        for line in one.lines:
            lines[_name(one, line, by)].append(line)
    sums = [_sum(name, of) for name, of in lines.items()]
    return tuple(sorted(sums, key=lambda one: (0 if by == "day" else -one.cost, one.name)))


def _name(one: Spent, line: Line, by: By) -> str:
    match by:
        case "run" | "workflow" | "day" | "tenant":
            found: str = getattr(one, by)
        case "agent" | "model":
            found = getattr(line, by)
    return found


def _sum(name: str, lines: Iterable[Line]) -> Sum:
    held = list(lines)
    return Sum(
        name=name,
        cost=sum(line.cost for line in held if not line.estimated),
        estimated=sum(line.cost for line in held if line.estimated) + sum(line.endpoint for line in held),
        endpoint=sum(line.endpoint for line in held),
        calls=sum(line.calls for line in held),
        input=sum(line.input for line in held),
        output=sum(line.output for line in held),
        cached=sum(line.cached for line in held),
    )


def _encoded(place: str) -> str:
    """A cursor reaches nothing beyond what may be asked for: a tenant is in it for those alone who see every one."""
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _decoded(cursor: str | None, since: str, until: str, *, everybody: bool) -> tuple[str, str]:
    """The tenant to go on with, where it is *everybody*'s, and the place after which."""
    if cursor is None:
        return "", ""
    try:
        found = _POSITION.fullmatch(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode())
    except ValueError:
        found = None
    fits = found is not None and (found["tenant"] is not None if everybody else found["tenant"] is None and found["place"] is not None)
    if found is None or not fits or not since <= (found["day"] or since) <= until:
        wrong = Wrong(field="cursor", message="is not one this API made for these days: take it from next of the page before")
        raise Problem(Kind.NOT_FOUND, "there is no page at this cursor", wrong)
    return found["tenant"] or "", found["place"] or ""
