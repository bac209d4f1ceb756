"""What the API needs from outside."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from septet.core.journal import Clock, Journal
from septet.core.ledger import Ledger
from septet.core.runs import Runs, Status
from septet.core.seals import Heads, PublicKeys, Seals
from septet.security.approvals import Approvals
from septet.security.delivery import Executions
from septet.security.guardrails import Guardrail

ROLES = frozenset({"submitter", "approver", "operator", "auditor", "admin"})
"""Every role a token may carry."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """Who asks, from a verified token."""

    tenant: str
    subject: str
    roles: frozenset[str]
    """Of ``ROLES``."""


class Identity(Protocol):
    """Whoever can tell a principal from a token."""

    def principal(self, token: str) -> Principal:
        """Whose *token* this is. Raises Problem: ``UNAUTHENTICATED``, or ``UNAVAILABLE`` when it cannot be checked now."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Declaration:
    """One workflow as the synth declared it in ``workflows.json``."""

    description: str
    input_schema: Mapping[str, Any]
    """JSON Schema; each property's ``x-septet-source`` is ``trusted`` or ``external``."""


def declarations(value: Mapping[str, Mapping[str, Any]]) -> dict[str, Declaration]:
    """The workflows by name in a ``workflows.json``. Raises TypeError for anything else."""
    return {name: Declaration(**item) for name, item in value.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionState:
    """How an execution stands."""

    status: Status
    """``running`` until it has ended; an aborted execution is ``stopped``."""
    ended_at: int | None = None
    """Milliseconds since the epoch."""
    error: str = ""
    """The error class it failed with."""
    message: str = ""


class Workflows(Protocol):
    """The state machines, as far as starting a run concerns them."""

    def start(self, workflow: str, run: str, input: Mapping[str, Any]) -> str:  # noqa: A002 -- the word of Step Functions
        """Start the execution named *run* unless there is one of that name, and return its ARN.

        Repeating a start with the same arguments is safe, also when the execution has ended in between.
        """
        ...

    def execution(self, workflow: str, run: str) -> str:
        """The ARN that the execution named *run* has, or would have. Asks nobody."""
        ...

    def state(self, execution: str) -> ExecutionState | None:
        """How the execution with this ARN stands; None when Step Functions knows no such execution."""
        ...


class Eraser(Protocol):
    """Whoever may erase content."""

    def erase(self, tenant: str, runs: Sequence[str]) -> tuple[str, ...]:
        """Erase the content of *runs*, which are over, and return those that are left. Repeating it is safe."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Ports:
    """What the API acts through."""

    identity: Identity
    journal: Journal
    """Reads an entry whose body was erased as one with the body Erased."""
    ledger: Ledger
    runs: Runs
    approvals: Approvals
    executions: Executions
    workflows: Workflows
    heads: Heads
    seals: Seals
    keys: PublicKeys
    """Those that verify seals."""
    eraser: Eraser
    clock: Clock
    id_keys: Callable[[], tuple[bytes, ...]]
    """The secret by which ids are made, and the one before it while there is one. Raises StoreUnavailable."""
    guardrail: Guardrail | None = None
    """What the words of inputs are shown to, if anything."""
    declared: Mapping[str, Declaration] = field(default_factory=dict)
    """The workflows that can be started, by name."""
    schemas: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The input schema of each tool, by name."""
