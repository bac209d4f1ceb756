"""A TOML table read strictly: every key known, every value of its type, every problem noted rather than raised."""

import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from stacks.catalog.files import check_storable
from stacks.catalog.problems import Problems, known, nearest

_DOLLARS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")
_MICRO = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Fields:
    """The keys of one table. A reader that finds a problem notes it and returns a value of the right type, so that reading goes on."""

    file: str
    """Where it is, as told to a person."""
    values: Mapping[str, Any]
    problems: Problems
    prefix: str = ""
    asked: set[str] = field(default_factory=set)
    missing: dict[str, str] = field(default_factory=dict)
    """What to say of each key that is needed and not there; `done` says it."""

    def wrong(self, key: str, sentence: str) -> None:
        """Note that *key* is wrong."""
        self.problems.add(self.file, f"{self.prefix}{key}", sentence)

    def _get(self, key: str, kind: type, what: str, *, default: Any) -> Any:
        """The value if it is there and of *kind*; *default* otherwise. A default of None makes the key required."""
        self.asked.add(key)
        if key not in self.values:
            if default is None:
                self.missing[key] = f"is missing: give {what}"
            return kind() if default is None and kind is not date else default
        value = self.values[key]
        if type(value) is not kind:  # to Python true is an int as well, and a moment a date
            self.wrong(key, f"is {value if isinstance(value, date) else repr(value)}: give {what}")
            return kind() if default is None and kind is not date else default
        return value

    def text(self, key: str, *, default: str | None = None) -> str:
        """A text that is not blank."""
        value: str = self._get(key, str, "a text in quotes", default=default)
        if key in self.values and isinstance(self.values[key], str) and not value.strip():
            self.wrong(key, "is empty: give a text in quotes")
        return value

    def whole(self, key: str, low: int, high: int, *, default: int | None = None) -> int:
        """A whole number from *low* to *high*."""
        value: int = self._get(key, int, f"a whole number from {low} to {high}", default=default)
        if type(self.values.get(key)) is int and not low <= value <= high:
            self.wrong(key, f"is {value}: give a whole number from {low} to {high}")
        return value

    def flag(self, key: str) -> bool:
        """True or false; false when it is not there."""
        value: bool = self._get(key, bool, "true or false", default=False)
        return value

    def choice(self, key: str, choices: Collection[str], *, default: str | None = None) -> str:
        """One of *choices*."""
        value: str = self._get(key, str, f"one of {known(choices)}", default=default)
        if isinstance(self.values.get(key), str) and value not in choices:
            self.wrong(key, f"is {value!r}{nearest(value, choices)}: give one of {known(choices)}")
        return value

    def names(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """A list of different texts."""
        value = self._get(key, list, 'a list of texts, as ["one", "two"]', default=None if required else [])
        if not all(isinstance(item, str) and item for item in value):
            self.wrong(key, 'has an item that is no text: give a list of texts, as ["one", "two"]')
            return ()
        if len(set(value)) < len(value):
            self.wrong(key, f"names {next(item for item in value if value.count(item) > 1)!r} twice: name each once")
        return tuple(value)

    def dollars(self, key: str, *, default: int | None = None, nothing: str = "") -> int:
        """Dollars, written as text so that no rounding happens, as micro-dollars; *nothing* says why they must be more than 0."""
        number = self.values.get(key)
        example = number if type(number) in {int, float} and _DOLLARS.fullmatch(str(number)) else "0.06"
        what = f'dollars as text with at most 6 decimals, as "{example}"'
        value = self._get(key, str, what, default=None if default is None else "")
        if type(self.values.get(key)) is not str:
            return default or 0
        if not _DOLLARS.fullmatch(value):
            self.wrong(key, f"is {value!r}: give {what}")
            return default or 0
        found = int(Decimal(value) * _MICRO)
        if nothing and not found:
            self.wrong(key, f"is nothing, {nothing}: give {what}")
        return found

    def day(self, key: str, *, required: bool = True) -> date | None:
        """A date."""
        if not required and key not in self.values:
            self.asked.add(key)
            return None
        value: date | None = self._get(key, date, "a date without quotes, as 2026-11-22", default=None)
        return value

    def table(self, key: str, *, required: bool = False) -> Mapping[str, Any]:
        """A table, unread."""
        value: Mapping[str, Any] = self._get(key, dict, f"a table [{self.prefix}{key}]", default=None if required else {})
        return value

    def within(self, key: str) -> "Fields":
        """The fields of a table inside this one; none when it is absent."""
        return Fields(file=self.file, values=self.table(key), problems=self.problems, prefix=f"{self.prefix}{key}.")

    def tables(self, key: str) -> "list[Fields]":
        """The fields of each table of a list ``[[key]]``; none when it is absent."""
        items = self._get(key, list, f"a list of tables [[{key}]]", default=[])
        if not all(isinstance(item, dict) for item in items):
            self.wrong(key, f"has an item that is no table: give a list of tables [[{key}]]")
            return []
        names = [f"{self.prefix}{key}[{number}]." for number in range(len(items))]
        return [Fields(file=self.file, values=item, problems=self.problems, prefix=name) for name, item in zip(names, items, strict=True)]

    def each(self) -> "dict[str, Fields]":
        """The tables in this one, which holds nothing but tables, by name."""
        return {key: self.within(key) for key in self.values}

    def done(self) -> None:
        """Note the keys that are missing and those that nobody asked for; one that is nearly a missing one is told once."""
        unknown = self.values.keys() - self.asked
        guesses = {key: nearest(key, self.missing) or nearest(key, self.asked) for key in unknown}
        for key, guess in guesses.items():
            self.wrong(key, f"is no key here{guess or f': remove it; allowed are {known(self.asked)}'}")
        for key, sentence in self.missing.items():
            if not any(guess and guess == nearest(other, {key}) for other, guess in guesses.items()):
                self.wrong(key, sentence)


def toml(path: Path, file: str, problems: Problems) -> Fields | None:
    """The fields of a TOML file; None, with the problem noted, when it cannot be read."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        check_storable(values)
    except (OSError, ValueError, RecursionError) as error:
        problems.add(file, "", f"cannot be read as TOML: {error}")
        return None
    return Fields(file=file, values=values, problems=problems)


def by_workflow(path: Path, file: str, workflows: Collection[str], problems: Problems, *, holds: Callable[[str], str]) -> dict[str, Fields]:
    """The tables of a TOML file that has one for each of *workflows* and no other; *holds* says what that of a workflow needs."""
    fields = toml(path, file, problems)
    if fields is None:
        return {}
    found = fields.each()
    for name in sorted(found.keys() - set(workflows)):
        problems.add(file, name, f"is no workflow{nearest(name, workflows)}: there is {known(workflows)}")
    for name in sorted(set(workflows) - found.keys()):
        problems.add(file, name, f"is missing: give a table [{name}] with {holds(name)}")
    return {name: table for name, table in found.items() if name in workflows}
