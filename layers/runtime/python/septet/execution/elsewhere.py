"""What a model is shown of what came from elsewhere: from branches, from outside, from earlier runs, from whoever chose the agent.

All of it is text from outside between tags of the platform's. No text can open or close a tag, and what stands within one is a plain word.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from septet.core.entries import Entry, Heard, Recalled, Resolved, Routed
from septet.core.labels import label
from septet.execution.conversation import inert

FAILED = {"take_over": "taken_over", "degrade": "degraded"}
"""By its purpose, the tag of a choice that was made because an agent failed."""
TEXT = 32_768
"""Characters of one text that are shown: many branches with long answers must not keep a model from all of them."""
WORD = 80
"""Characters of a word within a tag."""


def shown(entry: Entry) -> str:
    """What is shown of *entry*; empty when it is nothing to a model."""
    return _SHOWN[type(entry.body)](entry.body, entry.labels)


def _resolved(body: Resolved, _: Mapping[str, str]) -> str:
    """What the branches found, who of them is missing, and why. To a judge, whose names are not paths, it does not say who said what."""
    parts = [*_found(body), *_missing(body)]
    return _tag("findings", parts, step=body.step, method=body.method)


def _found(body: Resolved) -> Iterator[str]:
    value = body.value if isinstance(body.value, Mapping) else {}
    if body.winner:
        told = body.rationale if isinstance(body.rationale, Mapping) else {}
        yield _tag("finding", [_text(body.value)], **{name: str(told[name]) for name in ("agreed", "tied") if name in told})
        return
    findings = value.get("findings") if body.method == "all" else value
    for name, found in findings.items() if isinstance(findings, Mapping) else ():
        yield _tag("finding", [_text(found)], by=name)
    for conflict in value.get("conflicts", ()) if body.method == "all" else ():
        yield _tag("conflict", [_text(conflict)])


def _missing(body: Resolved) -> Iterator[str]:
    told = body.rationale if isinstance(body.rationale, Mapping) else {}
    asked = told.get("unanswered")
    missing = body.missing if isinstance(body.missing, Mapping) else {}
    for path, error in missing.items():
        question = asked.get(path) if isinstance(asked, Mapping) else None
        yield _tag("missing", [_text(question)] if question is not None else [], by=path, because=error)


def _heard(body: Heard, labels: Mapping[str, str]) -> str:
    return _tag("heard", [_text(body.value)], inquiry=body.inquiry, outcome=body.outcome, by=body.by, source=label(labels, "value"))


def _recalled(body: Recalled, labels: Mapping[str, str]) -> str:
    exchanges = [one for one in body.exchanges if isinstance(one, Mapping)] if isinstance(body.exchanges, list) else []
    parts = [
        _tag("exchange", _exchange(place, one, labels), run=one.get("run"), ended=one.get("fate")) for place, one in enumerate(exchanges)
    ]
    return _tag("earlier", parts, dropped=body.dropped) if parts or body.dropped else ""


def _exchange(place: int, one: Mapping[str, Any], labels: Mapping[str, str]) -> Iterator[str]:
    given = one.get("input")
    for name, value in given.items() if isinstance(given, Mapping) else ():
        yield _tag("said", [_text(value)], field=name, source=label(labels, f"{place}.input.{name}"))
    if one.get("answer") is not None:
        yield _tag("answered", [_text(one["answer"])])
    if one.get("did"):
        yield _tag("did", [_text(one["did"])])


def _routed(body: Routed, _: Mapping[str, str]) -> str:
    """An agent is told who failed before it. Why it was chosen among others, and which branch was first, is nothing to it."""
    name = FAILED.get(body.purpose)
    return _tag(name, [], of=body.of, because=body.error) if name else ""


def _tag(name: str, parts: Iterable[str], **words: Any) -> str:
    """*parts* between tags, with *words* in the first that cannot end it."""
    said = "".join(f" {key}={_word(word)}" for key, word in words.items())
    inside = "".join(f"{part}\n" for part in parts)
    return f"<{name}{said}>\n{inside}</{name}>"


def _text(value: Any) -> str:
    """*value* for between two tags, as far as it is shown."""
    said = inert(value)
    return said if len(said) <= TEXT else f"{said[:TEXT]}… (shortened: {len(said)} characters)"


def _word(value: Any) -> str:
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "._-") else "_" for sign in str(value)[:WORD])
    return plain or "_"


_SHOWN: Mapping[type, Callable[[Any, Mapping[str, str]], str]] = {
    Resolved: _resolved,
    Heard: _heard,
    Recalled: _recalled,
    Routed: _routed,
}
