"""A person's decision, bound to one exact call."""

from collections.abc import Iterator, Mapping
from copy import replace
from dataclasses import field
from typing import Any, Literal, Protocol

from septet.core.canonical import canonical, digest
from septet.core.frozen import frozen
from septet.core.journal import MAIN

Status = Literal["pending", "approved", "rejected", "expired"]
ADMIN = "admin"
"""The role that may decide on every question."""
VOTES_BYTES = 128 * 1024
"""Of all that people said about one question: it is stored in one item."""


@frozen
class Vote:
    """One person's yes."""

    by: str
    at: int
    reason: str = ""
    arguments: Any = None
    """What the person changed the call's arguments to; None: the call as it stood."""


@frozen
class Approval:
    """A question to people and, once there is one, the answer."""

    tenant: str
    approval: str
    """Its id: a digest of tenant, run, branch, tool and arguments, so that no other call can use it."""
    run: str
    path: str = MAIN
    """The branch that asks."""
    turn: str
    attempt: int = 0
    """Of the run: a question that nobody answered in time can be put once more in a later one."""
    tool: str
    arguments: Any
    """As they were asked about."""
    asked_by: str
    """The agent."""
    submitter: str = ""
    """On whose behalf it works: the run's submitter. Empty, as the next, in a record from before that was kept."""
    workflow: str = ""
    """Of the run."""
    asked_at: int
    """Milliseconds since the epoch, as all times here."""
    expires_at: int
    reasons: tuple[str, ...] = ()
    """Why a person is asked."""
    evidence: tuple[Mapping[str, Any], ...] = ()
    """The records behind the arguments: ``{"name", "value", "source"}`` each, raw values (long ones shortened), not the model's words."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Where each argument comes from, by path: the name of a ``Label``."""
    roles: tuple[str, ...] = ("approver",)
    """Who may decide, besides an admin."""
    approvers: int = 1
    """How many different people have to approve the same call."""
    escalates_at: int | None = None
    """From when ``escalate_to`` may decide as well; None: never."""
    escalate_to: tuple[str, ...] = ()
    escalated: bool = False
    """Whether operators were told that its time to escalate has come."""
    votes: tuple[Vote, ...] = ()
    """Every yes so far, oldest first. One that changes the call starts the count anew."""
    status: Status = "pending"
    decided_by: str = ""
    """Whoever's word settled it."""
    decided_at: int | None = None
    reason: str = ""
    """That person's."""
    used_at: int | None = None
    """When the call was about to be made."""
    used_for: str = ""
    """What the approval was used for, which is all it can be used for: an effect's key, or one call of a turn."""
    refused: str = ""
    """Why the approved call was not made, when it was last tried; it was made after all where it is used."""
    token: str = ""
    """Of the execution that waits; empty while none does. Never leaves the platform."""
    delivered: bool = False
    """Whether the waiting execution has been told."""

    @property
    def edited(self) -> Any:
        """The arguments that an approver last changed the call's to; None when nobody has."""
        return next((vote.arguments for vote in reversed(self.votes) if vote.arguments is not None), None)

    @property
    def edited_by(self) -> str:
        """Who did; empty when nobody has."""
        return next((vote.by for vote in reversed(self.votes) if vote.arguments is not None), "")

    @property
    def call(self) -> str:
        """The exact call that is decided on now: the id it has, or would have, as a question of its own."""
        return self.approval if self.edited is None else approval_id(self.tenant, self.run, self.tool, self.edited, self.path)

    @property
    def approved_by(self) -> tuple[str, ...]:
        """Who has approved exactly this call, each once."""
        return tuple(dict.fromkeys(vote.by for vote in self.votes[self.counted_from :]))

    @property
    def counted_from(self) -> int:
        """The place of the first vote for the call as it stands: that of its last change. Those before were for another call."""
        return max((place for place, vote in enumerate(self.votes) if vote.arguments is not None), default=0)


def approval_id(tenant: str, run: str, tool: str, arguments: Any, path: str = MAIN) -> str:
    """The id of the question whether *tool* may be called with exactly *arguments* in the branch *path* of *run*.

    Two branches that want the same ask two questions: each has an execution of its own that waits for the answer.
    """
    beside = [] if path == MAIN else [path]
    return "apr-" + digest(canonical([tenant, run, tool, arguments, *beside]))[:32]


def escalated(approval: Approval, now: int) -> bool:
    """Whether the time has come in which ``escalate_to`` may decide as well. The clock says so, whoever was told of it."""
    return approval.escalates_at is not None and now >= approval.escalates_at


def deciders(approval: Approval, now: int) -> frozenset[str]:
    """The roles that may decide on *approval* at the time *now*."""
    return frozenset({ADMIN, *approval.roles, *(approval.escalate_to if escalated(approval, now) else ())})


def with_vote(approval: Approval, vote: Vote) -> Approval:
    """*approval* with one more yes: approved once enough different people have said it of the same call, pending until then."""
    voted = replace(approval, votes=(*approval.votes, vote))
    if len(voted.approved_by) < voted.approvers:
        return voted
    return replace(voted, status="approved", decided_by=vote.by, decided_at=vote.at, reason=vote.reason)


class Approvals(Protocol):
    """Storage of approvals. Agents cannot write it."""

    def ask(self, approval: Approval) -> Approval:
        """Store the question unless it was asked before, and return what is stored.

        One that expired in an earlier attempt of the run, so that nothing was ever done with it, is asked anew.
        """
        ...

    def get(self, tenant: str, approval: str) -> Approval | None:
        """The approval, read consistently; None when there is none."""
        ...

    def listed(self, tenant: str, *, status: str | None = None) -> list[Approval]:
        """All approvals of the tenant (with *status*), newest question first."""
        ...

    def decide(
        self, tenant: str, approval: str, *, status: Status, by: str, reason: str, at: int, votes: tuple[Vote, ...] = ()
    ) -> Approval | None:
        """Write the decision if the question is pending and, unless it is ``expired``, *at* is before its expiry; None when it is not.

        With *votes*, which are all there are with this one, only if no other came meanwhile; ``pending`` then writes the vote alone.
        """
        ...

    def use(self, tenant: str, approval: str, *, use: str, at: int) -> Approval | None:
        """Note that an approved call is about to be made for *use*; None when it is not approved, or was used for something else."""
        ...

    def refuse(self, tenant: str, approval: str, *, why: str) -> None:
        """Note why an approved call that was not made is not made; nothing where it is not approved, or is used."""
        ...

    def wait(self, tenant: str, approval: str, token: str) -> Approval | None:
        """Note the *token* of the execution that waits, and return what is stored now; None when there is no such approval."""
        ...

    def undelivered(self, *, newest: bool = False) -> Iterator[Approval]:
        """Approvals that people decided and whose execution was not told yet, oldest or newest decision first."""
        ...

    def delivered(self, tenant: str, approval: str) -> None:
        """Note that the waiting execution was told."""
        ...

    def escalating(self, now: int) -> Iterator[Approval]:
        """Pending approvals whose time to escalate has come and that no operator was told of, the longest overdue first."""
        ...

    def waiting(self, now: int) -> Iterator[Approval]:
        """Every tenant's pending approvals that have not expired, the next to expire first; as of a moment ago."""
        ...

    def escalate(self, tenant: str, approval: str) -> None:
        """Note that operators were told."""
        ...
