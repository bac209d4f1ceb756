"""The scenarios that are loaded: read from files or put in over HTTP, checked one by one and against each other."""

from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from pydantic import ValidationError

from local.doubles.scenario.document import Document, UnreadableYaml, documents
from local.doubles.scenario.script import Scenario, Turns


class BadScenario(Exception):  # noqa: N818 (read as a sentence where it is caught)
    """A scenario cannot be used; each problem is a sentence with source, line, path and fix."""

    def __init__(self, problems: list[str]) -> None:
        """Problems in the order of the text."""
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A scenario and where it came from."""

    source: str
    """A file's name, or the name it was put under."""
    scenario: Scenario


def read(text: str, *, source: str) -> tuple[Loaded, ...]:
    """Read every scenario of a text; raise BadScenario with all that is wrong."""
    found, bad = [], []
    try:
        for document in documents(text):
            try:
                found.append(Loaded(source=source, scenario=Scenario.model_validate(document.value)))
            except ValidationError as error:
                bad += [_sentence(source, document, one) for one in error.errors()]
    except UnreadableYaml as error:
        bad.append(f"{source}: {error}")
    if not found and not bad:
        bad.append(f"{source}: holds no scenario: start with `scenario: <name>`")
    if bad:
        raise BadScenario(bad)
    return tuple(found)


def clashes(loaded: Iterable[Loaded]) -> list[str]:
    """Say which scenarios could never be told apart: equal names, or one selected whenever another is."""
    bad = []
    earlier: list[Loaded] = []
    for one in loaded:
        for other in earlier:
            both = f"'{other.scenario.scenario}' ({other.source}) and '{one.scenario.scenario}' ({one.source})"
            if one.scenario.scenario == other.scenario.scenario:
                bad.append(f"scenarios {both} have the same name: rename one")
            if _covers(one.scenario, other.scenario) or _covers(other.scenario, one.scenario):
                bad.append(
                    f"scenarios {both}: any text that selects one also selects the other: make `when.contains` of both more particular"
                )
        earlier.append(one)
    return bad


def _covers(wide: Scenario, narrow: Scenario) -> bool:
    return all(any(text in inner for inner in narrow.when.texts) for text in wide.when.texts)


class Library:
    """What is loaded now, by source. Safe to use from several threads; readers get an immutable whole."""

    def __init__(self) -> None:
        """Start empty."""
        self._lock = Lock()
        self._loaded: tuple[Loaded, ...] = ()

    @property
    def loaded(self) -> tuple[Loaded, ...]:
        """Every scenario, in the order of loading."""
        return self._loaded

    def put(self, text: str, *, source: str) -> tuple[Loaded, ...]:
        """Replace what *source* holds by the scenarios of *text*, all or nothing; raise BadScenario."""
        new = read(text, source=source)
        with self._lock:
            kept = tuple(one for one in self._loaded if one.source != source)
            bad = clashes((*kept, *new))
            if bad:
                raise BadScenario(bad)
            self._loaded = (*kept, *new)
        return new

    def remove(self, source: str) -> bool:
        """Forget a source; tell whether it was there."""
        with self._lock:
            kept = tuple(one for one in self._loaded if one.source != source)
            there = len(kept) != len(self._loaded)
            self._loaded = kept
        return there

    def listing(self) -> list[dict[str, Any]]:
        """Give source, name, selecting texts and agents of each scenario, as JSON."""
        return [
            {
                "source": one.source,
                "scenario": one.scenario.scenario,
                "contains": one.scenario.when.texts,
                "agents": {
                    name: sorted(script.turns) if isinstance(script, Turns) else len(script) for name, script in one.scenario.agents.items()
                },
            }
            for one in self._loaded
        ]


def _sentence(source: str, document: Document, error: Any) -> str:
    path, line = document.locate(error["loc"])
    last = error["loc"][-1] if error["loc"] else ""
    said = {
        "missing": f"`{last}` is missing: add it",
        "extra_forbidden": f"`{last}` is not known here: remove it or correct its spelling",
        "string_type": f"must be text, not {error['input']!r}: quote it",
        "dict_type": "must be a mapping (`name: value` lines)",
        "model_type": "must be a mapping (`name: value` lines)",
        "list_type": "must be a list (`- ` lines)",
    }.get(error["type"], error["msg"].removeprefix("Value error, "))
    return f"{source}, line {line}{f', at {path}' if path else ''}: {said}"
