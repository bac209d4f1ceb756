"""What the catalogue holds: declarations, read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from stacks.catalog.figures import Worst
from stacks.catalog.measures import Metric
from stacks.catalog.problems import CatalogError
from stacks.catalog.slo import Objectives
from stacks.constructs.names import pascal

type Json = Mapping[str, Any]
type Kind = Literal["agent", "tool", "step"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """One allowed model of ``policies/models.toml``."""

    id: str
    """What is passed to the provider: a foundation model's id, an inference profile's, or the name that a server knows it by."""
    provider: str
    input_price: int
    """Micro-dollars per million tokens."""
    output_price: int
    """Micro-dollars per million tokens."""
    cache_read_price: int
    """Micro-dollars per million tokens that come from the provider's prompt cache."""
    cache_write_price: int
    """Micro-dollars per million tokens that are written into it."""
    priced_on: date
    source: str
    context: int
    """Tokens."""
    max_output: int
    """Tokens."""
    capabilities: tuple[str, ...]
    end_of_life: date | None
    profile_of: str
    """For an inference profile: the foundation model behind it; empty otherwise."""
    regions: tuple[str, ...]
    """For an inference profile: where it may be called from, which is also where it may run."""
    endpoint: str = ""
    """A SageMaker endpoint's name, or the base URL of an OpenAI-compatible server."""
    region: str = ""
    """Where it is called; empty for where the agents run."""
    instance: str = ""
    """The type of the instances that it is on and that are paid by the hour, as ``ml.g5.xlarge``; empty when it is on none."""
    hour_price: int = 0
    """Micro-dollars for an hour of one of them."""
    secret: str = ""
    """The name of the secret that holds a server's key; empty when it takes none."""
    weight: int = 1
    """Its share of the turns in a role; 0 when it only stands in for others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """What an agent asks for instead of a model."""

    models: tuple[Model, ...]
    """With their weights in this role."""
    fallback: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Ids of the models that stand in, in order, by what went wrong."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The bounds of a turn. Each has a default, so an unbounded loop cannot be declared."""

    model_calls: int = 12
    tool_calls: int = 24
    tokens: int = 200_000
    cost: int = 1_000_000
    """Micro-dollars."""
    seconds: int = 900
    identical_calls: int = 3
    reply_tokens: int = 4_096
    result_bytes: int = 16_384


