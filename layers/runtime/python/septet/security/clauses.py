"""Which part of a trusted request asks for which effects: "read file 7 and delete file 8" asks for the deletion of file 8 alone.

A clause begins where a verb of an order stands in the place of one. What is quoted orders nothing, nor does what follows a colon after
"summarise" or "tell", nor "how to", a question, a negation or an exception. All of it errs to the safe side: a person is asked.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from septet.core.frozen import frozen
from septet.security.intents import MASKS, OPENERS
from septet.security.vocabulary import listed

_QUOTES = re.compile(
    r"(?<!\w)(?:'[^'\n]{1,2000}'|\u2018[^\u2019\n]{1,2000}\u2019|\"[^\"]{1,2000}\"|\u201c[^\u201d]{1,2000}\u201d|`[^`]{1,2000}`)(?!\w)"
)
_SENTENCE = re.compile(r"[^.!?;\n]+(?:[.!?;](?!\s|$)[^.!?;\n]*)*(?:[.!?;]+|\n|$)")
_WORD = re.compile(r"[\w'\u2019]+|[^\w\s]")
_READS = listed(
    "read find show list check look search see view get fetch summarise summarize explain describe translate analyse analyze review "
    "compare count calculate inspect examine watch download retrieve use print display consult verify take visit browse scan identify "
    "determine interpret classify paraphrase quote proofread forget ignore keep leave spare skip preserve retain"
)
"""Verbs that order, and nothing that acts."""
_TELLS = listed("send email mail message write reply respond answer forward tell notify post tweet publish say")
_CHARGES = _TELLS | {"ask", "remind", "advise", "instruct", "urge", "request"}
"""Orders to tell somebody "to" do something: what he is told to do is no order to the agent."""
_EXCEPT = listed("except excepting excluding without keeping leaving besides unlike apart")
_NOT = listed("not never dont cannot nobody forbid forbids forbidden prohibit prohibits refuse avoid")
_NO_NEGATION = listed("forget hesitate only fail")
_TURNS = listed("but then instead")
"""Words that end what a negation covers."""
_ASIDE = listed("if when because since as although though unless in i we they he she it there")
"""Words of a clause that tells something; a negation there reaches to its comma."""
_ASKS = listed("if who whom whose why what which where when whether how")
_MANNER = listed("to do does did can could should would i we you one he she they people")
_POLITE = re.compile(r"\b(?:please|kindly|(?:can|could|would|will) you)\b")
_WISHES = listed("want wants need wanted")
_THINGS = listed("it this that them these those")
_DONE = {"paid": "pay", "sent": "send", "made": "make", "put": "put", "set": "set", "bought": "buy", "written": "write"}


@frozen
class Clause:
    """A part of a text."""

    start: int
    asked: int
    """Bits of the effects that it asks for."""


@frozen
class Sentence:
    """A sentence and the clauses that it consists of; the first begins where it does."""

    start: int
    end: int
    clauses: tuple[Clause, ...]

    def asked(self, start: int, end: int) -> int:
        """Bits of the effects that are asked for wherever the text from *start* to *end* lies."""
        first = max(0, bisect_right(self.clauses, start, key=_start) - 1)
        found = self.clauses[first].asked
        for clause in self.clauses[first + 1 : bisect_left(self.clauses, end, key=_start)]:
            found &= clause.asked
        return found


def _start(clause: Clause) -> int:
    return clause.start


def sentences(text: str) -> Iterator[Sentence]:
    """The sentences of *text*; what is quoted ends none and orders nothing, nor do the lines after "summarise this:"."""
    bare = _QUOTES.sub(lambda found: "x" * len(found[0]), text)
    told = False
    for found in _SENTENCE.finditer(bare):
        if not found[0].strip():
            continue
        walk = _Walk(_small(found[0]), found.start(), told=told)
        yield Sentence(start=found.start(), end=found.end(), clauses=walk.clauses())
        told = walk.told and (told or found[0].rstrip().endswith(":"))


def _small(text: str) -> str:
    """In small letters, each where it was."""
    return "".join(small if len(small := character.casefold()) == 1 else character for character in text)


def asked(text: str) -> int:
    """The bits of the effects that *text* asks for anywhere."""
    found = 0
    for sentence in sentences(text):
        for clause in sentence.clauses:
            found |= clause.asked
    return found


class _Walk:
    """One way through the words of a sentence."""

    def __init__(self, sentence: str, shift: int, *, told: bool) -> None:
        self.sentence, self.shift, self.told = sentence, shift, told
        self.words = [(found[0], found.start()) for found in _WORD.finditer(sentence)]
        self.found: list[list[int]] = [[shift, 0]]
        self.opened, self.spoke, self.said = True, False, False
        """Whether an order may stand here, whether one has, and whether one has that only tells."""
        self.manner = self.asks = self.negated = self.lasting = self.aside = False
        self.edge: int | None = None
        """Where the clause began that this may be: at an "and", a comma, a "to"."""
        self.last = ""
        """The verb of the last order."""
        self.between = False
        """Whether anything stands between the last order and this word."""

    def clauses(self) -> tuple[Clause, ...]:
        for number, (word, at) in enumerate(self.words):
            self._word(number, word, at + self.shift)
        quiet = self.sentence.rstrip().endswith("?") and not self._ordered()
        return tuple(Clause(start=start, asked=0 if quiet else bits) for start, bits in self.found)

    def _ordered(self) -> bool:
        """Whether a question is an order after all."""
        first = next((word for word, _ in self.words if word.isalpha()), "")
        return first in MASKS or first in _READS or first in OPENERS - {"should", "must"} or bool(_POLITE.search(self.sentence))

    def _word(self, number: int, word: str, at: int) -> None:
        after = self._at(number + 1)
        if not (word[0].isalnum() or word[0] in "_'\u2019"):
            self._sign(word, at)
            return
        if word in _TURNS or word in ("and", "or"):
            self._join(word, at, after)
        elif word in _EXCEPT or (word == "than" and self._at(number - 1) == "other"):
            self._begin(at, 0)
        elif (word in _NOT or word.endswith(("n't", "n\u2019t"))) and after not in _NO_NEGATION:
            self._begin(at, 0)
            self.negated, self.lasting = True, not self.aside
        elif word in _ASKS:
            self.asks, self.manner = True, self.manner or (after in _MANNER if word in ("how", "whether") else after == "to")
        elif self._order(number, word, at):
            return
        self.aside = self.aside or word in _ASIDE
        self.between = self.between or word not in OPENERS
        if word == "to":
            self.asks = self.asks or (self.between and self.last in _CHARGES)
            self.edge = at if self.edge is None else self.edge
        skipped = self.opened and (word.endswith("ly") or word.isdigit())
        self.opened = skipped or word in OPENERS or (word in ("me", "us") and self._at(number - 1) == "help")
        if not self.opened:
            self.edge = None

    def _at(self, number: int) -> str:
        return self.words[number][0] if 0 <= number < len(self.words) else ""

    def _sign(self, sign: str, at: int) -> None:
        if sign == ":" and (self.said or self.told):
            self.told = True
        self.asks = self.aside = False
        if sign == "," and not self.lasting:
            self.negated = False
        self.opened, self.edge = True, at

    def _join(self, word: str, at: int, after: str) -> None:
        if word in _TURNS:
            self.negated = self.lasting = self.manner = False
        if word == "but" and after not in ("also", "only"):
            self._begin(at, 0)  # "all but this one"; an order that follows begins its own
        elif word != "or":
            self.asks = False
        self.edge = at if self.edge is None else self.edge

    def _order(self, number: int, word: str, at: int) -> bool:
        """Take *word* as an order, where it is one."""
        if not self.opened:
            stem = _DONE.get(word) or next((word[:-cut] for cut in (1, 2) if word.endswith("ed") and word[:-cut] in MASKS), "")
            if not (stem and self._at(number - 1) in _THINGS and self._at(number - 2) in _WISHES):
                return False
            word = stem
        if not (word in MASKS or word in _READS) or self.told or self.manner or self.asks or self.negated:
            return False
        bits = MASKS.get(word, 0)
        if self.spoke and not self.between:
            self.found[-1][1] |= bits  # "find and delete it"
        elif self.spoke or self.found[-1][0] > self.shift:
            self._begin(at if self.edge is None else self.edge, bits)
        else:
            self.found[-1][1] |= bits
        self.last = word
        self.spoke, self.between, self.opened, self.edge = True, False, False, None
        self.said = self.said or word in _READS or word in _TELLS
        return True

    def _begin(self, at: int, bits: int) -> None:
        if at > self.found[-1][0]:
            self.found.append([at, bits])
        else:
            self.found[-1][1] = bits
