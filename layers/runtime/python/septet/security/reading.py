"""What a result teaches: labels of its fields, records, values, secrets; and what an agent wrote, when it comes back."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from septet.core.frozen import frozen
from septet.core.values import digest, form, shape, space, tokens
from septet.security.given import Labelled
from septet.security.labels import Label, declared, worst
from septet.security.manifests import Field, Manifest
from septet.security.recognisers import SECRETS, find
from septet.security.records import Reading, Record
from septet.security.request import near, plain, strong, typed
from septet.security.session import Session
from septet.security.written import echo, keys, plainly, traces, wrote

_SHORT = 4
"""Characters below which a secret field's value is no secret that could be recognised again."""
_HEARD = 20_000
"""Characters of a text that is searched for addresses."""
_PARTY = frozenset({"email", "url", "iban", "phone", "card"})


@frozen
class Leaf:
    """One value of a result."""

    path: str
    value: Any
    field: Field | None
    """None where the manifest says nothing of it."""
    whole: bool
    """Whether it is the one value of its field, not an item of a list or a name within it."""


@frozen
class Source:
    """Where a result comes from."""

    tool: str
    number: int
    """Of the journal's entry."""
    stored: Mapping[str, Label]
    """Labels that came with the object that was read, by path."""


def read(session: Session, manifest: Manifest, calls: list[Labelled], result: Any, source: Source) -> dict[str, Label]:
    """Take a result in and return the labels of its fields, by path. *calls* are the arguments, with the labels they were sent with."""
    if not manifest.reads:
        wrote(session, calls)  # again, for who asks and records and never says what is intended
    desk = _Desk(session=session, manifest=manifest, echo=echo(manifest, calls), source=source, labels={})
    rest = result
    if manifest.output.kind:
        prefix, items = _at(result, manifest.output.at)
        for item in items:
            if isinstance(item, Mapping) and manifest.output.key in item:
                desk.record(item, prefix)
            else:
                desk.values(item, prefix)
        rest = _without(result, manifest.output.at) if manifest.output.at else None
    if rest is not None:
        desk.values(rest, "")
    return desk.labels


def _at(result: Any, path: str) -> tuple[str, list[Any]]:
    """What lies at *path*, as a list, and the path of one item."""
    for name in path.split(".") if path else []:
        result = result.get(name) if isinstance(result, Mapping) else None
    if isinstance(result, list):
        return f"{path}[]", result
    return path, [] if result is None else [result]


def _without(result: Any, path: str) -> Any:
    """The rest of a result: what is beside its records."""
    name, _, inner = path.partition(".")
    if not isinstance(result, Mapping):
        return result
    return {key: (_without(value, inner) if inner else None) if key == name else value for key, value in result.items()}


