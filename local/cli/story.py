"""A run's journal told in lines: who does what, what the platform decides about it, what it costs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from local.cli import branches
from local.cli.api import Document
from local.cli.moments import seconds
from local.cli.plain import cause, pairs, plain
from local.cli.planned import planned
from local.cli.voices import Voices
from septet.core.money import dollars


class Tone(StrEnum):
    """How a line is meant."""

    CALM = "calm"
    GOOD = "good"
    WAIT = "wait"
    BAD = "bad"


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One thing that happened. Texts are safe to show."""

    at: float
    """Seconds since the run began."""
    who: str
    verb: str
    what: str
    cost: str = ""
    """Dollars; empty when the line cost nothing."""
    tone: Tone = Tone.CALM
    approval: str = ""
    """Id of the question when the line asks a person."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed:
    """Model calls that failed, and what was charged for them."""

    calls: int = 0
    cost: int = 0
    """Micro-dollars."""

    def and_another(self, cost: int) -> "Failed":
        """One more, charged with *cost* micro-dollars."""
        return Failed(calls=self.calls + 1, cost=self.cost + cost)


NONE = Failed()
_TOLD_BY_RESULT = frozenset({"answer", "hand_over", "commit_plan"})
"""Calls whose entry says the same better."""

type _Told = tuple[str, str, str, Tone]
"""Who, verb, what, tone."""


class Story:
    """Tells entries in order. A model's reply that asks for no tool is told by what it leads to, which then carries its cost."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._owed = 0
        self._voices = Voices()
        self.failed = NONE
        """The model calls that failed among the entries told."""
        self.now = "starts"
        """What is going on after the last entry told."""

    def tell(self, entry: Document) -> Line | None:
        """The line for *entry*; None when it adds nothing to see yet."""
        at = seconds(entry["at"])
        if self._began is None:
            self._began = at
        self._owed += int(entry.get("cost_microdollars") or 0)
        body = entry["body"]
        self.now = _now(entry, body)
        if entry["type"] == "model_failed":
            self.failed = self.failed.and_another(int(entry.get("cost_microdollars") or 0))
        self._voices.hear(entry)
        told = _TELLERS.get(entry["type"], _unknown)(entry, body)
        if told is None:
            return None
        who, verb, what, tone = told
        what = self._voices.said(entry, what)
        cost, self._owed = self._owed, 0
        return Line(
            at=max(0.0, at - self._began),
            who=plain(who),
            verb=verb,
            what=plain(what),
            cost=dollars(cost) if cost else "",
            tone=tone,
            approval=plain(body.get("approval", "")) if entry["type"] == "approval_asked" else "",
        )


def _agent(entry: Document) -> str:
    return str(entry.get("agent") or "septet")


def _request(_entry: Document, body: Document) -> _Told:
    return body["submitter"], "asks", pairs(body["input"]), Tone.CALM


def _reply(entry: Document, body: Document) -> _Told | None:
    wanted = [f"{call['tool']} {pairs(call['arguments'])}" for call in body["calls"] if call["tool"] not in _TOLD_BY_RESULT]
    return (_agent(entry), "wants", "; ".join(wanted), Tone.CALM) if wanted else None


def _intent(_entry: Document, body: Document) -> _Told:
    return "gateway", "allows", f"{body['tool']}: {'; '.join(body['reasons'])}", Tone.CALM


def _result(_entry: Document, body: Document) -> _Told:
    if body.get("error"):
        denied = body["error"] in {"PolicyDenied", "InputRejected", "ApprovalExpired"}
        return "gateway" if denied else body["tool"], "denies" if denied else "fails", f"{body['error']}: {body['message']}", Tone.BAD
    again = "(it had happened before) " if body.get("repeated") else ""
    return body["tool"], "returns", again + pairs(body["value"]), Tone.CALM


def _asked(_entry: Document, body: Document) -> _Told:
    return "gateway", "asks you", f"{body['tool']} {pairs(body['arguments'])}: {'; '.join(body['reasons'])}", Tone.WAIT


def _given(_entry: Document, body: Document) -> _Told:
    decision = str(body["decision"])
    verb = {"approved": "approves", "rejected": "rejects"}.get(decision, decision)
    tone = Tone.GOOD if decision == "approved" else Tone.BAD
    return body["by"] or "nobody", verb, body["reason"] or "(no reason given)", tone


