"""Approvals in memory."""

from collections.abc import Mapping
from copy import replace
from threading import Lock
from typing import Any

from septet.security.approvals import Approval, Status


class MemoryApprovals:
    """A double of the approvals."""

    def __init__(self) -> None:
        self._approvals: dict[tuple[str, str], Approval] = {}
        self._lock = Lock()

    def ask(self, approval: Approval) -> Approval:
        """Store the question unless it was asked before."""
        with self._lock:
            return self._approvals.setdefault((approval.tenant, approval.approval), approval)

    def get(self, tenant: str, approval: str) -> Approval | None:
        """The approval."""
        return self._approvals.get((tenant, approval))

    def listed(self, tenant: str, *, status: str | None = None) -> list[Approval]:
        """All approvals of the tenant, newest question first."""
        with self._lock:
            found = [item for (owner, _), item in self._approvals.items() if owner == tenant and status in (None, item.status)]
        return sorted(found, key=lambda item: (item.asked_at, item.approval), reverse=True)

    def decide(self, tenant: str, approval: str, *, status: Status, by: str, reason: str, at: int) -> Approval | None:
        """Write the decision if the question is pending and open."""
        with self._lock:
            standing = self._approvals.get((tenant, approval))
            if standing is None or standing.status != "pending" or (status != "expired" and at >= standing.expires_at):
                return None
            decided = replace(standing, status=status, decided_by=by, reason=reason, decided_at=at)
            self._approvals[tenant, approval] = decided
            return decided

    def wait(self, tenant: str, approval: str, token: str) -> Approval | None:
        """Note who waits."""
        with self._lock:
            standing = self._approvals.get((tenant, approval))
            if standing is None:
                return None
            self._approvals[tenant, approval] = waiting = replace(standing, token=token, delivered=False)
            return waiting

    def undelivered(self, *, limit: int) -> list[Approval]:
        """Decided by a person, and the waiting execution not told."""
        with self._lock:
            found = [item for item in self._approvals.values() if item.status in ("approved", "rejected") and not item.delivered]
        return sorted(found, key=lambda item: item.decided_at or 0)[:limit]

    def delivered(self, tenant: str, approval: str) -> None:
        """Note that the waiting execution was told."""
        with self._lock:
            self._approvals[tenant, approval] = replace(self._approvals[tenant, approval], delivered=True)


class MemoryExecutions:
    """A double of the waiting executions: each token wakes once."""

    def __init__(self) -> None:
        self.woken: dict[str, Mapping[str, Any]] = {}

    def wake(self, token: str, output: Mapping[str, Any]) -> bool:
        """Let the execution go on, once."""
        return self.woken.setdefault(token, output) is output
