"""Which model is called next, and how long to wait before: pure, drawn numbers come from outside."""

from collections.abc import Collection, Sequence

from septet.execution.agents import Agent, ModelSpec

INVALID = "InvalidRequest"
"""A ModelUnavailable that the provider charges nothing for: it refused the request, and will again."""
CALLS = {"ModelThrottled": 3, "ModelUnavailable": 2, INVALID: 1, "ContextOverflow": 1, "ModelRefused": 1}
"""How often one model is called in one step, by the class of its latest failure: only what may pass is tried again."""
CALLS_ELSE = 2
"""The same for any other class, such as a call whose executor was lost: it tells nothing about the model."""
BASE = 200
"""Milliseconds: the longest first pause. It doubles with each attempt."""
CAP = 5_000
"""Milliseconds: the longest pause."""

_FALLBACK = {
    "ModelThrottled": "throttled",
    "ModelUnavailable": "unavailable",
    INVALID: "unavailable",
    "ContextOverflow": "overflow",
    "ModelRefused": "refused",
}


def route(
    agent: Agent, *, share: float, failures: Sequence[tuple[str, str]], sick: Collection[str], dear: Collection[str] = ()
) -> ModelSpec | None:
    """The model to call next in a step, one of the agent's; None when nothing is left to try.

    *share*, from 0 to below 1, places the turn among the candidates' weights. *failures* are the step's so far, each a model's id and the
    name of an error class. *sick* are the ids of models that are not to be called now, *dear* of those that the turn has no money for.
    Any step ends: a model is called at most as often as ``CALLS`` says, and one that another has followed is not called again.
    """
    able = [model for model in _able(agent) if model.id not in dear]
    if not failures:
        return _first(able, share, sick)
    last, error = failures[-1]
    tried = {id_ for id_, _ in failures}
    calls = sum(id_ == last for id_, _ in failures)
    if calls < CALLS.get(error, CALLS_ELSE) and last not in sick and (last, "ContextOverflow") not in failures:
        for model in able:
            if model.id == last:
                return model
    left = {model.id: model for model in able if model.id not in tried and model.id not in sick}
    for id_ in agent.fallback.get(_FALLBACK.get(error, ""), ()):
        if id_ in left:
            return left[id_]
    # A refusal is about what was asked: only a model that somebody chose for refusals is asked the same.
    return None if error == "ModelRefused" else _cheapest(_roomy(agent, failures, left.values()))


def pause(attempt: int, chance: float) -> int:
    """Milliseconds to wait before attempt number *attempt* (1 for the first repetition): full jitter, *chance* from 0 to below 1.

    Any pause up to min(CAP, BASE * 2 ** (attempt - 1)) is as likely as any other, so that callers who failed together do not return
    together (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
    """
    doublings = min(max(attempt - 1, 0), 16)
    return int(chance * min(CAP, BASE * 2**doublings))


def _able(agent: Agent) -> Sequence[ModelSpec]:
    """The models that can do what the agent needs. Structured answers and hand-overs are tools to a model."""
    needs_tools = agent.tools or agent.hand_over_to or agent.answer_schema is not None
    return [model for model in agent.models if "tools" in model.capabilities] if needs_tools else agent.models


def _first(able: Sequence[ModelSpec], share: float, sick: Collection[str]) -> ModelSpec | None:
    """The turn's candidate by weight among the well ones; else the cheapest that stands in; else, all being sick, a candidate all the same.

    The last is a probe, once a step: a breaker that is wrong, or shared by functions of which one has trouble of its own, costs one bounded
    call, while refusing would fail every run at a time when nobody is looking.
    """
    well = [model for model in able if model.id not in sick]
    return _drawn(well, share) or _cheapest(well) or _drawn(able, share) or _cheapest(able)


def _drawn(models: Sequence[ModelSpec], share: float) -> ModelSpec | None:
    """The model in whose part of all the weights *share* lies; those without weight have none."""
    weighted = [model for model in models if model.weight > 0]
    if len(weighted) == 1:
        return weighted[0]
    place = share * sum(model.weight for model in weighted)
    for model in weighted:
        place -= model.weight
        if place < 0:
            return model
    return weighted[-1] if weighted else None  # rounding: the weights' end is the last one's


def _roomy(agent: Agent, failures: Sequence[tuple[str, str]], models: Collection[ModelSpec]) -> list[ModelSpec]:
    """Those *models* that take more than any in which the step's request did not fit."""
    full = {id_ for id_, error in failures if error == "ContextOverflow"}
    room = max((model.context for model in agent.models if model.id in full), default=0)
    return [model for model in models if model.context > room]


def _cheapest(models: Collection[ModelSpec]) -> ModelSpec | None:
    """The one whose tokens read, and then whose tokens written, cost least; agents read far more than they write."""
    return min(models, key=lambda model: (model.price.input, model.price.output), default=None)
