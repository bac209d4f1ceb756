"""What is open while a branch's entries are folded into spans: small, and JSON can say it."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from septet.core.frozen import frozen
from septet.core.money import Usage
from septet.observability.spans import Event, Kind, Link, Value

OPEN = 128
"""Spans that are open at once in a branch; of more, the oldest is told as it stands."""
OPEN_BEFORE = 128
"""Spans that are remembered as open in attempts that are over; of more, those of the oldest attempt are told as they stand."""
EVENTS = 32
"""Events of one span; entries beyond those are covered by the span's time alone."""
ATTEMPTS = 32
"""Attempts that are remembered after a later one began."""


@frozen
class Draft:
    """A span that has begun."""

    span: str
    parent: str
    name: str
    start: int
    until: int
    """When its latest entry was written."""
    last: int
    """Number of that entry."""
    kind: Kind = "internal"
    attributes: Mapping[str, Value] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    events: tuple[Event, ...] = ()
    cost: int = 0
    usage: Usage = field(default_factory=Usage)


@frozen
class Attempt:
    """What a branch came to in one attempt of its run."""

    number: int = 0
    start: int = -1
    """When its first entry was written; below 0 before there is one."""
    until: int = 0
    """When its latest was. Never before an earlier entry: clocks differ, and a span does not end before it begins."""
    open: Mapping[str, Draft] = field(default_factory=dict)
    """By what it is and whose, in the order in which they began."""
    latest: str = ""
    """The turn that worked last."""
    events: tuple[Event, ...] = ()
    """Of the branch itself."""
    parted: Mapping[str, int] = field(default_factory=dict)
    """By the path of a branch that was put together, when that was."""
    cost: int = 0
    usage: Usage = field(default_factory=Usage)
    error: str = ""
    """Class of the latest failure, unless an agent has answered since."""


@frozen
class State:
    """What a branch's entries came to."""

    now: Attempt = field(default_factory=Attempt)
    before: tuple[Attempt, ...] = ()
    """Attempts that are over."""
    given: Mapping[str, str] = field(default_factory=dict)
    """By call, the span in which a person decided on it: the call that is then made links to it."""
    handed: tuple[str, str, str] = ("", "", "")
    """Whom the work was passed to, the span of the turn that it came from, and why."""
    worked: str = ""
    """The span of the turn that ended last."""


def added(one: Usage, other: Usage | None) -> Usage:
    """Both together."""
    if other is None:
        return one
    return Usage(
        input=one.input + other.input,
        output=one.output + other.output,
        cache_read=one.cache_read + other.cache_read,
        cache_write=one.cache_write + other.cache_write,
    )


def to_json(state: State) -> dict[str, Any]:
    """*state* as JSON types."""
    return {
        "now": _attempt(state.now),
        "before": [_attempt(one) for one in state.before],
        "given": dict(state.given),
        "handed": list(state.handed),
        "worked": state.worked,
    }


def from_json(value: Any) -> State:
    """The state that ``to_json`` made *value* of; the empty one for None."""
    if value is None:
        return State()
    to, span, why = value["handed"]
    return State(
        now=_read_attempt(value["now"]),
        before=tuple(_read_attempt(one) for one in value["before"]),
        given=value["given"],
        handed=(to, span, why),
        worked=value["worked"],
    )


def _attempt(attempt: Attempt) -> dict[str, Any]:
    found = _fields(attempt)
    return found | {
        "open": [[key, _draft(draft)] for key, draft in attempt.open.items()],
        "events": [_fields(event) for event in attempt.events],
        "usage": _fields(attempt.usage),
    }


def _read_attempt(value: Mapping[str, Any]) -> Attempt:
    opened = {key: _read_draft(draft) for key, draft in value["open"]}
    return Attempt(**{**value, "open": opened, "events": _read_events(value["events"]), "usage": Usage(**value["usage"])})


def _draft(draft: Draft) -> dict[str, Any]:
    return _fields(draft) | {
        "links": [_fields(link) for link in draft.links],
        "events": [_fields(event) for event in draft.events],
        "usage": _fields(draft.usage),
    }


def _read_draft(value: Mapping[str, Any]) -> Draft:
    read = {
        "attributes": _read_values(value["attributes"]),
        "links": tuple(Link(**{**link, "attributes": _read_values(link["attributes"])}) for link in value["links"]),
        "events": _read_events(value["events"]),
        "usage": Usage(**value["usage"]),
    }
    return Draft(**{**value, **read})


def _read_events(value: list[Mapping[str, Any]]) -> tuple[Event, ...]:
    return tuple(Event(**{**event, "attributes": _read_values(event["attributes"])}) for event in value)


def _read_values(value: Mapping[str, Any]) -> dict[str, Value]:
    return {name: tuple(item) if isinstance(item, list) else item for name, item in value.items()}


def _fields(value: Any) -> dict[str, Any]:
    """The fields of *value*, mappings copied, tuples of texts as lists."""
    found = {name: getattr(value, name) for name in type(value).__annotations__}
    return {name: dict(item) if isinstance(item, Mapping) else item for name, item in found.items()}