@dataclass(frozen=True, kw_only=True, slots=True)
class Function:
    """One folder of ``functions/``: what every kind of function has."""

    kind: Kind
    name: str
    folder: Path
    description: str
    memory: int
    """MB."""
    timeout: int
    """Seconds."""
    layer: str = "core"
    """The list of ``layers/dependencies/`` that it imports from."""

    @property
    def hole(self) -> str:
        """The name that state machines call it by."""
        return pascal(self.kind, self.name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Agent:
    """A folder of ``functions/agents/``."""

    function: Function
    prompt: str
    models: tuple[Model, ...]
    """All it may call, with their weights."""
    fallback: Mapping[str, tuple[str, ...]]
    """Ids of the models that stand in, in order, by what went wrong."""
    cache_seconds: int
    """How long an exact repetition of a request may be answered from the cache; 0 for never."""
    plan: bool
    """Whether it commits to a plan before it reads anything from outside."""
    tools: tuple[str, ...]
    hand_over_to: tuple[str, ...]
    limits: Limits
    answer_schema: Json | None
    check: bool = False
    """Whether its answers must pass the function of its ``check.py``."""
    take_over: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Its ``[fallback]``: the agents that go on with its work, in order, by error class or ``any``."""
    skills: tuple[str, ...] = ()
    """What it may be chosen for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool:
    """A folder of ``functions/tools/``."""

    function: Function
    effect: str
    repeat: str
    identity: tuple[str, ...]
    input_schema: Json
    arguments: Json
    output: Json
    approval: Json
    roles: tuple[str, ...]
    """Of which the submitter of a run needs one."""
    reconcile: bool
    """Whether it can say what became of a call that must not be fired twice."""
    compensation: Json
    """The tool that undoes what it did, and where that one's arguments come from; empty when none does."""
    policy: Json
    """IAM document, its holes unfilled."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A folder of ``functions/steps/``."""

    function: Function
    stack: str
    declarations: tuple[str, ...]
    """The generated files it gets."""
    policy: Json
    """IAM document, its holes unfilled."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Workflow:
    """A state machine of ``state_machines/`` and the schema of its input."""

    name: str
    description: str
    definition: str
    """ASL, its holes unfilled."""
    functions: tuple[str, ...]
    """The holes that are functions, all of which it may invoke."""
    errors: frozenset[str]
    """Error names that a Retry or a Catch names."""
    input_schema: Json
    worst: Worst
    """The most that one run can use."""
    degraded: str = ""
    """What is answered when nobody can; empty when it declares nothing."""

    @property
    def distributed(self) -> bool:
        """Whether it starts children of its own for what a file in the bucket lists."""
        return '"DISTRIBUTED"' in self.definition


@dataclass(frozen=True, kw_only=True, slots=True)
class Pool:
    """Agents that can do the same."""

    agents: tuple[str, ...]
    full: int
    """Choices in two minutes after which another is preferred."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """What logs are searched for."""

    title: str
    of: tuple[str, ...]
    """Whose logs: all of a kind, as ``agent``, or one function, as ``step/gateway``."""
    query: str
    """In the language of Logs Insights."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Budgets:
    """What a tenant may spend that has no limits of its own; micro-dollars. The runtime has these in ``SEPTET_BUDGETS``."""

    day: int
    """All runs that are opened on one day (UTC)."""
    run: int
    """The most one run may ask for."""
    usual: int
    """What a run gets that asks for nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Policies:
    """What the gateway decides by: texts in Cedar."""

    sources: Mapping[str, str]
    """By file."""
    schema: str
    tenants: Mapping[str, str]
    """Each tenant's own, which only forbid."""
    mode: str = "enforce"
    """``shadow`` decides and writes down what it would do, and stops nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalog:
    """Everything there is to deploy, by name, in the order of names."""

    models: Mapping[str, Model]
    agents: Mapping[str, Agent]
    tools: Mapping[str, Tool]
    steps: Mapping[str, Step]
    workflows: Mapping[str, Workflow]
    boundaries: Mapping[str, Json]
    """The permissions boundaries by name: IAM documents, their holes unfilled."""
    budgets: Budgets
    policies: Policies
    egress: Json = field(default_factory=dict)
    """Where something may go; empty when nothing says so."""
    inquiries: Mapping[str, Json] = field(default_factory=dict)
    """What workflows ask somebody outside, by name."""
    events: Mapping[str, Json] = field(default_factory=dict)
    """Which events start which workflow, by name."""
    pools: Mapping[str, Pool] = field(default_factory=dict)
    """Of agents, by name."""
    layers: Mapping[str, Path] = field(default_factory=dict)
    """The locked list of each dependency layer."""
    objectives: Mapping[str, Objectives] = field(default_factory=dict)
    """What each workflow promises."""
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    """What the runtime counts and measures, by name."""
    shown: frozenset[str] = frozenset()
    """The tenants whose content is in their spans."""
    queries: Mapping[str, Query] = field(default_factory=dict)
    """What logs are searched for, by name."""

    @property
    def functions(self) -> tuple[Function, ...]:
        """Every function of every kind."""
        owners: tuple[Agent | Tool | Step, ...] = (*self.agents.values(), *self.tools.values(), *self.steps.values())
        return tuple(owner.function for owner in owners)

    def step(self, name: str) -> Step:
        """The step that a stack is built around. Raises CatalogError when there is none."""
        if name not in self.steps:
            raise CatalogError([f"functions/steps/{name}/: the folder is missing: the platform does not work without this step"])
        return self.steps[name]

    def steps_in(self, stack: str) -> tuple[Step, ...]:
        """The steps that live in *stack*."""
        return tuple(step for step in self.steps.values() if step.stack == stack)