def _edited(_entry: Document, body: Document) -> _Told:
    return body["by"], "changes", pairs(body["arguments"]), Tone.WAIT


def _hand_over(entry: Document, body: Document) -> _Told:
    return _agent(entry), "hands to", f"{body['to']}: {body['reason']}" if body["reason"] else body["to"], Tone.CALM


def _routed(_entry: Document, body: Document) -> _Told:
    """Who works next, and why; or that nobody does."""
    rationale = body["rationale"] if isinstance(body["rationale"], dict) else {}
    match body["purpose"]:
        case "take_over":
            nobody = "a person, before anybody goes on" if rationale.get("person") else "nobody"
            return "septet", "sends", f"{body['to'] or nobody}, for {body['of']} ended in {body['error']}", Tone.WAIT
        case "degrade":
            return "septet", "says", f"the prepared text, for {body['of']} ended in {body['error']}", Tone.BAD
        case _:
            return "septet", "chooses", f"{body['to'] or 'nobody'} for {body['of']}: {rationale.get('why', '')}", Tone.CALM


def _note(entry: Document, body: Document) -> _Told:
    kind = str(body["kind"])
    return _agent(entry), {"repair": "is told", "check": "is told"}.get(kind, kind), cause(body["text"]), Tone.WAIT


def _model_failed(entry: Document, body: Document) -> _Told:
    return _agent(entry), "meets", f"{body['model']}: {_error(body)}", Tone.WAIT


def _compacted(entry: Document, body: Document) -> _Told:
    return _agent(entry), "shortens", f"results up to entry {body['through']}", Tone.CALM


def _planned(entry: Document, body: Document) -> _Told:
    return _agent(entry), "plans", planned(body["plan"]), Tone.CALM


def _damaged(entry: Document, _body: Document) -> _Told:
    return "", "damaged", f"entry {entry['number']} cannot be read: what is stored is no entry", Tone.BAD


def _erased(entry: Document, _body: Document) -> _Told:
    return _agent(entry), "erased", f"entry {entry['number']}: its body is gone", Tone.BAD


def _answer(entry: Document, body: Document) -> _Told:
    value = body["value"]
    text = value["text"] if isinstance(value, Mapping) and set(value) == {"text"} else pairs(value)
    return _agent(entry), "answers", text, Tone.GOOD


def _failure(entry: Document, body: Document) -> _Told:
    return _agent(entry), "fails", _error(body), Tone.BAD


def _error(body: Document) -> str:
    return f"{body['error']}: {cause(body['message'])}" if body["message"] else str(body["error"])


def _stop(_entry: Document, body: Document) -> _Told:
    return body["by"], "stops it", body["reason"], Tone.BAD


def _branched(_entry: Document, body: Document) -> _Told:
    return "septet", "parts", branches.parted(body), Tone.CALM


def _resolved(_entry: Document, body: Document) -> _Told:
    return "septet", "resolves", branches.resolved(body), Tone.WAIT if body["missing"] else Tone.CALM


def _silent(_entry: Document, _body: Document) -> None:
    return None


def _unknown(entry: Document, body: Document) -> _Told:
    """An entry of a newer platform is shown as it is."""
    return _agent(entry), entry["type"], pairs({name: item for name, item in body.items() if name not in {"type", "version"}}), Tone.CALM


_TELLERS: dict[str, Callable[[Document, Any], _Told | None]] = {
    "request": _request,
    "model_call": _silent,
    "model_reply": _reply,
    "tool_intent": _intent,
    "tool_result": _result,
    "approval_asked": _asked,
    "approval_given": _given,
    "approval_edited": _edited,
    "hand_over": _hand_over,
    "routed": _routed,
    "note": _note,
    "model_failed": _model_failed,
    "compacted": _compacted,
    "planned": _planned,
    "erased": _erased,
    "damaged": _damaged,
    "answer": _answer,
    "failure": _failure,
    "stop": _stop,
    "branched": _branched,
    "resolved": _resolved,
}


def _now(entry: Document, body: Document) -> str:
    match entry["type"]:
        case "model_call":
            return plain(f"{_agent(entry)} asks {body['model']}")
        case "tool_intent":
            return plain(f"{body['tool']} runs")
        case "approval_asked":
            return "a person has to decide"
        case _:
            return "the workflow goes on"
