"""Every name and ARN of a deployment. Stacks meet by these alone, so none imports another's values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

ALIAS = "live"
"""The alias of every function, and the API's stage."""

PLATFORM_TABLES = (
    "journal",
    "runs",
    "approvals",
    "effects",
    "accounts",
    "control",
    "health",
    "choices",
    "cache",
    "waits",
    "sessions",
    "stops",
    "inquiries",
    "rows",
    "files",
    "projections",
    "costs",
    "summaries",
    "replays",
)
"""Tables that only agents, steps and the gateway reach."""

BUSINESS_TABLES = ("orders", "refunds", "supplies", "documents")
"""Tables that tools may reach."""

MANIFESTS = "*/map/rows.csv"
"""What lists the rows that a distributed map goes through, by tenant and run: numbers and places, nothing of what rows say."""

BOUNDARIES = {"agent": "workers", "tool": "workers", "step": "steps", "workflow": "workflows"}
"""By the kind of a role, the permissions boundary that it has: ``policies/boundaries/<name>.json``."""

_HOLE = re.compile(r"\$\{([A-Z]\w*)\}")  # spares JSONata's $name and IAM's ${aws:name}


def gateway_alias(agent: str) -> str:
    """The gateway's alias for *agent*. Septet's ``entry.gateway`` reads the agent's name from it."""
    return f"agent-{agent}"


UNDOER = "step-compensate"
"""The gateway's alias for the step that undoes. Septet's ``entry.gateway`` knows it by this."""


def holes(text: str) -> frozenset[str]:
    """The ``${Name}`` holes in *text*, by name."""
    return frozenset(_HOLE.findall(text))


def fill(text: str, values: Mapping[str, str]) -> str:
    """*text* with every ``${Name}`` replaced. Raises ValueError for a name that *values* lacks."""
    if unknown := holes(text) - values.keys():
        raise ValueError(f"nothing fills {', '.join(f'${{{name}}}' for name in sorted(unknown))}; there is: {', '.join(sorted(values))}")
    return _HOLE.sub(lambda hole: values[hole[1]], text)


def pascal(kind: str, name: str) -> str:
    """The hole for a function, or a table: ``agent``, ``refunds_fallback`` make ``AgentRefundsFallback``."""
    return "".join(part.capitalize() for part in (kind, *name.split("_")))


