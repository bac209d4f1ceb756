"""What is declared of who may work instead of whom: read from the file that the synth writes for the steps that choose."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from septet.core.frozen import frozen

ANY = "any"
"""In place of an error class: whatever happened."""


@frozen
class Worker:
    """An agent, as a choice sees it."""

    name: str
    skills: tuple[str, ...] = ()
    fallback: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By error class, or ``ANY``: who takes over, in order."""
    models: tuple[str, ...] = ()
    """Ids of all that it can call, those that only stand in too."""
    price: int = 0
    """Micro-dollars for a million tokens read and as many written, by the shares of its models."""


@frozen
class Pool:
    """Agents that can do the same, of which one is chosen."""

    agents: tuple[str, ...]
    full: int
    """Choices in two minutes after which another is preferred."""


@frozen
class Flow:
    """A workflow, as far as steps need to know."""

    agents: tuple[str, ...] = ()
    """All that it calls."""
    degraded: str = ""
    """What is answered when nobody can; empty when it declares nothing."""


@frozen
class Routes:
    """Everything declared."""

    workers: Mapping[str, Worker]
    pools: Mapping[str, Pool]
    flows: Mapping[str, Flow]


def routes(value: Mapping[str, Any]) -> Routes:
    """What a ``routing.json`` says. Raises KeyError or TypeError for anything else."""
    return Routes(
        workers={
            name: Worker(
                name=name,
                skills=tuple(one["skills"]),
                fallback={error: tuple(names) for error, names in one["fallback"].items()},
                models=tuple(one["models"]),
                price=one["price"],
            )
            for name, one in value["agents"].items()
        },
        pools={name: Pool(agents=tuple(one["agents"]), full=one["full"]) for name, one in value["pools"].items()},
        flows={name: Flow(agents=tuple(one["agents"]), degraded=one["degraded"]) for name, one in value["workflows"].items()},
    )
