"""Who was chosen, what was parted and put together: the platform's own decisions, in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from septet.core.entries import Branched, Resolved, Routed
from septet.core.money import dollars
from septet.observability.explaining.steps import Why

_PURPOSES = {"skill": "has the skill", "pool": "is of the pool", "first": "was the first with a good answer of"}


def routed(body: Routed, number: int) -> tuple[tuple[Why, ...], tuple[Why, ...]]:
    """Why the choice fell so, and why the turn begins that follows it."""
    rationale = body.rationale if isinstance(body.rationale, Mapping) else {}
    texts = list(_texts(body, rationale))
    return tuple(Why(by="routing", text=text) for text in texts), (Why(by="routing", text=f"{texts[0]} (entry {number})"),)


def _texts(body: Routed, rationale: Mapping[str, Any]) -> Iterator[str]:
    to = body.to or "nobody"
    match body.purpose:
        case "take_over":
            yield f"{to} takes over from {body.of}, which failed with {body.error}"
            yield from _take_over(body, rationale)
        case "degrade":
            yield f"nobody could answer after {body.of} failed with {body.error}: the workflow's own text is the answer"
        case purpose:
            chosen = _PURPOSES.get(purpose, f"is chosen ({purpose}) for")
            yield f"{to} {chosen} {body.of}" if body.to else f"nobody is chosen for {body.of}"
            yield from _choice(rationale)


def _take_over(body: Routed, rationale: Mapping[str, Any]) -> Iterator[str]:
    if rationale.get("declared_for"):
        yield f"{body.of} declares it for {'any error' if rationale['declared_for'] == 'any' else rationale['declared_for']}"
    if rationale.get("person"):
        yield "a person has to look first: an effect may or may not have happened"
    elif rationale.get("never"):
        yield f"nobody takes over after {rationale['never']}: another agent would only repeat it, or must not be let near"
    passed = rationale.get("passed_over")
    yield from (f"{name} is passed over: it {why}" for name, why in passed.items()) if isinstance(passed, Mapping) else ()


def _choice(rationale: Mapping[str, Any]) -> Iterator[str]:
    if rationale.get("why"):
        yield str(rationale["why"])
    if rationale.get("rule"):
        yield str(rationale["rule"])
    if "confidence" in rationale:
        yield f"confidence {rationale['confidence']}, at least {rationale.get('least', 0)} is asked for"
    candidates = rationale.get("candidates")
    for name, facts in candidates.items() if isinstance(candidates, Mapping) else ():
        told = ", ".join(f"{fact} {value}" for fact, value in facts.items()) if isinstance(facts, Mapping) else str(facts)
        yield f"candidate {name}: {told}"


def branched(body: Branched) -> tuple[Why, ...]:
    """Into how many branches, and with how much money."""
    return (Why(by="workflow", text=f"the workflow parts the work into {len(body.paths)} branches with {dollars(body.share)} each"),)


def resolved(body: Resolved) -> tuple[Why, ...]:
    """By which rule, and who is missing."""
    missing = body.missing if isinstance(body.missing, Mapping) else {}
    told = [f"{len(body.paths) - len(missing)} of {len(body.paths)} branches are put together by the rule {body.method}"]
    told += [f"{body.winner} stands"] if body.winner else []
    told += [f"{path} is missing: {error}" for path, error in missing.items()]
    rationale = body.rationale if isinstance(body.rationale, Mapping) else {}
    told += [str(rationale["rule"])] if rationale.get("rule") else []
    return tuple(Why(by="platform", text=text) for text in told)
