"""Finding runs by what they came to: by workflow, error, agent and time, from their summaries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from septet.core.errors import InputRejected
from septet.core.runs import Run
from septet.core.summaries import ANY_WAY, END_OF_TIME, Summary, Wanted
from septet.integration import days, reading
from septet.integration.ports import Ports, Principal
from septet.integration.problems import Kind, Problem, Wrong
from septet.integration.reading import Listing
from septet.integration.rights import OVERSEERS, READERS, require, sees

_OPEN = ("running", "waiting")


@dataclass(frozen=True, kw_only=True, slots=True)
class Criteria:
    """What is looked for; what is empty is anything."""

    workflow: str = ""
    error: str = ""
    """Name of an error class."""
    kind: str = ""
    """Of failures."""
    agent: str = ""
    """That worked in it."""
    since: str = ""
    """The day (UTC) on which it ended, or a later one."""
    until: str = ""
    """The same, or an earlier one."""
    flagged: str = ""
    """In which way it was found to be unusual, or ``ANY_WAY``."""

    @property
    def any(self) -> bool:
        """Whether anything would do."""
        return self == Criteria()


def search(
    criteria: Criteria,
    principal: Principal,
    ports: Ports,
    *,
    limit: int,
    cursor: str | None = None,
    status: str | None = None,
    everybody: bool = False,
) -> Listing:
    """At most *limit* runs that the principal sees and that meet the *criteria*. A page may hold fewer and still have a next one.

    With a status of what has not ended, and for *everybody*, they are from the exact list of what runs: none of those has an error or an
    end. Otherwise they have ended, the latest first, as soon as what they came to is written. Without criteria it is ``reading.listing``.
    Raises Problem as that does, and ``INVALID`` for days that are none.
    """
    wanted = _wanted(criteria, principal, status)
    if criteria.any or everybody or status in _OPEN:
        found = reading.listing(principal, ports, limit=limit, cursor=cursor, status=status, everybody=everybody)
        known = _known((run for run, _ in found.runs), criteria, ports)
        runs = tuple((run, now) for run, now in found.runs if _open(run, criteria, known.get((run.tenant, run.run))))
        return Listing(runs=runs, next=found.next, flagged={key: one.flagged for key, one in known.items()})
    require(principal, READERS, "list runs")
    try:
        page = ports.summaries.page(principal.tenant, wanted, limit=limit, cursor=cursor)
    except InputRejected as error:
        wrong = Wrong(field="cursor", message="is not one this API made: take it from next of the page before")
        raise Problem(Kind.NOT_FOUND, "there is no page at this cursor", wrong) from error
    records = (ports.runs.get(one.tenant, one.run) for one in page.summaries)
    shown = (run for run in records if run and sees(principal, run) and status in (None, run.status))
    flagged = {(one.tenant, one.run): one.flagged for one in page.summaries}
    return Listing(runs=tuple((run, run.status) for run in shown), next=page.next, flagged=flagged)


def _wanted(criteria: Criteria, principal: Principal, status: str | None) -> Wanted:
    """What the principal may find of it."""
    return Wanted(
        since=days.begins(days.day("from", criteria.since)) if criteria.since else 0,
        until=days.ends(days.day("to", criteria.until)) if criteria.until else END_OF_TIME,
        workflow=criteria.workflow,
        error=criteria.error,
        kind=criteria.kind,
        agent=criteria.agent,
        status=status or "",
        submitter="" if principal.roles & OVERSEERS else principal.subject,
        flagged=criteria.flagged,
    )


def _known(runs: Iterable[Run], criteria: Criteria, ports: Ports) -> Mapping[tuple[str, str], Summary]:
    """What is known of *runs* that go on, by tenant and run; nothing where nobody asks for what only their summaries tell."""
    if not (criteria.agent or criteria.flagged):
        return {}
    found = ((run, ports.summaries.get(run.tenant, run.run)) for run in runs)
    return {(run.tenant, run.run): one for run, one in found if one}


def _open(run: Run, criteria: Criteria, known: Summary | None) -> bool:
    """Whether a run of a listing meets the criteria; who works in it, and whether it is unusual, is *known* from its summary."""
    if criteria.error or criteria.kind or criteria.since or criteria.until or criteria.workflow not in ("", run.workflow):
        return False
    agents, flagged = (known.agents, known.flagged) if known else ((), ())
    return criteria.agent in ("", *agents) and (criteria.flagged in ("", *flagged) or (criteria.flagged == ANY_WAY and bool(flagged)))