def partition_of(region: str) -> str:
    """The AWS partition a region belongs to."""
    prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
    return next((partition for prefix, partition in prefixes.items() if region.startswith(prefix)), "aws")


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """The names of one environment in one account and region. An environment's name is used once in a region."""

    environment: str
    region: str
    account: str

    @property
    def partition(self) -> str:
        """``aws``, ``aws-cn`` or ``aws-us-gov``."""
        return partition_of(self.region)

    @property
    def prefix(self) -> str:
        """What every name begins with."""
        return f"septet-{self.environment}"

    def arn(self, service: str, rest: str) -> str:
        """An ARN in this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{rest}"

    def function(self, kind: str, name: str) -> str:
        """A function's name; *kind* is ``agent``, ``tool`` or ``step``."""
        return f"{self.prefix}-{kind}-{name}"

    def alias_arn(self, kind: str, name: str) -> str:
        """The ARN that is invoked: the alias ``live``. The gateway has one for each agent instead."""
        return self.arn("lambda", f"function:{self.function(kind, name)}:{ALIAS}")

    def gateway(self, agent: str) -> str:
        """The gateway as *agent*, and nobody else, may call it: the alias by which the gateway knows the agent."""
        return f"{self.function('step', 'gateway')}:{gateway_alias(agent)}"

    def gateway_arn(self, agent: str) -> str:
        """The ARN of that alias."""
        return self.arn("lambda", f"function:{self.gateway(agent)}")

    def log_group(self, kind: str, name: str) -> str:
        """The log group of a function, or of a workflow."""
        return f"/septet/{self.environment}/{kind}/{name}"

    def log_group_arn(self, kind: str, name: str) -> str:
        """The ARN of a log group and, as IAM and Step Functions want it, of the streams in it."""
        return self.arn("logs", f"log-group:{self.log_group(kind, name)}:*")

    def role_path(self, kind: str, name: str) -> str:
        """The path that a role's ARN carries, so that the boundary can tell who is asking."""
        return f"/septet/{self.environment}/{kind}/{name}/"

    def roles_arn(self, kind: str) -> str:
        """The ARN pattern of all roles of a kind."""
        return f"arn:{self.partition}:iam::{self.account}:role/septet/{self.environment}/{kind}/*"

    def boundary(self, boundary: str) -> str:
        """The name of a permissions boundary, ``workers`` say; IAM is global, so it carries the region."""
        return f"{self.prefix}-boundary-{boundary}-{self.region}"

    def boundary_arn(self, kind: str) -> str:
        """The ARN of the permissions boundary that every role of *kind* has."""
        return f"arn:{self.partition}:iam::{self.account}:policy/{self.boundary(BOUNDARIES[kind])}"

    def state_machine(self, workflow: str) -> str:
        """A workflow's state machine."""
        return f"{self.prefix}-{workflow}"

    def state_machine_arn(self, workflow: str) -> str:
        """The ARN of a workflow's state machine."""
        return self.arn("states", f"stateMachine:{self.state_machine(workflow)}")

    def executions_arn(self, workflow: str) -> str:
        """The ARN pattern of a workflow's executions, whose names are made at run time."""
        return self.arn("states", f"execution:{self.state_machine(workflow)}:*")

    def map_executions_arn(self, workflow: str) -> str:
        """The ARN pattern of the executions that a workflow's distributed maps start."""
        return self.arn("states", f"execution:{self.state_machine(workflow)}/*")

    def map_runs_arn(self, workflow: str) -> str:
        """The ARN pattern of a workflow's runs of distributed maps."""
        return self.arn("states", f"mapRun:{self.state_machine(workflow)}/*")

    def table(self, table: str) -> str:
        """A table's name."""
        return f"{self.prefix}-{table}"

    def table_arn(self, table: str) -> str:
        """A table's ARN."""
        return self.arn("dynamodb", f"table/{self.table(table)}")

    def bucket(self) -> str:
        """The bucket of bodies; bucket names are global, so it carries account and region."""
        return f"{self.prefix}-bodies-{self.account}-{self.region}"

    def bucket_arn(self) -> str:
        """The bucket's ARN."""
        return f"arn:{self.partition}:s3:::{self.bucket()}"

    def bodies_key(self) -> str:
        """The alias of the key that encrypts bodies."""
        return f"alias/{self.prefix}-bodies"

    def bodies_key_arn(self) -> str:
        """The alias's ARN."""
        return self.arn("kms", self.bodies_key())

    def seals(self) -> str:
        """The bucket of seals."""
        return f"{self.prefix}-seals-{self.account}-{self.region}"

    def seals_arn(self) -> str:
        """Its ARN."""
        return f"arn:{self.partition}:s3:::{self.seals()}"

    def seals_key(self) -> str:
        """The alias of the key that signs seals."""
        return f"alias/{self.prefix}-seals"

    def id_key(self) -> str:
        """The name of the secret by which ids are made."""
        return f"{self.prefix}-ids"

    def id_key_arn(self) -> str:
        """The secret's ARN pattern: Secrets Manager adds six characters of its own."""
        return self.arn("secretsmanager", f"secret:{self.id_key()}-??????")

    def bus(self) -> str:
        """The bus on which others tell of events."""
        return f"{self.prefix}-events"

    def bus_arn(self) -> str:
        """Its ARN."""
        return self.arn("events", f"event-bus/{self.bus()}")

    def queue(self, queue: str) -> str:
        """A queue: ``events``, or ``events-dead`` for those that start nothing."""
        return f"{self.prefix}-{queue}"

    def queue_arn(self, queue: str) -> str:
        """Its ARN."""
        return self.arn("sqs", self.queue(queue))

    def stream_parameter(self, table: str) -> str:
        """The parameter that holds the ARN of a table's stream, which AWS makes with the time in it."""
        return f"/septet/{self.environment}/streams/{table}"

    def streams_arn(self, table: str) -> str:
        """The ARN pattern of a table's streams."""
        return f"{self.table_arn(table)}/stream/*"

    def metrics(self) -> str:
        """The namespace of the metrics that the runtime tells."""
        return f"Septet/{self.environment}"

    def alarm(self, alarm: str) -> str:
        """An alarm."""
        return f"{self.prefix}-{alarm}"

    def dashboard(self, dashboard: str) -> str:
        """A dashboard."""
        return f"{self.prefix}-{dashboard}"

    def topic(self, topic: str) -> str:
        """Where alarms are told: ``pages`` or ``tickets``."""
        return f"{self.prefix}-{topic}"

    def topics_key(self) -> str:
        """The alias of the key that encrypts what is told there."""
        return f"alias/{self.prefix}-topics"

    def values(self) -> dict[str, str]:
        """What fills ``${Environment}`` and its like in policies and state machines."""
        return {"Environment": self.environment, "Partition": self.partition, "Region": self.region, "Account": self.account}

    def tables(self, tables: tuple[str, ...]) -> dict[str, str]:
        """What fills ``${JournalTable}`` and its like: ARNs."""
        return {f"{pascal('', table)}Table": self.table_arn(table) for table in tables}
