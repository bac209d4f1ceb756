"""What a trace is made of: spans, their links, and the port that takes them. The words are OpenTelemetry's."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Literal, Protocol

from septet.core.errors import StoreUnavailable
from septet.core.frozen import frozen

Value = str | int | float | bool | tuple[str, ...]
Kind = Literal["internal", "client"]


@frozen
class Link:
    """That a span has to do with another that is not its parent."""

    trace: str
    span: str
    attributes: Mapping[str, Value] = field(default_factory=dict)


@frozen
class Event:
    """Something that happened at a moment of a span."""

    name: str
    at: int
    """Milliseconds since the epoch."""
    attributes: Mapping[str, Value] = field(default_factory=dict)


@frozen
class Span:
    """Something that took its time. Its ids follow from the journal, so whoever projects it again makes the same span."""

    trace: str
    span: str
    parent: str
    """Of the same trace; empty where there is none."""
    name: str
    kind: Kind
    start: int
    """Milliseconds since the epoch."""
    end: int
    attributes: Mapping[str, Value]
    links: tuple[Link, ...] = ()
    events: tuple[Event, ...] = ()
    error: str = ""
    """Name of an error class, where it ended badly."""


class SpansRefused(StoreUnavailable):
    """The collector will not have spans, now or later: its address or the caller's rights are wrong, or what some of them are."""


class Exporter(Protocol):
    """Takes spans to where they are looked at."""

    def export(self, spans: Sequence[Span]) -> None:
        """Have *spans* taken; the same span again is the same.

        Raises StoreUnavailable when nobody took them: the caller tries again; SpansRefused when that would not help.
        """
        ...
