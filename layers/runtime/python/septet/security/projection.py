"""What the gateway knows of a branch: a projection of its journal, extended by what was written since and never read twice."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from septet.core.entries import ApprovalAsked, Entry, ModelCall, ModelReply, ToolIntent, ToolResult
from septet.core.journal import Branch, Head, Journal
from septet.security.manifests import Manifest
from septet.security.monitor import Record

KEPT = 64
"""Branches whose projections a warm gateway keeps."""
_NOTHING = (ModelCall, ModelReply)
"""What half of the entries are, and tells a gateway nothing."""


@dataclass(kw_only=True, slots=True)
class Projection:
    """One branch up to ``last``."""

    manifests: Mapping[str, Manifest]
    last: Entry | None = None
    records: dict[tuple[str, str], Record] = field(default_factory=dict)
    """What results show, by kind and key, as far as only the platform writes it; the newest reading stands."""
    asked: set[tuple[str, str]] = field(default_factory=set)
    """Calls that a person was asked about, by turn and id; so the next two."""
    intended: set[tuple[str, str]] = field(default_factory=set)
    finished: set[tuple[str, str]] = field(default_factory=set)
    acted: dict[str, dict[bytes, Mapping[str, Any]]] = field(default_factory=dict)
    """The effects that were intended, as the monitor wants them; one that came to nothing counts, for nobody can be sure."""

    @property
    def head(self) -> Head:
        """Where the branch goes on."""
        return Head(number=self.last.number + 1, hash=self.last.hash) if self.last else Head()

    def ends_at(self, head: Head) -> bool:
        """Whether the branch goes on at *head*."""
        last = self.last
        return head.number == last.number + 1 and head.hash == last.hash if last else head == Head()

    def take(self, entry: Entry) -> None:
        """Take in the branch's next entry."""
        self.last = entry
        body = entry.body
        if isinstance(body, _NOTHING):
            return
        match body:
            case ApprovalAsked(call=call):
                self.asked.add((entry.turn, call))
            case ToolIntent(call=call) as intent:
                self.intended.add((entry.turn, call))
                if intent.key and (tool := self.manifests.get(intent.tool)):
                    self.acted.setdefault(tool.name, {})[tool.identified(intent.arguments)] = intent.arguments
            case ToolResult(call=call) as result:
                self.finished.add((entry.turn, call))
                self._read(result, f"{result.tool}, entry {entry.number}")

    def _read(self, result: ToolResult, source: str) -> None:
        declared = self.manifests.get(result.tool)
        output = declared.output if declared else None
        if output is None or not output.kind or result.error or not isinstance(result.value, Mapping) or output.key not in result.value:
            return
        fields = {name: value for name, value in result.value.items() if name in output.fields and output.fields[name].label == "record"}
        key = str(result.value[output.key])
        owner = str(fields.get(output.owner, ""))
        self.records[output.kind, key] = Record(kind=output.kind, key=key, fields=fields, owner=owner, source=source)


@dataclass(frozen=True, kw_only=True, slots=True)
class Projections:
    """The projections of the branches that were worked on last. A branch carries its tenant, and a chain's hash its whole past."""

    manifests: Mapping[str, Manifest]
    journal: Journal
    _kept: OrderedDict[Branch, Projection] = field(default_factory=OrderedDict, init=False)

    def current(self, branch: Branch) -> Projection:
        """The projection of *branch* as it is now, the caller's alone; ``keep`` gives it back."""
        known = self._kept.pop(branch, None)
        return (known and self._extended(known, branch)) or self._read(branch)

    def keep(self, branch: Branch, projection: Projection) -> None:
        """Keep *projection* for the next request."""
        self._kept[branch] = projection
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def _extended(self, known: Projection, branch: Branch) -> Projection | None:
        """*known* with what was written since; None when the branch is another than the one that was known."""
        last = known.last
        for entry in self.journal.read(branch, after=last.number if last else -1):
            if last and entry.previous != last.hash:
                return None
            known.take(entry)
            last = entry
        return known

    def _read(self, branch: Branch) -> Projection:
        projection = Projection(manifests=self.manifests)
        for entry in self.journal.read(branch):
            projection.take(entry)
        return projection
