"""Spans of a run, folded from its journal: the same ones whoever folds it, in whatever portions, and however often."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from septet.core.entries import Entry
from septet.core.frozen import frozen
from septet.core.journal import MAIN
from septet.core.runs import Run
from septet.observability.places import Place
from septet.observability.spans import Span
from septet.observability.tracing.ends import ends, lengthened
from septet.observability.tracing.folding import Folding
from septet.observability.tracing.state import State, from_json, to_json


@frozen
class Traces:
    """The projection of journals to spans."""

    providers: Mapping[str, str] = field(default_factory=dict)
    """By model, its provider as ``policies/models.toml`` names it."""
    tools: frozenset[str] = frozenset()
    """The tools that are declared. A name that is none of them is a model's wording, and not told."""

    agents: frozenset[str] = frozenset()
    """The same of agents, of which a model says to whom it hands over."""

    def take(self, state: State, place: Place, entry: Entry) -> tuple[State, tuple[Span, ...]]:
        """The state after *entry*, and the spans that ended with it. What a fork took over is its origin's, and told there."""
        if place.copied(entry):
            return state, ()
        folding = Folding(state=state, place=place, entry=entry, providers=self.providers, tools=self.tools, agents=self.agents)
        folding.take()
        after = folding.after()
        longer = (lengthened(place, after.now),) if folding.late and place.path != MAIN else ()
        return after, (*folding.told, *longer)

    def ended(self, states: Mapping[str, State], run: Run, told: int = 0) -> tuple[Span, ...]:
        """The spans that end with the present attempt of *run*, which is over, and with those before it from attempt *told* on.

        *states* has what each of its branches came to, by path.
        """
        return ends(states, run, told)

    def to_json(self, state: State) -> Any:
        """The state as JSON types."""
        return to_json(state)

    def from_json(self, value: Any) -> State:
        """What ``to_json`` was given; of None, the state before the first entry."""
        return from_json(value)
