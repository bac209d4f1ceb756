"""``policies/slo.toml``: what each workflow promises, and how many of its runs must keep the promise."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from stacks.catalog.fields import Fields, by_workflow
from stacks.catalog.problems import Problems

FILE = "policies/slo.toml"
FASTEST = 14.4
"""The highest burn rate that is watched. Where more than one in so many may break a promise, not even a total outage burns as fast."""

_SHARE = re.compile(r"[0-9]{1,2}(\.[0-9]{1,2})?")
_LOWEST, _HIGHEST = 9400, 9999
_WEEK = 7 * 24 * 3600


@dataclass(frozen=True, kw_only=True, slots=True)
class Promise:
    """That what is measured stays within a bound, for a share of all that is measured."""

    share: int
    """Hundredths of a percent: 9950 is 99.5 %."""
    within: int = 0
    """Milliseconds, or micro-dollars; 0 for success, which has no bound."""

    @property
    def budget(self) -> float:
        """The part of all that may break it."""
        return (10_000 - self.share) / 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Objectives:
    """What one workflow promises."""

    fewest: int
    """How many must be measured in an alarm's longer window before their share means anything."""
    success: Promise
    """Of all runs that end, those with an answer."""
    latency: Promise
    """Of those, the work without waits for people."""
    cost: Promise
    approval: Promise | None
    """From asking a person to the decision; None where nobody is asked."""


def objectives(root: Path, workflows: Collection[str], asking: Collection[str], problems: Problems) -> Mapping[str, Objectives]:
    """The objectives by workflow. Each workflow has some, and nothing else; those *asking* people promise when these decide."""
    tables = by_workflow(root / FILE, FILE, workflows, problems, holds=lambda name: ", ".join(("fewest", *_promises(asks=name in asking))))
    return {name: _objectives(table, asks=name in asking) for name, table in tables.items()}


def _promises(*, asks: bool) -> tuple[str, ...]:
    return ("success", "latency", "cost", "approval") if asks else ("success", "latency", "cost")


def _objectives(fields: Fields, *, asks: bool) -> Objectives:
    for name in _promises(asks=asks):
        fields.table(name, required=True)
    parts = {name: fields.within(name) for name in _promises(asks=asks)}
    found = Objectives(
        fewest=fields.whole("fewest", 1, 10_000),
        success=Promise(share=_share(parts["success"])),
        latency=_in_time(parts["latency"]),
        cost=Promise(share=_share(parts["cost"]), within=parts["cost"].dollars("dollars", nothing="and a run costs something")),
        approval=_in_time(parts["approval"]) if asks else None,
    )
    for name, part in parts.items():
        if name in fields.values:
            part.done()
    if not asks and "approval" in fields.values:
        fields.asked.add("approval")
        fields.wrong("approval", "is for workflows that ask a person, which this one does not: remove it")
    fields.done()
    return found


def _in_time(fields: Fields) -> Promise:
    return Promise(share=_share(fields), within=fields.whole("seconds", 1, _WEEK) * 1000)


def _share(fields: Fields) -> int:
    """A percentage, written as text so that no rounding happens."""
    example = 'a percentage as text, from "94" to "99.99"'
    text = fields.text("share")
    if type(fields.values.get("share")) is not str:
        return _LOWEST
    found = round(float(text) * 100) if _SHARE.fullmatch(text) else 0
    if not found:
        fields.wrong("share", f"is {text!r}: give {example}")
    elif found < _LOWEST:
        fields.wrong(
            "share",
            f"is {text!r}: below 94 not even a total outage burns {FASTEST} times what is allowed, so no alarm could tell: give {example}",
        )
    return found if _LOWEST <= found <= _HIGHEST else _LOWEST
