"""Statements of policies, read strictly: what this evaluator does not know it refuses, rather than pass it over."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

type Conditions = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Values by operator and key."""

_KNOWN = {"Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition"}


class PolicyError(ValueError):
    """A statement has a part that this evaluator does not know."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """One statement. Of each pair with ``other_than`` it has one: patterns that must fit, or that must not."""

    sid: str
    effect: Literal["Allow", "Deny"]
    principals: tuple[str, ...] = ()
    """Who is meant, in the policy of a resource; services are left out, for no role is one."""
    actions: tuple[str, ...] = ()
    other_than_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    other_than_resources: tuple[str, ...] = ()
    conditions: Conditions


def read(policy: Mapping[str, Any]) -> tuple[Statement, ...]:
    """The statements of a policy document, as JSON with every intrinsic resolved. Raises PolicyError."""
    return statements(listed(policy["Statement"]))


def statements(raw: Iterable[Mapping[str, Any]]) -> tuple[Statement, ...]:
    """The same from statements alone."""
    return tuple(_statement(one) for one in raw)


def listed(value: Any) -> list[Any]:
    """*value* as a list, for a policy may leave the brackets out around one thing."""
    return value if isinstance(value, list) else [value]


def _statement(raw: Mapping[str, Any]) -> Statement:
    sid = str(raw.get("Sid", ""))
    if unknown := raw.keys() - _KNOWN:
        raise PolicyError(f"statement {sid!r} has {', '.join(sorted(unknown))}, which this evaluator does not know")
    if (effect := raw["Effect"]) not in {"Allow", "Deny"}:
        raise PolicyError(f"statement {sid!r} has the effect {effect!r}")
    return Statement(
        sid=sid,
        effect=effect,
        principals=_principals(raw.get("Principal", {})),
        actions=_texts(raw.get("Action", [])),
        other_than_actions=_texts(raw.get("NotAction", [])),
        resources=_texts(raw.get("Resource", [])),
        other_than_resources=_texts(raw.get("NotResource", [])),
        conditions={
            operator: {key: _texts(values) for key, values in tests.items()} for operator, tests in raw.get("Condition", {}).items()
        },
    )


def _principals(raw: str | Mapping[str, Any]) -> tuple[str, ...]:
    return (raw,) if isinstance(raw, str) else _texts(raw.get("AWS", []))


def _texts(value: Any) -> tuple[str, ...]:
    found: Sequence[Any] = listed(value)
    if wrong := [one for one in found if not isinstance(one, str | bool | int)]:
        raise PolicyError(f"{wrong[0]!r} is not text: an intrinsic that was not resolved")
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in found)