@frozen
class _Desk:
    """One result being read."""

    session: Session
    manifest: Manifest
    echo: Mapping[Any, Label]
    source: Source
    labels: dict[str, Label]

    def values(self, value: Any, prefix: str) -> None:
        """Take in what is no record."""
        for leaf in self._leaves(value, ""):
            label = self._label(leaf, prefix)
            for key in keys(leaf.value, leaf.field.kind if leaf.field else ""):
                self.session.see(key, label)
            self._heard(leaf.value, label)

    def record(self, item: Mapping[str, Any], prefix: str) -> None:
        """Take in one record."""
        output = self.manifest.output
        key, name = Label.EXTERNAL, str(item[output.key])
        held: dict[str, int] = {}
        marks: dict[str, bool] = {}
        tops: dict[str, Label] = {}
        numbers: dict[str, str] = {}
        for leaf in self._leaves(item, ""):
            label = self._label(leaf, prefix)
            kind = leaf.field.kind if leaf.field else ""
            top = leaf.path.partition(".")[0].partition("[")[0]
            tops[top] = max(label, tops.get(top, Label.CONSTANT))
            for digested in keys(leaf.value, kind):
                held[digested] = int(min(label, held.get(digested, Label.UNKNOWN)))
            self._heard(leaf.value, label)
            if kind and space(kind) == "number" and label <= Label.COUNTERPARTY and (spelling := form(leaf.value, "number")):
                numbers[kind] = min(spelling, numbers.get(kind, spelling), key=Decimal)
            if leaf.path == output.key and leaf.whole:
                key = label
                marks.update(dict.fromkeys(self._named(output.kind, name), label <= Label.RECORD))
            elif leaf.whole and isinstance(leaf.value, str):
                marks.update(self._marks(leaf.value, label, kind))
        kept = {field: value for field, value in item.items() if tops.get(field, self._empty(field)) <= Label.RECORD}
        owner = str(kept.get(output.owner, "")) if output.owner else ""
        record = Record(kind=output.kind, key=name, fields=kept, owner=owner, source=f"{self.source.tool}, entry {self.source.number}")
        self.session.records.put(
            Reading(record=record, number=self.source.number, key=key, owned=bool(output.owner), held=held, numbers=numbers, marks=marks)
        )

    def _heard(self, value: Any, label: Label) -> None:
        """Addresses in a text from outside: what a call takes from there is seen to come from there."""
        if label >= Label.EXTERNAL and isinstance(value, str) and len(value) <= _HEARD:
            for token in tokens(value):
                if token.space in _PARTY:
                    self.session.see(digest(token.space, token.form), label)

    def _empty(self, field: str) -> Label:
        """Of a field that holds no value at all, such as an empty list."""
        known = self.manifest.output.fields.get(field)
        return declared(known.label) if known else Label.EXTERNAL

    def _label(self, leaf: Leaf, prefix: str) -> Label:
        label = declared(leaf.field.label) if leaf.field else Label.EXTERNAL
        if isinstance(leaf.value, str) and leaf.field is None and self.echo.get(leaf.value, Label.UNKNOWN) <= Label.ANCHORED:
            label = self.echo[leaf.value]
        tainted = self.session.tainted
        label = worst(
            [label, *(Label(tainted[key]) for key in traces(leaf.value, leaf.field.kind if leaf.field else "") if key in tainted)]
        )
        path = ".".join(part for part in (prefix, leaf.path) if part)
        label = worst([label, self.source.stored.get(path, self.source.stored.get("*", Label.CONSTANT))])
        self.labels[path] = max(label, self.labels.get(path, Label.CONSTANT))
        self.session.worst = max(self.session.worst, label)
        self._secret(leaf)
        return label

    def _secret(self, leaf: Leaf) -> None:
        if leaf.value is None or isinstance(leaf.value, bool):
            return
        text = str(leaf.value)
        if leaf.field is not None and leaf.field.secret:
            self.session.secret = True
            if len(plainly(text)) >= _SHORT:
                self.session.secrets.add(digest("secret", plainly(text)))
        elif isinstance(leaf.value, str):
            for finding in find(text):
                if finding.kind in SECRETS:
                    self.session.secret = True
                    self.session.secrets.add(digest("secret", plainly(text[finding.start : finding.end])))

    def _named(self, kind: str, name: str) -> list[str]:
        """The mentions of a record by its key."""
        known = self.session.mentioned
        if near(kind, name) in known:
            return [near(kind, name)]
        if (where := shape(name)) != "text:":
            key = digest(where, form(name, where) or "")
            return [key] if key in known else []
        if not name.isdigit() and typed(name) not in known and strong(name) in known:
            return [strong(name)]
        return []

    def _marks(self, value: str, label: Label, kind: str) -> dict[str, bool]:
        """The mentions that a field fits. What somebody else has chosen fits as a name or address alone, and vouches for nothing else."""
        known, own = self.session.mentioned, label <= Label.RECORD
        if label > Label.COUNTERPARTY:
            return {}
        where = space(kind) if kind else shape(value)
        if where in _PARTY:
            spelling = form(value, where)
            key = digest(where, spelling) if spelling else ""
            return {key: False} if key in known else {}
        found = {strong(value): own} if strong(value) in known and not value.isdigit() else {}
        if own and " " in value.strip() and plain(value) in known:
            found[plain(value)] = True
        return found

    def _leaves(self, value: Any, path: str, *, whole: bool = True) -> Iterator[Leaf]:
        field = self._field(path)
        if isinstance(value, Mapping):
            for name, item in value.items():
                plain_name = "?" if "." in str(name) or "[" in str(name) else str(name)
                inner = f"{path}.{plain_name}" if path else plain_name
                if field is not None and inner not in self.manifest.output.fields:
                    yield Leaf(path=path, value=str(name), field=field, whole=False)
                yield from self._leaves(item, inner, whole=whole)
        elif isinstance(value, (list, tuple)):
            for item in value:
                yield from self._leaves(item, f"{path}[]", whole=False)
        else:
            yield Leaf(path=path, value=value, field=field, whole=whole)

    def _field(self, path: str) -> Field | None:
        """The declaration of the value at *path*, or of what it is within."""
        fields = self.manifest.output.fields
        while path and path not in fields:
            path = path[:-2] if path.endswith("[]") else path.rpartition(".")[0]
        return fields.get(path)
