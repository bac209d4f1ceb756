"""The trusted request: what its words and typed values vouch for."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from septet.core.canonical import text as json_text
from septet.core.frozen import frozen
from septet.security.intents import asked
from septet.security.values import digest, is_shape, tokens

WORDS = 8
"""Words of a phrase that is known as one; a longer text is known when each eight in a row are."""
LIMIT = 20_000
"""Mentions of one request that are kept; what comes after vouches for nothing."""
_QUOTED = re.compile(
    r"(?<!\w)(?:'([^'\n]{1,200})'|\"([^\"\n]{1,200})\"|\u2018([^\u2019\n]{1,200})\u2019|\u201c([^\u201d\n]{1,200})\u201d|`([^`\n]{1,200})`)(?!\w)"
)
_SENTENCE = re.compile(r"[^.!?;\n]+(?:[.!?;](?!\s|$)[^.!?;\n]*)*(?:[.!?;]+|\n|$)")
_CHUNK = re.compile(r"\S+")
_BEFORE, _AFTER = "\"'\u2018\u2019\u201c\u201d`([{<«", "\"'\u2018\u2019\u201c\u201d`)]}>».,;:!?…"
_LINKS = frozenset("number no nr id ids with the of and or is are".split())  # noqa: SIM905 -- words read better in a row
"""Words that may stand between a kind's name and a value of it."""
_NO_IDS = frozenset({"date", "percent"})
"""Typed values whose digits are no ids: the 13 of June 13."""
_REACH = 3
"""Words before a value among which the name of its kind is looked for."""


@frozen
class Mention:
    """That the request holds a value."""

    key: str
    """Digest of the value and of what it was found as."""
    asked: int
    """Bits of the effects that its sentence asks for."""


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


def mentions(fields: Mapping[str, Any], kinds: Iterable[str]) -> Iterator[Mention]:
    """All that the trusted *fields* vouch for; *kinds* are those of the catalogue's tools."""
    stems = _stems(kinds)
    for name, value in fields.items():
        for said in _texts(value):
            yield from _field(name, said, stems)
            for found in _SENTENCE.finditer(said):
                yield from _sentence(found[0], asked(found[0]), stems)


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


def _sentence(sentence: str, bits: int, stems: Mapping[str, str]) -> Iterator[Mention]:
    taken = list(tokens(sentence))
    for token in taken:
        yield Mention(key=digest(token.space, token.form), asked=bits)
    quotes = [(found.start(found.lastindex), found.end(found.lastindex)) for found in _QUOTED.finditer(sentence) if found.lastindex]
    for start, end in quotes:
        yield Mention(key=strong(sentence[start:end]), asked=bits)
    closed = [*quotes, *((token.start, token.end) for token in taken)]
    chunks = [(found.start(), found.end()) for found in _CHUNK.finditer(sentence)]
    wide = [(token.start, token.end) for token in taken if token.space in _NO_IDS]
    for first, (start, end) in enumerate(chunks):
        if not any(a < end and start < b for a, b in wide):
            yield from _beside(sentence, chunks, first, bits, stems)
        for last in range(first, min(first + WORDS, len(chunks))):
            yield from _phrase(sentence, (start, chunks[last][1]), closed, bits, opening=first == 0)


def _phrase(sentence: str, span: tuple[int, int], closed: list[tuple[int, int]], bits: int, *, opening: bool) -> Iterator[Mention]:
    raw = " ".join(sentence[span[0] : span[1]].split())
    bare = raw.lstrip(_BEFORE).rstrip(_AFTER)
    if not bare:
        return
    yield Mention(key=plain(bare), asked=bits)
    if raw != bare:
        yield Mention(key=plain(raw.lstrip(_BEFORE).rstrip(_AFTER[:7])), asked=bits)
    start = sentence.index(bare[0], span[0])
    if any(a <= start < b and start + len(bare) <= b for a, b in closed):
        return  # quoted as one, or a typed value, or part of what is
    words = bare.split()
    if any(_marked(word, opening=opening and not number) for number, word in enumerate(words)):
        yield Mention(key=strong(bare), asked=bits)


def _marked(word: str, *, opening: bool) -> bool:
    """Whether a word is a name rather than a word of the language. The first of a sentence has its capital from there."""
    inner = word.strip(_BEFORE + _AFTER)
    if inner.isdigit():
        return False
    if any(not character.isalpha() and character not in "'\u2019-" for character in inner):
        return True
    return any(character.isupper() for character in (inner[1:] if opening else inner))


def _beside(sentence: str, chunks: list[tuple[int, int]], at: int, bits: int, stems: Mapping[str, str]) -> Iterator[Mention]:
    """The value at one place, as of the kind that is named just before it, or else just after."""
    words = [sentence[a:b].strip(_BEFORE + _AFTER + "#").casefold() for a, b in chunks[max(0, at - _REACH) : at + 2]]
    here = min(at, _REACH)
    value = sentence[slice(*chunks[at])].strip(_BEFORE + _AFTER + "#")
    if not _numbered(value) or value.casefold() in stems:
        return  # a word beside the name of a kind is just a word
    kind = next((stems.get(word, "") for word in reversed(words[:here]) if not (word in _LINKS or _numbered(word))), "")
    if not kind and not value.isdigit():  # "13 files" are so many, "the A-13 order" is one
        kind = next((stems[word] for word in words[here + 1 :] if word in stems), "")
    if kind:
        yield Mention(key=near(kind, value), asked=bits)
        yield Mention(key=typed(value), asked=bits)


def _numbered(word: str) -> bool:
    return any(character.isdigit() for character in word)
