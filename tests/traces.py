"""What tests ask of the trace of a run that a collector has: that it tells what the journal says, all of it, and nothing else."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from septet.core.entries import Entry, Resolved
from septet.core.journal import MAIN
from septet.core.runs import Run
from septet.core.traces import from_header, of_attempt
from septet.observability.spans import Span
from tests.spans_due import Due, due

Spans = Mapping[str, Mapping[str, Any]]
"""By id, as the double of a collector shows them."""
FIRST, LAST = "septet.entry.first", "septet.entry.last"


def collected(doubles: str, trace: str) -> dict[str, Mapping[str, Any]]:
    """The spans of *trace* that the double of a collector at *doubles* has."""
    answer = httpx.get(f"{doubles}/v1/traces/{trace}", timeout=30)
    found: Iterable[Mapping[str, Any]] = answer.json()["spans"] if answer.is_success else ()
    return {span["span"]: span for span in found}


def traces(doubles: str, run: str) -> list[str]:
    """The traces in which the double of a collector at *doubles* has spans of *run*."""
    answer = httpx.get(f"{doubles}/v1/traces", params={"run": run}, timeout=30).raise_for_status()
    return [one["trace"] for one in answer.json()["traces"]]


def shown(span: Span) -> dict[str, Any]:
    """*span* as the double of a collector shows it, without what it adds."""
    links = [{"trace": link.trace, "span": link.span, "attributes": _values(link.attributes)} for link in span.links]
    return {
        **{name: getattr(span, name) for name in ("trace", "span", "parent", "name", "kind", "start", "end", "error")},
        "attributes": _values(span.attributes),
        "events": [{"name": event.name, "at": event.at, "attributes": _values(event.attributes)} for event in span.events],
        "links": links,
        "status": "error" if span.error else "unset",
    }


def _values(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in attributes.items()}


def root(spans: Spans, tenant: str, run: str, attempt: int = 0) -> Mapping[str, Any] | None:
    """The span of the run's attempt, once it was told."""
    return spans.get(of_attempt(tenant, run, attempt))


def faults(spans: Spans, caller: str = "") -> list[str]:
    """What is wrong with the trace of a run, one sentence a finding; *caller* is the span that it came from."""
    found = []
    for span in spans.values():
        named = f"{span['name']} {span['span']}"
        top = span["name"].startswith("invoke_workflow")
        if top and span["parent"] != caller:
            found.append(f"{named} is under {span['parent'] or 'nothing'}, not {caller or 'nothing'}")
        if not top:
            parent = spans.get(span["parent"])
            if parent is None:
                found.append(f"{named} has a parent that is not there: {span['parent']}")
            elif not parent["start"] <= span["start"] <= span["end"] <= parent["end"]:
                found.append(f"{named} is not within {parent['name']}")
        found += [f"{named} links to a span that is not there" for link in span["links"] if _ours(span, link) and link["span"] not in spans]
    return found


def untold(spans: Spans, path: str, last: int) -> list[int]:
    """The entries of the branch *path*, from 0 to *last*, that no span tells of."""
    told: set[int] = set()
    for span in spans.values():
        attributes = span["attributes"]
        if attributes.get("septet.branch", "main") == path:
            told |= {event["attributes"]["septet.entry"] for event in span["events"]}
            if "septet.entry.first" in attributes:
                told |= set(range(attributes["septet.entry.first"], attributes["septet.entry.last"] + 1))
    return [number for number in range(last + 1) if number not in told]


def _ours(span: Mapping[str, Any], link: Mapping[str, Any]) -> bool:
    return bool(link["trace"] == span["trace"])


def wrong(spans: Spans, run: Run, branches: Mapping[str, Sequence[Entry]]) -> list[str]:
    """What is wrong with *spans* as the whole trace of *run*, a sentence each."""
    asked = due(run, branches)
    found = Counter(_key(span) for span in spans.values() if FIRST in span["attributes"])
    missing = [f"nothing tells of {key}" for key in Counter(one.key for one in asked) - found]
    extra = [f"there is no {key}, or not so often" for key in found - Counter(one.key for one in asked)]
    held = _Held(spans=spans, run=run, branches=branches)
    each = [sentence for one in asked for sentence in held.wrong(one)]
    return [*missing, *extra, *held.whole(), *held.tops(), *each]


def _key(span: Mapping[str, Any]) -> tuple[str, str, int, int]:
    told = span["attributes"]
    return told["septet.branch"], span["name"], told[FIRST], told[LAST]


