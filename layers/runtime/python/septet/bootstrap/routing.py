"""Who works next, and what is learned of those who worked."""

from collections.abc import Callable, Collection
from functools import cache
from typing import TYPE_CHECKING

from septet.bootstrap.accounts import stops
from septet.bootstrap.agents import health
from septet.bootstrap.journals import unread
from septet.bootstrap.settings import now, settings
from septet.bootstrap.stores import choices

if TYPE_CHECKING:
    from septet.orchestration.learning import Learner
    from septet.orchestration.routes import Routes
    from septet.orchestration.selecting import Selector


def declared(beside: str) -> Callable[[], "Routes"]:
    """Who is declared to work instead of whom, in the ``routing.json`` that the synth wrote beside the file *beside*; read once."""

    @cache
    def read() -> "Routes":
        import json
        from pathlib import Path

        from septet.orchestration.routes import routes

        return routes(json.loads(Path(beside).with_name("routing.json").read_bytes()))

    return read


def selector(declared: "Routes") -> "Selector":
    """Whoever chooses between agents."""
    from septet.aws.choices import DynamoLoads
    from septet.aws.clients import client
    from septet.orchestration.selecting import Selector

    loads = DynamoLoads(client("dynamodb"), settings().choices_table)
    return Selector(routes=declared, choices=choices(), loads=loads, sick=sick)


def stopped(tenant: str) -> frozenset[str]:
    """The agents that may not work for *tenant*."""
    return frozenset(standing.name for standing in stops().of(tenant) if standing.scope == "agent")


def sick(models: Collection[str]) -> Collection[str]:
    """Those of the *models*, by their ids, that are taken out at the moment."""
    from septet.core.money import Price
    from septet.execution.agents import ModelSpec

    nothing = Price(input=0, output=0)
    return health().sick([ModelSpec(id=model, provider="", price=nothing, max_output=0) for model in models])


def learner() -> "Learner":
    """Whoever learns from a run how its agents did."""
    from septet.orchestration.learning import Learner

    return Learner(journal=unread(), choices=choices(), clock=now)
