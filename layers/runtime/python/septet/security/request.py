"""The trusted request: what its words and typed values vouch for."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from septet.core.canonical import text as json_text
from septet.core.frozen import frozen
from septet.core.values import digest, is_shape, tokens
from septet.security.clauses import sentences
from septet.security.intents import mask
from septet.security.naming import AFTER, BEFORE, Word, called, names, numbered, quoted_kind, words

WORDS = 8
"""Words of a phrase that is known as one; a longer text is known when each eight in a row are."""
LIMIT = 20_000
"""Mentions of one request that are kept; what comes after vouches for nothing."""
_QUOTED = re.compile(
    r"(?<!\w)(?:'([^'\n]{1,200})'|\"([^\"\n]{1,200})\"|\u2018([^\u2019\n]{1,200})\u2019|\u201c([^\u201d\n]{1,200})\u201d|`([^`\n]{1,200})`)(?!\w)"
)
_SOURCE = re.compile(r"\bfrom\s+[\"'\u2018\u201c`(<]*$", re.IGNORECASE)
"""Before whom something comes from: that asks for nothing to be sent to him."""
_NEAR = 16
"""Characters among which that word is looked for."""
_NO_NAMES = frozenset({"number", "year", "percent"})
"""Typed values that may be a part of a name: the 2 of Room 2."""


@frozen
class Mention:
    """That the request holds a value."""

    key: str
    """Digest of the value and of what it was found as."""
    asked: int
    """Bits of the effects that its clause asks for."""


def strong(phrase: str) -> str:
    """The digest of words that name one thing: quoted, with a capital, a digit or a sign within."""
    return digest("strong", phrase)


def plain(phrase: str) -> str:
    """The digest of words as anybody would say them; case makes no difference."""
    return digest("plain", phrase.casefold())


def near(kind: str, value: str) -> str:
    """The digest of a value that stands beside the name of its kind: ``file 13``."""
    return digest(f"near:{kind}", value)


def typed(value: str) -> str:
    """The digest of a value that stands beside the name of some kind."""
    return digest("typed", value)


def quoted(value: str) -> str:
    """The digest of words that stand in quotes."""
    return digest("quoted", value)


def loose(kind: str, value: str) -> str:
    """The digest of a word in small letters that stands as a name of its kind: ``the general channel``."""
    return digest(f"loose:{kind}", value)


def mentions(fields: Mapping[str, Any], kinds: Iterable[str]) -> Iterator[Mention]:
    """All that the trusted *fields* vouch for; *kinds* are those of the catalogue's tools."""
    stems = _stems(kinds)
    for name, value in fields.items():
        for said in _texts(value):
            own = {mention.key for mention in _field(name, said, stems)}
            yield from (Mention(key=key, asked=0) for key in sorted(own))
            for sentence in sentences(said):
                for key, start, end in _found(said[sentence.start : sentence.end], stems):
                    if key not in own:  # a field that is one value holds it once
                        bits = sentence.asked(sentence.start + start, sentence.start + end)
                        source = _SOURCE.search(said, sentence.start + max(0, start - _NEAR), sentence.start + start)
                        yield Mention(key=key, asked=bits & ~mask("send") if source else bits)


def phrases(text: str) -> Iterator[str]:
    """The phrases that *text* consists of: itself, or each ``WORDS`` words of it in a row."""
    chunks = text.split()
    for start in range(max(1, len(chunks) - WORDS + 1)):
        yield " ".join(chunks[start : start + WORDS])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif value is not None and not isinstance(value, bool):
        yield json_text(value)


def _stems(kinds: Iterable[str]) -> Mapping[str, str]:
    """The kind that a word names: ``files`` names ``file``, ``order_id`` names ``order``."""
    found: dict[str, str] = {}
    named = sorted(kind for kind in kinds if kind and not is_shape(kind))
    for kind in named:
        found |= {kind.casefold(): kind, f"{kind.casefold()}s": kind}
    for kind in named:
        last = re.split(r"[-_ ]", kind.casefold())[-1]
        found.setdefault(last, kind)
        found.setdefault(f"{last}s", kind)
    return found


def _field(name: str, said: str, stems: Mapping[str, str]) -> Iterator[Mention]:
    """A field that is one value: its own name says of which kind."""
    if len(said) <= 200 and not any(character.isspace() for character in said):  # noqa: PLR2004 -- a value, not a text
        yield Mention(key=strong(said), asked=0)
        for word in re.split(r"[-_ ]", name.casefold()):
            if kind := stems.get(word):
                yield Mention(key=near(kind, said), asked=0)
                yield Mention(key=typed(said), asked=0)


def _found(sentence: str, stems: Mapping[str, str]) -> Iterator[tuple[str, int, int]]:
    """All digests of a sentence, and where what they are of lies."""
    taken = list(tokens(sentence))
    for token in taken:
        yield digest(token.space, token.form), token.start, token.end
    spans = [(found.start(found.lastindex), found.end(found.lastindex)) for found in _QUOTED.finditer(sentence) if found.lastindex]
    read = words(sentence)
    for start, end in spans:
        yield strong(sentence[start:end]), start, end
        yield quoted(sentence[start:end]), start, end
        yield from _of_kind(sentence[start:end], quoted_kind(read, start, end, stems), start, end)
    closed = [*spans, *((token.start, token.end) for token in taken if token.space not in _NO_NAMES)]
    yield from _plain(sentence, read)
    yield from _numbers(sentence, read, taken, stems)
    for name, kind, start, end in names(read, closed, stems):
        yield strong(name), start, end
        yield from _of_kind(name, kind, start, end)
    for name, kind, start, end in called(read, stems):
        yield loose(kind, name), start, end


def _of_kind(value: str, kind: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    if kind:
        yield near(kind, value), start, end
        yield typed(value), start, end


def _plain(sentence: str, read: list[Word]) -> Iterator[tuple[str, int, int]]:
    """The words in a row, with what punctuation they have within."""
    for first, word in enumerate(read):
        for last in read[first : first + WORDS]:
            raw = " ".join(sentence[word.at : last.to].split())
            if bare := raw.lstrip(BEFORE).rstrip(AFTER):
                yield plain(bare), word.start, last.end
                marked = raw.lstrip(BEFORE).rstrip(AFTER[:7])
                if marked != bare:
                    yield plain(marked), word.start, last.end


def _numbers(sentence: str, read: list[Word], taken: list[Any], stems: Mapping[str, str]) -> Iterator[tuple[str, int, int]]:
    """Values with digits beside the name of a kind, but for those that are days, shares or measures."""
    wide = [(token.start, token.end) for token in taken if token.space in ("date", "percent", "year")]
    for at, word in enumerate(read):
        if not any(a < word.end and word.start < b for a, b in wide):
            yield from _of_kind(word.bare.lstrip("#"), numbered(sentence, read, at, stems), word.start, word.end)
