"""The label of every argument of a call: what is known of its value, as what the tool takes it for."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import replace
from typing import Any

from septet.core.frozen import frozen
from septet.core.values import digest, form, shape, space
from septet.security.amounts import amount
from septet.security.choices import choices_at
from septet.security.given import AIMS, PICKS, Labelled
from septet.security.intents import mask
from septet.security.labels import Label
from septet.security.manifests import Manifest
from septet.security.request import loose, near, quoted, strong, typed
from septet.security.session import Session
from septet.security.wording import date, words

_LOOSE = frozenset({"read", "sensitive-read", "write-private", "send", "membership"})
"""Effects for which a word in small letters beside the name of its kind is a name."""
_COSTLY = frozenset({"financial", "commit", "send", "publish"})
"""Effects that a record which only somebody else's words pick out is too little for."""


def labelled(session: Session, manifest: Manifest, arguments: Mapping[str, Any], kinds: Collection[str]) -> list[Labelled]:
    """Every value of the call with its label. *kinds* are those of the records that the catalogue's tools read.

    Amounts come last: what a payee has sent may be sent back to him.
    """
    made = [_Desk(session=session, manifest=manifest, kinds=kinds).label(*item) for item in _values(manifest, arguments, "")]
    targets = [it for it in made if it.declared.role == "target" and it.label <= Label.PROMPT]
    return [replace(it, label=amount(session, it, targets)) if it.declared.role == "amount" else it for it in made]


def _values(manifest: Manifest, value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every plain value with its path; a name that nobody declares is itself the model's word, and so a value too."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            plain = "?" if "." in str(name) or "[" in str(name) else str(name)
            inner = f"{path}.{plain}" if path else plain
            if path and inner not in manifest.arguments:
                yield path, name
            yield from _values(manifest, item, inner)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _values(manifest, item, f"{path}[]")
    else:
        yield path, value


@frozen
class _Desk:
    session: Session
    manifest: Manifest
    kinds: Collection[str]

    def label(self, path: str, value: Any) -> Labelled:
        """One value with its label; an amount's comes later."""
        declared = self.manifest.argument(path)
        it = Labelled(path=path, value=value, declared=declared, label=Label.UNKNOWN)
        if value is None or value == "":
            return replace(it, label=Label.CONSTANT)
        if declared.role in AIMS:  # that a tool offers few to aim at does not say at which
            deeper = path.removesuffix("[]") not in self.manifest.arguments  # than anything that is declared, or not declared at all
            return it if deeper else self._selector(it) if declared.role in PICKS else self._target(it)
        if isinstance(value, bool) or self._choice(path, value):
            return replace(it, label=Label.CONSTANT)
        return replace(it, label=self._said(declared.role, value))

    def _said(self, role: str, value: Any) -> Label:
        match role:
            case "date":
                return date(self.session, value)
            case "title" | "content" | "flag":
                return words(self.session, value, self.manifest.effect)
        return Label.UNKNOWN

    def _choice(self, path: str, value: Any) -> bool:
        """Whether the tool's schema offers the value among few."""
        return any(value in choices for choices in choices_at(self.manifest.input_schema, path))

    def _target(self, it: Labelled) -> Labelled:
        """An address, a name, a secret to be: endorsed as exactly what it is."""
        where = space(it.declared.kind) if it.declared.kind else shape(it.value) if isinstance(it.value, str) else "number"
        spelling = form(it.value, where)
        if spelling is None:
            return it
        key = digest(where, spelling)
        if where != "number" and (found := self._mention(where, key, spelling, it.declared.kind)):
            return self._said_of(it, found)
        return self._known(it, key)

    def _mention(self, where: str, key: str, spelling: str, kind: str) -> str:
        """The mention that names a target; empty when none does."""
        known = self.session.mentioned
        if not where.startswith("text:"):
            return key if key in known else ""
        beside = near(kind, spelling) if kind and near(kind, spelling) in known else ""
        if self.manifest.effect == "credential" and kind not in self.kinds:
            beside = quoted(spelling) if quoted(spelling) in known else ""  # a word of the request is no secret to be
        elif not (beside or spelling.isdigit() or shape(spelling) != "text:"):  # an address is no name
            named = strong(spelling) if typed(spelling) not in known else ""
            beside = next((mention for mention in (named, key, self._loose(kind, spelling)) if mention in known), "")
        return beside

    def _loose(self, kind: str, spelling: str) -> str:
        return loose(kind, spelling) if kind and self.manifest.effect in _LOOSE else ""

    def _said_of(self, it: Labelled, mention: str) -> Labelled:
        """A value that a mention names."""
        named = self.session.named(mention, mask(self.manifest.effect))
        return replace(it, label=Label.PROMPT, asked=self.session.bits(mention), named=named)

    def _bits(self, found: Iterable[str]) -> int:
        bits = 0
        for mention in found:
            bits |= self.session.bits(mention)
        return bits

    def _known(self, it: Labelled, key: str) -> Labelled:
        """By the records that hold the value, or where else it was read."""
        best, bits, named = Label(self.session.seen.get(key, Label.UNKNOWN)), 0, 0
        for reading in self.session.records.holders(key):
            label = Label(reading.held[key])
            picks = self.session.records.vouches(reading)
            if label <= Label.RECORD and picks:
                best, named = min(best, Label.ANCHORED), max(named, 1)
                bits |= self._bits(picks)
            best = min(best, label)
        return replace(it, label=best, asked=bits, named=named)

    def _selector(self, it: Labelled) -> Labelled:
        """An id: endorsed as one of its kind, beside the kind's name or as a record that the request picks out."""
        kind, key = it.declared.kind, str(it.value)
        known, records = self.session.mentioned, self.session.records
        reading = records.get(kind, key)
        if (beside := near(kind, key)) in known or (beside := self._loose(kind, key)) in known:
            return replace(self._said_of(it, beside), picked=reading)
        if kind not in self.kinds and shape(key) == "text:" and not key.isdigit() and strong(key) in known and typed(key) not in known:
            return self._said_of(it, strong(key))
        if reading is None:
            return replace(it, label=max(Label(self.session.seen.get(digest(space(kind), key), Label.UNKNOWN)), Label.COUNTERPARTY))
        if picks := records.picks(reading):
            vouched = bool(records.vouches(reading)) or self.manifest.effect not in _COSTLY
            label = Label.ANCHORED if vouched else Label.COUNTERPARTY
            return replace(it, label=label, asked=self._bits(picks), named=1, picked=reading)
        own = reading.key <= Label.RECORD and bool(reading.record.owner)
        label = Label.RECORD if own else max(reading.key, Label.COUNTERPARTY)
        return replace(it, label=label, picked=reading, ambiguous=records.ambiguous(reading))
