"""An agent's folder as a Lambda function."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from septet.bootstrap import agents
from septet.core.errors import InputRejected
from septet.core.journal import MAIN, Branch
from septet.entry.guard import guarded
from septet.entry.logs import logger
from septet.entry.place import here
from septet.execution.agents import Check, agent
from septet.execution.driver import Driver, Outcome, Ports

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

Handler = Callable[[Mapping[str, Any], "LambdaContext"], dict[str, Any]]


def _check(path: Path) -> Check:
    """The function ``check`` of the agent's own module."""
    from importlib.util import module_from_spec, spec_from_file_location  # noqa: PLC0415 -- most agents have none

    spec: Any = spec_from_file_location("check", path)
    module: Any = module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Check = module.check
    return found


def serve(beside: str, *, ports: Callable[[], Ports] = agents.ports) -> Handler:
    """The handler of the agent whose ``bundle.json`` lies beside the file *beside*.

    Its event names where to work: ``{"tenant", "run", "turn"}``, and maybe ``branch`` (``main`` when it does not), and ``on_behalf_of``,
    the agents that it acts for. It returns an Outcome as JSON types, or raises the named error that ended the turn.
    """
    log = logger()

    @cache
    def declared() -> Any:
        bundle = json.loads(Path(beside).with_name("bundle.json").read_bytes())
        return agent(bundle, check=_check(Path(beside).with_name("check.py")) if bundle.get("check") else None)

    def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
        place = {name: event.get(name) for name in ("tenant", "run", "turn")}
        if wrong := [name for name, value in place.items() if not isinstance(value, str) or not value]:
            raise InputRejected(f"{wrong[0]} must be a text; an agent's event is {{tenant, run, turn}}")
        driver = Driver(
            declared(),
            Branch(tenant=event["tenant"], run=event["run"], path=event.get("branch", MAIN)),
            event["turn"],
            ports=ports(),
            remaining=context.get_remaining_time_in_millis,
            on_behalf_of=event.get("on_behalf_of", ()),
        )
        here["trace"] = driver.trace
        outcome = driver.run()
        log.info("turn", extra={"run": event["run"], "turn": event["turn"], "bundle": declared().bundle, "outcome": outcome.outcome})
        return {name: getattr(outcome, name) for name in Outcome.__annotations__}

    return guarded(handler)
