"""Warm invocations, in a process of their own: ``python -m tests.bench.warm nothing|septet|gateway|api|logger|powertools COUNT``."""

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

EVENT = {"tenant": "acme", "run": "run-01hzzzzzzzzzzzzzzzzzzzzzzz", "turn": "research_writer-1", "branch": "r-0"}
SAID = {"run": EVENT["run"], "turn": EVENT["turn"], "bundle": "0123456789abcdef", "outcome": "answer"}
CALLED = {"run": EVENT["run"], "turn": EVENT["turn"], "agent": "research_writer", "calls": 2, "denied": 0, "asked": 0, "failed": 1}
ANSWERED = {"operation": "get_run", "status": 200, "milliseconds": 17}
TRACE = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700"
CONTEXT = SimpleNamespace(
    function_name="f",
    memory_limit_in_mb=256,
    invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:f",
    aws_request_id="8476a536-e9f4-11e8-9739-000000000000",
)
Handler = Callable[[Any, Any], Any]


def nothing() -> Handler:
    """A handler that does nothing."""
    return lambda _, __: {"ok": True}


def septet() -> Handler:
    """The guard of every function, and the line that an agent writes: its metrics are projected from the journal, elsewhere."""
    return _line("turn", SAID)


def gateway() -> Handler:
    """The same with the gateway's line."""
    return _line("calls", CALLED)


def api() -> Handler:
    """The same with the API's line, which says where the request was to be done once that is known."""
    from septet.entry.place import here  # noqa: PLC0415 -- as above

    return _line("request", ANSWERED, lambda: here.update({"tenant": EVENT["tenant"], "run": EVENT["run"], "trace": TRACE}))


def _line(message: str, said: dict[str, Any], before: Callable[[], Any] = lambda: None) -> Handler:
    """The guard of every function, and the *message* that one of them writes, which has what is *said*."""
    from septet.entry.guard import guarded  # noqa: PLC0415 -- as above
    from septet.entry.logs import logger  # noqa: PLC0415 -- as above

    log = logger()

    def handler(_: Any, __: Any) -> Any:
        before()
        log.info(message, extra=said)
        return {"ok": True}

    return guarded(handler)


def logger() -> Handler:
    """Powertools' Logger as its manual has it."""
    from aws_lambda_powertools import Logger  # noqa: PLC0415 -- as above

    log = Logger()

    def handler(_: Any, __: Any) -> Any:
        log.info("turn", extra=SAID)
        return {"ok": True}

    made: Handler = log.inject_lambda_context(handler)
    return made


def powertools() -> Handler:
    """Powertools' Logger, and its Metrics with one figure."""
    from aws_lambda_powertools import Metrics  # noqa: PLC0415 -- as above
    from aws_lambda_powertools.metrics import MetricUnit  # noqa: PLC0415 -- as above

    inner, metrics = logger(), Metrics(namespace="n")

    def handler(event: Any, context: Any) -> Any:
        metrics.add_metric(name="steps", unit=MetricUnit.Count, value=1)
        return inner(event, context)

    made: Handler = metrics.log_metrics(handler)
    return made


KINDS = {"nothing": nothing, "septet": septet, "gateway": gateway, "api": api, "logger": logger, "powertools": powertools}

if __name__ == "__main__":
    invoke = KINDS[sys.argv[1]]()
    for _ in range(int(sys.argv[2])):
        invoke(EVENT, CONTEXT)
    sys.stdout.write("\ndone")
