"""Inquiries as those who are asked meet them: listed, read and answered."""

import logging
from copy import replace
from typing import Any

from septet.core.canonical import canonical, unfit, whole
from septet.core.inquiries import Inquiry, Status
from septet.core.runs import Run
from septet.integration.delivering import deliver
from septet.integration.inputs import misfits
from septet.integration.ports import Ports, Principal
from septet.integration.problems import Kind, Problem, invalid
from septet.integration.rights import require

ANSWERERS = frozenset({"responder", "operator", "admin"})
"""Roles that may answer; which of them, the inquiry says."""
WATCHERS = frozenset({"operator", "auditor", "admin"})
"""Roles that see every inquiry of their tenant."""
ANSWER_BYTES = 64 * 1024
"""Of an answer."""
_log = logging.getLogger(__name__)


def answerers(inquiry: Inquiry) -> frozenset[str]:
    """The roles that may answer *inquiry*."""
    return frozenset({"admin", *inquiry.roles}) & ANSWERERS


def status_at(inquiry: Inquiry, now: int) -> Status:
    """The status that people are shown: a question whose time has passed is expired, also before anybody wrote that down."""
    return "expired" if inquiry.status == "open" and now >= inquiry.expires_at else inquiry.status


def shown(inquiry: Inquiry, run: Run | None) -> Inquiry:
    """*inquiry* as people see it: one that is open in a *run* which is cancelled is cancelled, in one that has ended it has expired.

    Nothing is written: should the run be restarted, it may be open once more.
    """
    if inquiry.status != "open":
        return inquiry
    if run and run.cancelled_by and not inquiry.afterwards:
        return replace(inquiry, status="cancelled", by=run.cancelled_by)
    return inquiry if run and run.status == "running" else replace(inquiry, status="expired")


def listed(principal: Principal, ports: Ports, *, status: str | None = None) -> tuple[Inquiry, ...]:
    """The inquiries that the principal sees, newest question first. Raises Problem ``FORBIDDEN`` without a role."""
    require(principal, ANSWERERS | WATCHERS, "list inquiries")
    now = ports.clock()
    seen = [one for one in ports.inquiries.listed(principal.tenant) if _sees(principal, one)]
    runs = {run: ports.runs.get(principal.tenant, run) for run in {one.run for one in seen if one.status == "open"}}
    found = (shown(one, runs[one.run]) if one.status == "open" else one for one in seen)
    return tuple(one for one in found if status in (None, status_at(one, now)))


def found(inquiry: str, principal: Principal, ports: Ports) -> Inquiry:
    """The inquiry. Raises Problem ``FORBIDDEN`` without a role, ``NOT_FOUND`` also for one that is none of the principal's business."""
    require(principal, ANSWERERS | WATCHERS, "see an inquiry")
    standing = ports.inquiries.get(principal.tenant, inquiry)
    if standing is None or not _sees(principal, standing):
        raise Problem(Kind.NOT_FOUND, f"there is no inquiry {inquiry}")
    return shown(standing, ports.runs.get(standing.tenant, standing.run))


def answer(inquiry: str, value: Any, principal: Principal, ports: Ports) -> Inquiry:
    """Write the answer, then tell the execution that waits. When telling fails, the outbox tells it later. The same again is no error.

    Raises Problem: ``FORBIDDEN`` without a role that this inquiry names, ``NOT_FOUND``, ``INVALID`` for an answer that is not as the
    inquiry wants it, ``CONFLICT`` when it was answered otherwise, has expired, or its run was cancelled or has ended.
    """
    require(principal, ANSWERERS, "answer an inquiry")
    standing = found(inquiry, principal, ports)
    require(principal, answerers(standing), "answer this inquiry")
    given = _checked(standing, value)
    if standing.status == "open":
        standing = _written(standing, given, principal.subject, ports)
    if not _holds(standing, given, principal.subject):
        raise Problem(Kind.CONFLICT, _late(standing))
    _tell(standing, ports)
    return standing


def _sees(principal: Principal, inquiry: Inquiry) -> bool:
    return bool(principal.roles & (WATCHERS | answerers(inquiry)))


def _checked(standing: Inquiry, value: Any) -> Any:
    if wrong := unfit(value, ANSWER_BYTES):
        raise invalid("answer", f"is {wrong}")
    if misfit := misfits(standing.answer_schema, value, "answer"):
        raise Problem(Kind.INVALID, f"the answer is not as the inquiry wants it: {misfit[0].field} {misfit[0].message}", *misfit)
    return whole(value)


def _written(standing: Inquiry, value: Any, by: str, ports: Ports) -> Inquiry:
    """What stands after writing the answer: it, or the end that came first."""
    now = ports.clock()
    written = ports.inquiries.end(standing.tenant, standing.inquiry, outcome="answered", at=now, by=by, answer=value)
    if written:
        return written
    late = ports.inquiries.get(standing.tenant, standing.inquiry) or standing
    return replace(late, status=status_at(late, now))


def _holds(standing: Inquiry, value: Any, by: str) -> bool:
    return standing.status == "answered" and standing.by == by and canonical(standing.answer) == canonical(value)


def _late(standing: Inquiry) -> str:
    match standing.status:
        case "answered":
            return "the inquiry was answered already, and that answer stands"
        case "cancelled":
            return "the run was cancelled: nobody waits for an answer any more"
    return "the inquiry has expired: nobody waits for an answer any more"


def _tell(standing: Inquiry, ports: Ports) -> None:
    try:
        deliver(standing, ports.inquiries, ports.waits, ports.executions)
    except Exception as error:  # noqa: BLE001 -- the answer is written; the outbox delivers it, whatever failed here
        _log.warning("inquiry %s is not delivered yet: %s", standing.inquiry, type(error).__name__)
