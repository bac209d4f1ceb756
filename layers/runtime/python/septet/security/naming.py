"""What a sentence gives a name: runs of words that are names, and the kinds that stand beside values."""

from collections.abc import Iterator, Mapping
from re import finditer

from septet.core.frozen import frozen
from septet.core.values import measured
from septet.security.intents import MASKS, OPENERS
from septet.security.vocabulary import listed

BEFORE, AFTER = "\"'\u2018\u2019\u201c\u201d`([{<«", "\"'\u2018\u2019\u201c\u201d`)]}>».,;:!?…"
_BREAKS = frozenset(",.;:!?…)]}")
_LONGEST = 8
"""Words of a name."""
_IDS = listed("number numbers no nr id ids")
_PARTICLES = listed("de da di du del la le van von der den al bin")
"""Words that join two parts of a name."""
_NO_NAMES = listed("new old last first next same other whole entire right wrong latest current second third own only")
"""Words between "the" and the name of a kind that tell one thing from another, and name none."""
_POSSESSIVE = ("'s", "\u2019s")


@frozen
class Word:
    """One word of a sentence."""

    bare: str
    at: int
    """Where it starts, with the signs around it, and where it ends."""
    to: int
    start: int
    end: int
    before: str
    """The signs around it."""
    after: str

    @property
    def low(self) -> str:
        """In small letters, and no owner's."""
        return self.bare.casefold().removesuffix("'s").removesuffix("\u2019s")


Found = tuple[str, str, int, int]
"""A value, its kind or nothing, and where it lies."""


def words(sentence: str) -> list[Word]:
    """The words of a sentence in a row; signs alone are none."""
    found = []
    for chunk in finditer(r"\S+", sentence):
        raw = chunk[0]
        left = len(raw) - len(raw.lstrip(BEFORE))
        bare = raw[left:].rstrip(AFTER)
        start, end = chunk.start() + left, chunk.start() + left + len(bare)
        if bare:
            sides = {"before": raw[:left], "after": raw[left + len(bare) :]}
            found.append(Word(bare=bare, at=chunk.start(), to=chunk.end(), start=start, end=end, **sides))
    return found


def names(read: list[Word], closed: list[tuple[int, int]], stems: Mapping[str, str]) -> Iterator[Found]:
    """The names of a sentence: runs of marked words as long as they are. A part of a name names something else."""
    runs = list(_runs(read, closed))
    for number, (first, _) in enumerate(runs):
        for _, last in runs[number : number + _LONGEST]:
            if last < first + _LONGEST:
                for end in _ends(read, first, last):
                    yield from _name(read, first, end, stems)


def _name(read: list[Word], first: int, last: int, stems: Mapping[str, str]) -> Iterator[Found]:
    start, end = read[first].start, read[last].end
    said = " ".join(word.bare + (word.after if word is not read[last] else "") for word in read[first : last + 1])
    kind = _kind(read, first, last, stems)
    yield said, kind, start, end
    if said.endswith(_POSSESSIVE):
        yield said[:-2], kind, start, end
    if first == last and said[0] in "#@" and (inner := said.lstrip("#@")) and not inner.isdigit():
        yield inner, kind, start, end


def _ends(read: list[Word], first: int, last: int) -> Iterator[int]:
    """Where a name may end: a number after it may be a part of it, or not."""
    yield last
    while last > first and read[last].bare.isdigit():
        last -= 1
        yield last


