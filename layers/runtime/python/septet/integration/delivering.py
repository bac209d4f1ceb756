"""Telling executions how their inquiries ended: what was written is delivered from there, at once or from the outbox."""

from septet.core.inquiries import Inquiries, Inquiry
from septet.core.journal import Clock
from septet.core.waits import Waits, for_inquiry
from septet.security.delivery import Executions, emptied


def deliver(inquiry: Inquiry, inquiries: Inquiries, waits: Waits, executions: Executions) -> bool:
    """Tell the waiting execution how *inquiry* ended; False when nobody waits. Safe to repeat: an execution wakes once."""
    if inquiry.status in ("open", "expired"):
        return False
    token = waits.find(inquiry.tenant, inquiry.run, for_inquiry(inquiry.inquiry))
    if token is None:
        return False
    executions.wake(token, {"inquiry": inquiry.inquiry, "outcome": inquiry.status})
    inquiries.delivered(inquiry.tenant, inquiry.inquiry)
    return True


def redeliver(inquiries: Inquiries, waits: Waits, executions: Executions, clock: Clock) -> int:
    """Empty the outbox as far as somebody waits, and return how many executions were told.

    An end that nobody waits for is dropped when the question would have expired. Raises ExceptionGroup after the others were told, when
    some could not be; they stay.
    """
    now = clock()

    def tell(inquiry: Inquiry) -> bool:
        if deliver(inquiry, inquiries, waits, executions):
            return True
        if inquiry.expires_at <= now:
            inquiries.delivered(inquiry.tenant, inquiry.inquiry)
        return False

    return emptied(inquiries.undelivered(), tell, clock, what="answers")
