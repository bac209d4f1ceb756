"""Approvals in memory."""

from collections.abc import Callable, Iterator, Mapping
from copy import replace
from threading import Lock
from typing import Any

from septet.security.approvals import Approval, Status, Vote, escalated


class MemoryApprovals:
    """A double of the approvals."""

    def __init__(self) -> None:
        self._approvals: dict[tuple[str, str], Approval] = {}
        self._lock = Lock()

    def ask(self, approval: Approval) -> Approval:
        """Store the question unless it was asked before, and did not expire in an earlier attempt."""
        with self._lock:
            standing = self._approvals.setdefault((approval.tenant, approval.approval), approval)
            if standing.status == "expired" and standing.attempt < approval.attempt:
                self._approvals[approval.tenant, approval.approval] = standing = approval
            return standing

    def get(self, tenant: str, approval: str) -> Approval | None:
        """The approval."""
        return self._approvals.get((tenant, approval))

    def listed(self, tenant: str, *, status: str | None = None) -> list[Approval]:
        """All approvals of the tenant, newest question first."""
        with self._lock:
            found = [item for (owner, _), item in self._approvals.items() if owner == tenant and status in (None, item.status)]
        return sorted(found, key=lambda item: (item.asked_at, item.approval), reverse=True)

    def decide(
        self, tenant: str, approval: str, *, status: Status, by: str, reason: str, at: int, votes: tuple[Vote, ...] = ()
    ) -> Approval | None:
        """Write the decision if the question is pending and open, and no vote came meanwhile."""
        with self._lock:
            standing = self._approvals.get((tenant, approval))
            if standing is None or standing.status != "pending" or (status != "expired" and at >= standing.expires_at):
                return None
            if votes and len(votes) != len(standing.votes) + 1:
                return None
            decided = replace(standing, votes=votes or standing.votes)
            if status != "pending":
                decided = replace(decided, status=status, decided_by=by, reason=reason, decided_at=at)
            self._approvals[tenant, approval] = decided
            return decided

    def use(self, tenant: str, approval: str, *, use: str, at: int) -> Approval | None:
        """Note what an approved call is made for."""
        with self._lock:
            standing = self._approvals.get((tenant, approval))
            if standing is None or standing.status != "approved" or standing.used_for not in ("", use):
                return None
            if not standing.used_for:
                self._approvals[tenant, approval] = standing = replace(standing, used_for=use, used_at=at)
            return standing

    def refuse(self, tenant: str, approval: str, *, why: str) -> None:
        """Note why an approved call is not made."""
        with self._lock:
            standing = self._approvals.get((tenant, approval))
            if standing and standing.status == "approved" and not standing.used_for:
                self._approvals[tenant, approval] = replace(standing, refused=why)

    def change(self, each: Callable[[Approval], Approval]) -> None:
        """Put what *each* makes of every approval in its place."""
        with self._lock:
            self._approvals = {place: each(one) for place, one in self._approvals.items()}

    def wait(self, tenant: str, approval: str, token: str) -> Approval | None:
        """Note who waits."""
        with self._lock:
            standing = self._approvals.get((tenant, approval))
            if standing is None:
                return None
            self._approvals[tenant, approval] = waiting = replace(standing, token=token, delivered=False)
            return waiting

    def undelivered(self, *, newest: bool = False) -> Iterator[Approval]:
        """Decided by people, and the waiting execution not told."""
        with self._lock:
            found = [item for item in self._approvals.values() if item.status in ("approved", "rejected") and not item.delivered]
        yield from sorted(found, key=lambda item: item.decided_at or 0, reverse=newest)

    def delivered(self, tenant: str, approval: str) -> None:
        """Note that the waiting execution was told."""
        with self._lock:
            self._approvals[tenant, approval] = replace(self._approvals[tenant, approval], delivered=True)

    def escalating(self, now: int) -> Iterator[Approval]:
        """Pending, overdue, and no operator told."""
        with self._lock:
            found = [item for item in self._approvals.values() if item.status == "pending" and escalated(item, now) and not item.escalated]
        yield from sorted(found, key=lambda item: item.escalates_at or 0)

    def waiting(self, now: int) -> Iterator[Approval]:
        """Pending, and not expired."""
        with self._lock:
            found = [item for item in self._approvals.values() if item.status == "pending" and item.expires_at > now]
        yield from sorted(found, key=lambda item: item.expires_at)

    def escalate(self, tenant: str, approval: str) -> None:
        """Note that operators were told."""
        with self._lock:
            self._approvals[tenant, approval] = replace(self._approvals[tenant, approval], escalated=True)


class MemoryExecutions:
    """A double of the waiting executions: each token wakes once."""

    def __init__(self) -> None:
        self.woken: dict[str, Mapping[str, Any]] = {}
        self.failed: dict[str, str] = {}
        """The error class that each of the others ended in."""

    def wake(self, token: str, output: Mapping[str, Any]) -> bool:
        """Let the execution go on, once."""
        return token not in self.failed and self.woken.setdefault(token, output) is output

    def fail(self, token: str, *, error: str, cause: str) -> bool:  # noqa: ARG002 -- nobody reads it here
        """Let what waits end in *error*, once."""
        if token in self.woken or token in self.failed:
            return False
        self.failed[token] = error
        return True