def _runs(read: list[Word], closed: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    shown = [_marked(read, at) and not any(a < it.end and it.start < b for a, b in closed) for at, it in enumerate(read)]
    for at in range(1, len(read)):
        part = read[at].bare.isdigit() or (read[at].low in _PARTICLES and shown[at + 1 : at + 2] == [True])
        shown[at] = shown[at] or (part and shown[at - 1] and _joined(read, at - 1))
    first = 0
    for at, _ in enumerate(read):
        if not shown[at]:
            first = at + 1
        elif at + 1 == len(read) or not shown[at + 1] or not _joined(read, at):
            yield first, at
            first = at + 1


def _joined(read: list[Word], at: int) -> bool:
    """Whether no sign stands between a word and the next, and the first is nobody's."""
    if not 0 <= at < len(read) - 1:
        return False
    return not read[at].after and not read[at + 1].before and not read[at].bare.endswith(_POSSESSIVE)


def _marked(read: list[Word], at: int) -> bool:
    """Whether a word is a name rather than a word of the language.

    The first of a sentence has its capital from there, but where a name goes on after it and it is no order.
    """
    inner = read[at].bare
    if inner.isdigit():
        return False
    if any(not character.isalpha() and character not in "'\u2019-" for character in inner):
        return True
    opening = at == 0 and not (inner.casefold() not in MASKS and inner.casefold() not in OPENERS and _continued(read))
    return any(character.isupper() for character in (inner[1:] if opening else inner))


def _continued(read: list[Word]) -> bool:
    return False if len(read) == 1 or not _joined(read, 0) else read[1].bare[:1].isupper()


def _kind(read: list[Word], first: int, last: int, stems: Mapping[str, str]) -> str:
    """The kind whose name touches what lies there."""
    before = first - 1
    if before >= 0 and read[before].low in ("called", "named"):
        before -= 1
    if before >= 0 and not _BREAKS.intersection(read[before].after) and read[before].low in stems:
        return stems[read[before].low]
    if last + 1 < len(read) and not _BREAKS.intersection(read[last].after) and read[last + 1].low in stems:
        return stems[read[last + 1].low]
    return ""


def quoted_kind(read: list[Word], start: int, end: int, stems: Mapping[str, str]) -> str:
    """The kind whose name touches a quotation."""
    inner = [at for at, word in enumerate(read) if word.start < end and start < word.end]
    return _kind(read, inner[0], inner[-1], stems) if inner else ""


def called(read: list[Word], stems: Mapping[str, str]) -> Iterator[Found]:
    """Words in small letters that stand as a name of their kind: "the general channel", "a channel called general"."""
    for at, word in enumerate(read):
        if not word.bare.isalpha() or not word.bare.islower() or word.bare in stems or word.bare in _NO_NAMES:
            continue
        kind = ""
        if at >= 1 and read[at - 1].low == "the" and _joined(read, at):
            kind = stems.get(read[at + 1].low, "")
        elif at > 1 and read[at - 1].low in ("called", "named"):
            kind = stems.get(read[at - 2].low, "")
        if kind:
            yield word.bare, kind, word.start, word.end


def numbered(sentence: str, read: list[Word], at: int, stems: Mapping[str, str]) -> str:
    """The kind of a value with digits: named just before it, or else just after. "13 files" are so many, "the A-13 order" is one."""
    word = read[at]
    value = word.bare.lstrip("#")
    if not _digits(value) or value.casefold() in stems or _measure(sentence, word):
        return ""
    if kind := _before(read, at, stems):
        return kind
    if value.isdigit() or at + 1 == len(read) or _BREAKS.intersection(word.after):
        return ""
    return stems.get(read[at + 1].low, "")


def _measure(sentence: str, word: Word) -> bool:
    digits = len(word.bare) - len(word.bare.lstrip("0123456789"))
    return bool(digits) and measured(sentence, word.start + digits)


def _before(read: list[Word], at: int, stems: Mapping[str, str]) -> str:
    """The kind that is named before a value, with nothing between but "number", "the" and other values of a list."""
    ids = False
    for here in range(at - 1, -1, -1):
        low, back = read[here].low, read[here - 1].low if here else ""
        if _BREAKS.intersection(read[here].after) - {",", ":"}:
            return ""
        link = low == "the" or (low == "with" and ids) or (low in ("is", "are") and back in _IDS)
        link = link or (low in ("and", "or") and _digits(back))
        listed = _digits(low) and (read[here].after == "," or read[here + 1].low in ("and", "or"))
        ids = ids or low in _IDS
        if not (link or listed or low in _IDS):
            return stems.get(low, "") if "," not in read[here].after else ""
    return ""


def _digits(word: str) -> bool:
    return any(character.isdigit() for character in word)
