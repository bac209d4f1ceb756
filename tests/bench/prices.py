"""What a run costs on the platform, from what it was measured to use. Models are not in it: docs/money.md is about those."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from septet.observability.platform_costs import GB_SECOND, INVOCATION, REQUEST, TRANSITION

# The others are those of the estimates: list prices of us-east-1, before any free tier, in dollars.
WRITE, READ = 0.625e-6, 0.125e-6
"""A unit of DynamoDB on demand: 1 KB written, 4 KB read consistently."""
PUT, GET = 5e-6, 0.4e-6
"""A request to S3."""
KEY = 3e-6
"""A request to KMS."""
LOGGED = 0.5e-6
"""A KB of logs taken in."""
TRACED = 5e-6
"""A trace recorded."""
EVENT, MESSAGE, SECRET = 1e-6, 0.4e-6, 5e-6
"""An event put on a bus of EventBridge (those of AWS's own services cost nothing), a request to SQS, one to Secrets Manager."""
_WRITES = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")


@dataclass(frozen=True, kw_only=True)
class Used:
    """What one run used."""

    transitions: int
    seconds: Mapping[str, float]
    """Billed, by function, as ``agent-triage``."""
    memory: Mapping[str, float]
    """GB, by function."""
    invocations: Mapping[str, int]
    calls: Mapping[tuple[str, str], int]
    """Requests to AWS, by function and what they are, as ``dynamodb PutItem septet-twin-journal``."""
    entry_units: float
    """Units that writing an entry of the journal takes, on average."""
    logged: Mapping[str, float]
    """KB of logs, by function."""


def components(used: Used) -> dict[str, float]:
    """Dollars by component, for one run."""
    calls: Counter[str] = Counter()
    for (_, what), count in used.calls.items():
        calls[what] += count
    tables = {what: count for what, count in calls.items() if what.startswith("dynamodb ")}
    written = sum(count * _units(what, used) for what, count in tables.items() if _writes(what))
    read = sum(count for what, count in tables.items() if not _writes(what))
    return {
        "Step Functions": used.transitions * TRANSITION,
        "Lambda's requests": sum(used.invocations.values()) * INVOCATION,
        "Lambda's GB-seconds": sum(used.seconds[name] * used.memory[name] for name in used.seconds) * GB_SECOND,
        "DynamoDB": written * WRITE + read * READ,
        "S3 and KMS": sum(
            count * ((PUT if " PUT " in f" {what} " else GET) + KEY) for what, count in calls.items() if what.startswith("s3 ")
        ),
        "API Gateway": used.invocations.get("step-api", 0) * REQUEST,
        "EventBridge, SQS and secrets": sum(count * _ELSE.get(what.partition(" ")[0], 0.0) for what, count in calls.items()),
        "logs and traces": sum(used.logged.values()) * LOGGED + TRACED,
    }


_FREE = ("states", "lambda", "bedrock", "sagemaker", "event", "answer", "dynamodb", "s3")
"""Not billed by the request, or counted elsewhere: executions by transitions, functions by invocations; models are not in it."""
_ELSE = {"events": EVENT, "sqs": MESSAGE, "secretsmanager": SECRET, "kms": KEY}


def unpriced(used: Used) -> tuple[str, ...]:
    """Services that were asked and have no price here."""
    services = {what.partition(" ")[0] for _, what in used.calls}
    return tuple(sorted(services - {*_FREE, *_ELSE}))


def _units(what: str, used: Used) -> float:
    """Of a write; one in a transaction counts twice, and it has about four."""
    if "TransactWriteItems" in what:
        return 8
    return used.entry_units if "journal" in what else 1


def _writes(what: str) -> bool:
    return any(f" {name}" in what for name in _WRITES)


def grown(used: Used, *, model_calls: tuple[int, int], tool_calls: tuple[int, int], model_seconds: float, tool_seconds: float) -> Used:
    """*used* by a run with so many calls, as a run with more of them would use it: ``(measured, wanted)`` each, and what each call takes.

    What agents use grows with their model calls, what the gateway and tools use with the tool calls; the rest stays.
    """
    per_model, per_tool = model_calls[1] / model_calls[0], tool_calls[1] / tool_calls[0]

    def factor(name: str) -> float:
        if name.startswith("agent-"):
            return per_model
        return per_tool if name.startswith("tool-") or name == "step-gateway" else 1.0

    agents = [name for name in used.seconds if name.startswith("agent-")]
    waits = {name: (model_calls[1] * model_seconds + tool_calls[1] * tool_seconds) / len(agents) for name in agents}
    waits |= {name: tool_calls[1] * tool_seconds for name in used.seconds if name == "step-gateway" or name.startswith("tool-")}
    return Used(
        transitions=used.transitions,
        seconds={name: seconds * factor(name) + waits.get(name, 0.0) for name, seconds in used.seconds.items()},
        memory=used.memory,
        invocations={name: round(count * (1.0 if name.startswith("agent-") else factor(name))) for name, count in used.invocations.items()},
        calls={key: round(count * factor(key[0])) for key, count in used.calls.items()},
        entry_units=used.entry_units,
        logged={name: kb * factor(name) for name, kb in used.logged.items()},
    )
