"""Conditions of statements. An answer is true, false, or None where it cannot be known; what that means, the effect decides."""

from collections.abc import Callable, Iterable, Mapping

from local.iam.patterns import arn_matches, matches
from local.iam.statements import Conditions

type Context = Mapping[str, tuple[str, ...]]
"""What is known of a call, by condition key. No value: the call does not have the key. A key that is missing here is not known.
A name that ends with ``*`` stands for every other key that begins so."""
type Known = bool | None

_LIKENESS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda pattern, value: pattern == value,
    "StringLike": matches,
    "ArnEquals": arn_matches,
    "ArnLike": arn_matches,
    "Bool": lambda pattern, value: pattern.lower() == value.lower(),
}
_NEGATED = {"StringNotEquals": "StringEquals", "StringNotLike": "StringLike", "ArnNotEquals": "ArnEquals", "ArnNotLike": "ArnLike"}


def hold(conditions: Conditions, context: Context) -> Known:
    """Whether every condition holds."""
    return both(holds(operator, key, values, context) for operator, tests in conditions.items() for key, values in tests.items())


def both(answers: Iterable[Known]) -> Known:
    """Whether all *answers* are true; one false answer settles it, whatever is not known."""
    found = list(answers)
    return False if False in found else None if None in found else True


def holds(operator: str, key: str, patterns: tuple[str, ...], context: Context) -> Known:
    """Whether one condition holds: *operator* as in a policy, with its quantifier or ``IfExists``."""
    values = _values(key.lower(), {name.lower(): values for name, values in context.items()})  # keys ignore case
    if values is None or any("${" in pattern for pattern in patterns):
        return None
    quantifier, _, plain = operator.rpartition(":")
    bare = plain.removesuffix("IfExists")
    if bare == "Null":
        return (not values) is (patterns == ("true",))
    fits = _fits(bare, patterns)
    if fits is None or quantifier not in {"", "ForAllValues", "ForAnyValue"}:
        return None
    if not values:
        return _without_value(quantifier, negated=bare in _NEGATED, optional=plain != bare)
    if quantifier:
        return (all if quantifier == "ForAllValues" else any)(map(fits, values))
    return fits(values[0]) if len(values) == 1 else None


def _values(key: str, known: Context) -> tuple[str, ...] | None:
    if key in known:
        return known[key]
    return next((values for name, values in known.items() if name.endswith("*") and key.startswith(name[:-1])), None)


def _fits(operator: str, patterns: tuple[str, ...]) -> Callable[[str], bool] | None:
    """How one value is compared with *patterns*; None for an operator that is not known here."""
    like = _LIKENESS.get(_NEGATED.get(operator, operator))
    if like is None:
        return None
    return lambda value: any(like(pattern, value) for pattern in patterns) is (operator not in _NEGATED)


def _without_value(quantifier: str, *, negated: bool, optional: bool) -> bool:
    """What IAM makes of a key that the call does not have."""
    if quantifier == "ForAnyValue":
        return False
    return optional or negated or quantifier == "ForAllValues"
