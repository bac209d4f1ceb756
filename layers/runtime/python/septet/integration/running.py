"""What runs at this moment, in pages: from the ledger's exact lists, each run with its record."""

import re
from collections.abc import Iterable

from septet.core.errors import InputRejected
from septet.core.running import Open
from septet.core.runs import Page
from septet.integration.ports import Ports, Principal
from septet.integration.rights import sees

_CURSOR = re.compile(r"([0-9]{15})\.([A-Za-z0-9_-]{1,100})(?:\.(.{1,200}))?")


def page(principal: Principal, ports: Ports, *, limit: int, cursor: str | None) -> Page:
    """Those of the tenant's open runs that *principal* sees: of the *limit* after *cursor*, newest first. Raises InputRejected."""
    found = _page(ports.ledger.running(principal.tenant), ports, limit=limit, cursor=cursor)
    return Page(runs=tuple(run for run in found.runs if sees(principal, run)), next=found.next)


def everywhere(_: Principal, ports: Ports, *, limit: int, cursor: str | None) -> Page:
    """Every tenant's open runs, for who was found to operate the platform. Raises InputRejected."""
    opened = (one for tenant, load in ports.ledger.tenants().items() if load > 0 for one in ports.ledger.running(tenant))
    return _page(opened, ports, limit=limit, cursor=cursor)


def _page(found: Iterable[Open], ports: Ports, *, limit: int, cursor: str | None) -> Page:
    opened = sorted(found, key=_place, reverse=True)
    if cursor is not None:
        start = _decoded(cursor)
        opened = [one for one in opened if _place(one) < start]
    part = opened[:limit]
    records = (ports.runs.get(one.tenant, one.run) for one in part)
    return Page(
        runs=tuple(run for run in records if run and run.status == "running"),
        next="{:015d}.{}.{}".format(*_place(part[-1])) if len(opened) > limit else None,
    )


def _place(run: Open) -> tuple[int, str, str]:
    return run.since, run.run, run.tenant


def _decoded(cursor: str) -> tuple[int, str, str]:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise InputRejected("cursor is not one this API made: take it from next of the page before")
    return int(found[1]), found[2], found[3] or ""
