"""A person's decision, bound to one exact call."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, Protocol

from septet.core.canonical import canonical, digest, text
from septet.core.frozen import frozen

Status = Literal["pending", "approved", "rejected", "expired"]
FIELD_BYTES = 2048
"""Of a field of a record that a person is shown."""


@frozen
class Approval:
    """A question to a person and, once there is one, the answer."""

    tenant: str
    approval: str
    """Its id: a digest of run, tool and arguments, so that no other call can use it."""
    run: str
    turn: str
    tool: str
    arguments: Any
    asked_by: str
    """The agent."""
    asked_at: int
    """Milliseconds since the epoch, as all times here."""
    expires_at: int
    reasons: tuple[str, ...] = ()
    """Why a person is asked."""
    evidence: tuple[Mapping[str, Any], ...] = ()
    """The records behind the arguments: ``{"name", "value", "source"}`` each, raw values (long ones shortened), not the model's words."""
    status: Status = "pending"
    decided_by: str = ""
    decided_at: int | None = None
    reason: str = ""
    """The person's."""
    token: str = ""
    """Of the execution that waits; empty while none does. Never leaves the platform."""
    delivered: bool = False
    """Whether the waiting execution has been told."""


def evidence(found: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """The records *found*, with a long field shown by its beginning: a question is stored in one item."""
    return tuple({**record, "value": {name: _shown(value) for name, value in record["value"].items()}} for record in found)


def _shown(value: Any) -> Any:
    spelt = value if isinstance(value, str) else text(value)
    whole = spelt.encode()
    if len(whole) <= FIELD_BYTES:
        return value
    return f"{whole[:FIELD_BYTES].decode(errors='ignore')}… (shortened: {len(whole)} bytes)"


def approval_id(tenant: str, run: str, tool: str, arguments: Any) -> str:
    """The id of the question whether *tool* may be called with exactly *arguments* in *run*."""
    return "apr-" + digest(canonical([tenant, run, tool, arguments]))[:32]


class Approvals(Protocol):
    """Storage of approvals. Agents cannot write it."""

    def ask(self, approval: Approval) -> Approval:
        """Store the question unless it was asked before, and return what is stored."""
        ...

    def get(self, tenant: str, approval: str) -> Approval | None:
        """The approval, read consistently; None when there is none."""
        ...

    def listed(self, tenant: str, *, status: str | None = None) -> list[Approval]:
        """All approvals of the tenant (with *status*), newest question first."""
        ...

    def decide(self, tenant: str, approval: str, *, status: Status, by: str, reason: str, at: int) -> Approval | None:
        """Write the decision if the question is pending and, unless it is ``expired``, *at* is before its expiry; None when it is not."""
        ...

    def wait(self, tenant: str, approval: str, token: str) -> Approval | None:
        """Note the *token* of the execution that waits, and return what is stored now; None when there is no such approval."""
        ...

    def undelivered(self, *, limit: int) -> list[Approval]:
        """Approvals that a person decided and whose execution was not told yet, oldest decision first."""
        ...

    def delivered(self, tenant: str, approval: str) -> None:
        """Note that the waiting execution was told."""
        ...


class Executions(Protocol):
    """The running state machines, as far as a decision concerns them."""

    def wake(self, token: str, output: Mapping[str, Any]) -> bool:
        """Let the execution that waits with *token* go on with *output*; False when it no longer waits."""
        ...


def deliver(approval: Approval, approvals: Approvals, executions: Executions) -> bool:
    """Tell the waiting execution what was decided; False when nobody waits yet. Safe to repeat: an execution wakes once."""
    if approval.status == "pending" or not approval.token:
        return False
    executions.wake(approval.token, {"approval": approval.approval, "status": approval.status})
    approvals.delivered(approval.tenant, approval.approval)
    return True


def redeliver(approvals: Approvals, executions: Executions, *, now: int, limit: int = 100) -> int:
    """Empty the outbox as far as somebody waits, and return how many executions were told.

    A decision that nobody ever waited for is dropped when its question would have expired. Raises ExceptionGroup after the others were
    told, when some could not be.
    """
    told, failures = 0, []
    for approval in approvals.undelivered(limit=limit):
        try:
            if deliver(approval, approvals, executions):
                told += 1
            elif not approval.token and approval.expires_at <= now:
                approvals.delivered(approval.tenant, approval.approval)
        except Exception as error:  # noqa: BLE001 -- one that cannot be told must not keep the others waiting
            failures.append(error)
    if failures:
        raise ExceptionGroup(f"{len(failures)} decisions could not be delivered; they stay in the outbox", failures)
    return told
