"""Why runs of a tenant did not succeed, as people ask for it: alike failures told together, with counts and examples."""

from dataclasses import dataclass
from datetime import date

from septet.core.summaries import Summary, Wanted, placed
from septet.integration import days
from septet.integration.ports import Ports, Principal
from septet.integration.rights import OVERSEERS, READERS, require
from septet.observability.failures import Group, grouped

READ = 20
"""Pages of summaries that are read for one answer."""
PAGE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Failures:
    """The failures of some days."""

    since: date
    """The first day (UTC)."""
    until: date
    """The last day."""
    groups: tuple[Group, ...]
    """The most frequent first."""
    counted_from: int | None
    """There were too many for one answer: those that ended before this moment are not counted. None when all are."""

    @property
    def count(self) -> int:
        """Of all groups."""
        return sum(group.count for group in self.groups)


def failures(since: str, until: str, workflow: str, principal: Principal, ports: Ports) -> Failures:
    """The failures that *principal* sees, of runs that ended on these days (ISO 8601, empty for the usual ones), of one *workflow* or all.

    Raises Problem: ``FORBIDDEN`` without a role, ``INVALID`` for days that are none, are in the wrong order or are too many.
    """
    require(principal, READERS, "see what failed")
    first, last = days.span(since, until, ports.clock())
    wanted = Wanted(
        since=max(0, days.begins(first)),
        until=max(0, days.ends(last)),
        workflow=workflow,
        submitter="" if principal.roles & OVERSEERS else principal.subject,
        failed=True,
    )
    found, cursor = _read(principal.tenant, wanted, ports)
    return Failures(since=first, until=last, groups=grouped(found), counted_from=None if cursor is None else placed(cursor)[0])


def _read(tenant: str, wanted: Wanted, ports: Ports) -> tuple[list[Summary], str | None]:
    """What is wanted, the latest first, and where there is more."""
    found: list[Summary] = []
    cursor: str | None = None
    for _ in range(READ):
        page = ports.summaries.page(tenant, wanted, limit=PAGE, cursor=cursor)
        found += page.summaries
        cursor = page.next
        if cursor is None:
            break
    return found, cursor