@dataclass(frozen=True, kw_only=True)
class _Held:
    """The spans of a run, held against what is due."""

    spans: Spans
    run: Run
    branches: Mapping[str, Sequence[Entry]]

    def whole(self) -> Iterator[str]:
        """What is wrong with any of them, whatever it tells of."""
        for span in self.spans.values():
            named = f"{span['name']} {span['span']}"
            if span["attributes"].get("septet.run") != self.run.run:
                yield f"{named} is of another run"
            if span["kind"] != ("client" if span["name"].startswith("chat ") else "internal"):
                yield f"{named} is of the kind {span['kind']}"
            if (span["status"] == "error") != bool(span["error"]) or span["error"] != span["attributes"].get("error.type", ""):
                yield f"{named} has the status {span['status']}, the error {span['error']!r} and another error.type"
            if not all(span["start"] <= event["at"] <= span["end"] for event in span["events"]):
                yield f"{named} has an event at another time"
        context = from_header(self.run.trace)
        yield from faults(self.spans, context.span if context else "")
        for path, entries in self.branches.items():
            yield from (f"no span tells of entry {number} of {path}" for number in untold(self.spans, path, len(entries) - 1))

    def tops(self) -> Iterator[str]:
        """What is wrong with the run's own span, and with those of its branches."""
        context = from_header(self.run.trace)
        ended = self.run.ended_at or 0
        until = {path: min(ended, max(entry.at for entry in entries)) for path, entries in self.branches.items()}
        parted = {path: entry.at for entry in self.branches[MAIN] if isinstance(entry.body, Resolved) for path in entry.body.paths}
        begin = {path: min(entries[0].at, ended) for path, entries in self.branches.items()}
        roots = [span for span in self.spans.values() if FIRST not in span["attributes"] and "septet.branch" not in span["attributes"]]
        if [span["name"] for span in roots] != [f"invoke_workflow {self.run.workflow}"]:
            yield f"the run itself is told as {[span['name'] for span in roots]}"
            return
        (root,) = roots
        if context is None or (root["trace"], root["parent"]) != (context.trace, context.span):
            yield f"the run is {root['trace']} under {root['parent'] or 'nothing'}, and came with {self.run.trace}"
        if (root["start"], root["end"]) != (min(begin.values()), max(ended, *until.values())):
            yield f"the run is told from {root['start']} to {root['end']}"
        comes = from_header(self.run.link)
        if [(link["trace"], link["span"]) for link in root["links"]] != ([(comes.trace, comes.span)] if comes else []):
            yield f"the run links to {root['links']}, and comes from {self.run.link or 'nothing'}"
        for path in self.branches.keys() - {MAIN}:
            found = [span for span in self.spans.values() if span["name"] == f"septet.branch {path}"]
            branch = found[0] if len(found) == 1 else root
            if branch["parent"] != root["span"]:
                yield f"the branch {path} is not told, or not under the run"
            elif (branch["start"], branch["end"]) != (begin[path], max(until[path], parted[path] if path in parted else root["end"])):
                yield f"the branch {path} is told from {branch['start']} to {branch['end']}"

    def wrong(self, one: Due) -> Iterator[str]:
        """What is wrong with the span that tells of *one*, if there is one."""
        span = next((span for span in self.spans.values() if FIRST in span["attributes"] and _key(span) == one.key), None)
        if span is None:
            return
        parent = self.spans.get(span["parent"])
        if parent is None:
            yield f"{one.key} has a parent that is not there: {span['parent'] or 'none'}"
        elif not self._is(parent, one):
            yield f"{one.key} is under {parent['name']} {span['parent']}"
        if (span["start"], span["end"], span["error"]) != (one.start, one.end, one.error):
            yield f"{one.key} is told from {span['start']} to {span['end']} with {span['error']!r}: {one}"
        links = [(link["attributes"]["septet.relation"], _first(self.spans.get(link["span"]), one.path)) for link in span["links"]]
        if links != list(one.links):
            yield f"{one.key} has the links {links}, not {one.links}"

    def _is(self, parent: Mapping[str, Any], one: Due) -> bool:
        """Whether *one* belongs under *parent*: its turn, or else its branch, or the run."""
        if one.turn is not None:
            turn = parent["name"].startswith(("invoke_agent ", "septet.turn"))
            return turn and _first(parent, one.path) == one.turn
        return bool(parent["name"] == (f"invoke_workflow {self.run.workflow}" if one.path == MAIN else f"septet.branch {one.path}"))


def _first(span: Mapping[str, Any] | None, path: str) -> int | None:
    """The first entry of a span of this *path*."""
    return span["attributes"][FIRST] if span and span["attributes"].get("septet.branch") == path else None
