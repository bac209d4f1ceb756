"""Inquiries in memory."""

from collections.abc import Callable, Iterator
from copy import replace
from threading import Lock
from typing import Any

from septet.core.inquiries import Inquiry, Outcome


class MemoryInquiries:
    """A double of the inquiries."""

    def __init__(self) -> None:
        self._inquiries: dict[tuple[str, str], Inquiry] = {}
        self._outbox: list[tuple[str, str]] = []
        self._lock = Lock()

    def ask(self, inquiry: Inquiry) -> Inquiry:
        """Store the question unless it was asked before."""
        with self._lock:
            return self._inquiries.setdefault((inquiry.tenant, inquiry.inquiry), inquiry)

    def get(self, tenant: str, inquiry: str) -> Inquiry | None:
        """The inquiry."""
        return self._inquiries.get((tenant, inquiry))

    def listed(self, tenant: str) -> list[Inquiry]:
        """All inquiries of the tenant, newest question first."""
        with self._lock:
            found = [one for (owner, _), one in self._inquiries.items() if owner == tenant]
        return sorted(found, key=lambda one: (one.asked_at, one.inquiry), reverse=True)

    def end(self, tenant: str, inquiry: str, *, outcome: Outcome, at: int, by: str = "", answer: Any = None) -> Inquiry | None:
        """Write how it ended; the first end stands."""
        with self._lock:
            standing = self._inquiries.get((tenant, inquiry))
            if standing is None or standing.status != "open" or (outcome == "answered" and at >= standing.expires_at):
                return None
            self._inquiries[tenant, inquiry] = ended = replace(standing, status=outcome, answer=answer, by=by, ended_at=at)
            if outcome != "expired":  # an expiry is noticed by whoever waited: there is nobody to tell
                self._outbox.append((tenant, inquiry))
            return ended

    def undelivered(self) -> Iterator[Inquiry]:
        """Whose execution was not told."""
        yield from [self._inquiries[place] for place in self._outbox]

    def delivered(self, tenant: str, inquiry: str) -> None:
        """Note that it was told."""
        with self._lock:
            self._outbox = [place for place in self._outbox if place != (tenant, inquiry)]

    def change(self, each: Callable[[Inquiry], Inquiry]) -> None:
        """Put what *each* makes of every inquiry in its place."""
        with self._lock:
            self._inquiries = {place: each(one) for place, one in self._inquiries.items()}
