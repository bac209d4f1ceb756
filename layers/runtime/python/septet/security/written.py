"""What an agent wrote: it comes back no better than it went, whatever a manifest says of where it lies then."""

from collections.abc import Iterator
from typing import Any

from septet.core.values import digest, form, number, shape, space, tokens
from septet.security.given import Labelled
from septet.security.labels import Label
from septet.security.manifests import Manifest
from septet.security.session import Session


def echo(manifest: Manifest, calls: list[Labelled]) -> dict[Any, Label]:
    """The values that a call which acts gave, and their labels: it returns many of them."""
    found: dict[Any, Label] = {}
    if not manifest.reads:
        for it in calls:
            if isinstance(it.value, str) and it.value:
                found[it.value] = max(it.label, found.get(it.value, Label.CONSTANT))
    return found


def wrote(session: Session, calls: list[Labelled]) -> None:
    """Note what a call that acts was given from worse than the request."""
    for it in calls:
        if it.label < Label.COUNTERPARTY or it.value is None:
            continue
        for key in traces(it.value, it.declared.kind):
            session.taint(key, it.label)
        if isinstance(it.value, str):
            for token in tokens(it.value):
                key = digest(token.space, token.form)
                if key not in session.mentioned and not _endorsed(session, key):
                    session.taint(key, it.label)


def _endorsed(session: Session, key: str) -> bool:
    return any(reading.held[key] <= Label.RECORD for reading in session.records.holders(key))


def keys(value: Any, kind: str) -> Iterator[str]:
    """The digests under which a value may be met again. A number without a kind could be anything, and so is no amount."""
    spaces = {space(kind), "text:"} if kind else {"text:"}
    if isinstance(value, str):
        spaces.add(shape(value))
    for where in spaces:
        if (spelling := form(value, where)) is not None:
            yield digest(where if where != "number" else f"number:{kind}", spelling)


def traces(value: Any, kind: str) -> Iterator[str]:
    """The digests under which what was written may come back: a number also as one of any kind."""
    yield from keys(value, kind)
    if (spelling := number(value)) is not None:
        yield digest("number", spelling)


def plainly(text: str) -> str:
    """Letters and digits alone: a secret is the same however it is grouped."""
    return "".join(character for character in text.casefold() if character.isalnum())
