"""What the API needs from outside."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from septet.core.costs import Costs
from septet.core.files import Contents, Files
from septet.core.inquiries import Inquiries
from septet.core.journal import Clock, Journal
from septet.core.ledger import Ledger
from septet.core.replays import Replays
from septet.core.rows import Rows
from septet.core.runs import Runs, Status
from septet.core.seals import Heads, PublicKeys, Seals
from septet.core.sessions import Sessions
from septet.core.stopping import StopRecords
from septet.core.stops import Stops
from septet.core.summaries import Summaries
from septet.core.waits import Waits
from septet.integration.opening import Gate
from septet.security.approvals import Approvals
from septet.security.delivery import Executions
from septet.security.guardrails import Guardrail

ROLES = frozenset({"submitter", "approver", "operator", "auditor", "admin", "responder"})
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
    undoes: bool = False
    """Whether it undoes what it did when it is cancelled."""
    agents: Sequence[str] = ()
    """Those that may work in it."""
    starts_runs: bool = False
    """Whether it starts a run for each row of a file."""
    later: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By agent, those that may still work once it has begun to, itself included; nothing is known of one that is not there."""


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

    def start(self, workflow: str, run: str, input: Mapping[str, Any], *, trace: str = "") -> str:  # noqa: A002 -- the word of Step Functions
        """Start the execution named *run* unless there is one of that name, and return its ARN. It goes on with *trace*, if that is one.

        Repeating a start with the same arguments is safe, also when the execution has ended in between.
        """
        ...

    def execution(self, workflow: str, run: str) -> str:
        """The ARN that the execution named *run* has, or would have. Asks nobody."""
        ...

    def state(self, execution: str) -> ExecutionState | None:
        """How the execution with this ARN stands; None when Step Functions knows no such execution."""
        ...

    def stop(self, execution: str, *, error: str, cause: str, alone: bool = False) -> None:
        """Abort the execution with this ARN, and those that its distributed maps started; nothing where there is none, or it is over.

        One that has just begun, and has started no others, is aborted *alone*.
        """
        ...


class Eraser(Protocol):
    """Whoever may erase content."""

    def erase(self, tenant: str, runs: Sequence[str]) -> tuple[str, ...]:
        """Erase the content of *runs*, which are over, and return those that are left. Repeating it is safe."""
        ...

    def erase_files(self, tenant: str, owner: str) -> None:
        """Erase the files that *owner*, or anybody if it is empty, uploaded and no run ever read. Repeating it is safe."""
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
    stops: Stops
    """Those that stand."""
    stop_records: StopRecords
    """Each stop's proof."""
    reconcile: Callable[[str, str], None]
    """Has the stop of a tenant, by its id, gone on with at once; does not wait for it."""
    platform_tenant: str
    """The tenant that operates the platform: its operators may stop it for everybody. Empty: nobody may."""
    id_keys: Callable[[], tuple[bytes, ...]]
    """The secret by which ids are made, and the one before it while there is one. Raises StoreUnavailable."""
    guardrail: Guardrail | None = None
    """What the words of inputs are shown to, if anything."""
    declared: Mapping[str, Declaration] = field(default_factory=dict)
    """The workflows that can be started, by name."""
    schemas: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The input schema of each tool, by name."""
    inquiries: Inquiries
    waits: Waits
    sessions: Sessions
    agents: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The ids of each agent's models, by its name."""
    files: Files
    contents: Contents
    rows: Rows
    capacity: int
    """How many runs of all tenants may be open at once."""
    pause: Callable[[int], None]
    """Lets some milliseconds pass."""
    costs: Costs
    """What runs have cost."""
    summaries: Summaries
    """What runs came to."""
    replays: Replays
    replay: Callable[[str, str], None]
    """Has the replay of a tenant, by its id, gone on with; does not wait for it. Raises StoreUnavailable."""

    @property
    def gate(self) -> Gate:
        """What decides whether a run may begin."""
        return Gate(ledger=self.ledger, runs=self.runs, stops=self.stops, capacity=self.capacity, clock=self.clock)
