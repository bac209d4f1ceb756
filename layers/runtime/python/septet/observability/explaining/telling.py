"""One branch of a journal told step by step. What belongs together becomes one step: a call and its reply, a question and its answer."""

from collections.abc import Iterator, Mapping
from copy import replace
from typing import Any

from septet.core.entries import (
    Answer,
    ApprovalAsked,
    ApprovalEdited,
    ApprovalGiven,
    Branched,
    Damaged,
    Entry,
    Erased,
    Failure,
    Forked,
    HandOver,
    Heard,
    Inquired,
    ModelCall,
    ModelFailed,
    ModelReply,
    Request,
    Resolved,
    Restarted,
    Routed,
    ToolIntent,
    ToolResult,
)
from septet.core.journal import MAIN
from septet.observability.explaining import reasons
from septet.observability.explaining.choosing import Choices
from septet.observability.explaining.routings import branched, resolved, routed
from septet.observability.explaining.singles import single
from septet.observability.explaining.steps import Fate, Kind, Step, Why

_REFUSED = frozenset({"PolicyDenied", "InputRejected", "ApprovalExpired"})
"""Errors of calls that the gateway did not make."""
_FATES: Mapping[str, Fate] = {"approved": "done", "answered": "done"}


class Teller:
    """Takes a branch's entries in order."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._steps: list[Step] = []
        self._choices = Choices()
        self._open: dict[tuple[str, str, str], int] = {}
        """Steps that have not ended, by kind, turn and id: places in the list."""
        self._wanted: dict[tuple[str, str], tuple[str, int]] = {}
        """Calls that models asked for, by turn and id, each with who asked and in which entry."""
        self._arguments: dict[tuple[str, str], Any] = {}
        """Of those calls, as a person changed them if one did: a call that is not made has no intent that says them."""
        self._pending: tuple[Why, ...] = ()
        """Why the turn begins that comes next."""

    def steps(self) -> Iterator[Step]:
        """All that was told so far, in order."""
        yield from self._steps

    def take(self, entry: Entry) -> None:  # noqa: C901, PLR0912 -- one case for each kind of entry that is more than itself
        """Take in the branch's next entry."""
        self._choices.heard(entry)
        match entry.body:
            case ModelCall() as body:
                self._close("model", entry.turn, "", fate="gone")
                why = (*self._begun(entry), *self._choices.why(entry, body))
                self._begin(entry, "model", body.model, key="", why=why, reserved=body.reserved)
            case ModelReply() as body:
                self._replied(entry, body)
            case ModelFailed() as body:
                why = reasons.failed(body, entry.cost)
                self._end(entry, "model", body.model, "", why=why, fate="failed", error=body.error, message=body.message)
            case ApprovalAsked() as body:
                why = tuple(Why(by="policy", text=reason) for reason in body.reasons)
                self._begin(entry, "approval", body.tool, key=body.call, why=why, given=body.arguments)
            case ApprovalEdited() as body:
                self._arguments[entry.turn, body.call] = body.arguments
                self._amend(entry, "approval", body.call, Why(by="person", text=f"{body.by} changed the arguments"), given=body.arguments)
            case ApprovalGiven() as body:
                told = reasons.given(body)
                self._end(entry, "approval", "", body.call, why=told, fate=_FATES.get(body.decision, "denied"), by=body.by)
            case ToolIntent() as body:
                why = (*self._asked_for(entry, body.call), *reasons.allowed(body))
                self._begin(
                    entry, "tool", body.tool, key=body.call, why=why, given=body.arguments, given_labels=entry.labels, effect=body.key
                )
            case ToolResult() as body:
                self._result(entry, body)
            case Inquired() as body:
                self._begin(entry, "inquiry", body.to, key=body.inquiry, why=reasons.inquired(body), given=body.question)
            case Heard() as body:
                told = reasons.heard(body)
                fate = _FATES.get(body.outcome, "failed")
                more: dict[str, Any] = {"by": body.by, "result": body.value, "result_labels": entry.labels}
                self._end(entry, "inquiry", "", body.inquiry, why=told, fate=fate, **more)
            case Routed() | HandOver() | Branched() | Resolved() | Restarted() | Forked() as body:
                self._turned(entry, body)
            case Erased() | Damaged():
                self._gone(entry)
            case _:
                self._single(entry)

    def _replied(self, entry: Entry, body: ModelReply) -> None:
        for call in body.calls:
            self._wanted[entry.turn, call.id] = entry.agent, entry.number
            self._arguments[entry.turn, call.id] = call.arguments
        result = {"text": body.text, "calls": [{"tool": call.tool, "arguments": call.arguments} for call in body.calls]}
        why = (*self._begun(entry), *self._choices.cached(entry, body)) if ("model", entry.turn, "") not in self._open else ()
        fate: Fate = "failed" if body.stop in {"truncated", "refused"} else "done"
        self._end(entry, "model", body.model, "", why=(*why, *reasons.replied(body)), fate=fate, result=result)

    def _result(self, entry: Entry, body: ToolResult) -> None:
        told = reasons.result(body)
        more: dict[str, Any] = {"error": body.error, "message": body.message, "result": body.value, "result_labels": entry.labels}
        if ("tool", entry.turn, body.call) not in self._open:
            told = (*self._asked_for(entry, body.call), *told)
            more["given"] = self._arguments.get((entry.turn, body.call))
        fate: Fate = "done" if not body.error else "denied" if body.error in _REFUSED else "failed"
        self._end(entry, "tool", body.tool, body.call, why=told, fate=fate, **more)

    def _turned(self, entry: Entry, body: Routed | HandOver | Branched | Resolved | Restarted | Forked) -> None:
        """Something after which other turns begin."""
        match body:
            case Routed():
                told, self._pending = routed(body, entry.number)
                fate: Fate = "done" if body.to else "failed"
                self._add(entry, "routed", body.to or "nobody", why=told, fate=fate, error=body.error, result=body.rationale)
            case HandOver():
                self._pending = (Why(by="model", text=f"{entry.agent} handed over to {body.to} (entry {entry.number})"),)
                why = (Why(by="model", text=body.reason or "no reason is given"),)
                self._add(entry, "hand_over", body.to, why=why)
            case Branched():
                self._add(entry, "branched", body.step, why=branched(body), result=list(body.paths))
            case Resolved():
                self._pending = (Why(by="workflow", text=f"what the branches found was put together (entry {entry.number})"),)
                self._add(entry, "resolved", body.winner or body.method, why=resolved(body), result=body.value, result_labels=entry.labels)
            case Restarted():
                self._pending = (Why(by="person", text=f"{body.by} restarted the run (entry {entry.number})"),)
                why = (Why(by="person", text=reasons.restarted(body)),)
                self._add(entry, "restarted", f"attempt {body.attempt}", why=why, by=body.by)
            case Forked():
                self._steps = [replace(step, copied=True) for step in self._steps]
                self._pending = (Why(by="person", text=f"{body.by} forked the run here (entry {entry.number})"),)
                why = (Why(by="person", text=f"{body.by} let it go on by itself from entry {body.at} of {body.run}"),)
                self._add(entry, "forked", body.run, why=why, by=body.by, given=body.overrides)

    def _gone(self, entry: Entry) -> None:
        erased = isinstance(entry.body, Erased)
        text = "its content was erased" if erased else "what is stored is no entry: somebody changed it"
        self._add(entry, "unreadable", "erased" if erased else "damaged", why=(Why(by="platform", text=text),), fate="gone")

    def _single(self, entry: Entry) -> None:
        told = single(entry, self._path)
        if isinstance(entry.body, Request) and self._path != MAIN:
            self._pending = (Why(by="workflow", text=f"the branch begins with its question (entry {entry.number})"),)
        if isinstance(entry.body, Answer | Failure):
            self._pending = reasons.after(entry)
            for kind, turn, key in [place for place in self._open if place[1] == entry.turn and place[0] == "model"]:
                self._close(kind, turn, key, fate="gone")
        self._add(entry, **told)

    def _begun(self, entry: Entry) -> tuple[Why, ...]:
        """Why the entry's turn begins; nothing if it had begun."""
        if not self._choices.first(entry):
            return ()
        why, self._pending = self._pending, ()
        return why or (Why(by="workflow", text=f"the workflow has {entry.agent or 'somebody'} begin", certain=False),)

    def _asked_for(self, entry: Entry, call: str) -> tuple[Why, ...]:
        asked = self._wanted.get((entry.turn, call))
        return (Why(by="model", text=f"{asked[0]} asked for it (entry {asked[1]})"),) if asked else ()

    def _add(self, entry: Entry, kind: Kind, what: str, *, why: tuple[Why, ...], **more: Any) -> None:
        """A step that is over as soon as it is written."""
        self._steps.append(self._made(entry, kind, what, why=why, **{"fate": "done", "end": entry.at, **more}))

    def _begin(self, entry: Entry, kind: Kind, what: str, *, key: str, why: tuple[Why, ...], **more: Any) -> None:
        self._open[kind, entry.turn, key] = len(self._steps)
        self._steps.append(self._made(entry, kind, what, why=why, fate="open", end=None, **more))

    def _made(self, entry: Entry, kind: Kind, what: str, **more: Any) -> Step:
        return Step(
            path=self._path,
            number=entry.number,
            entries=(entry.number,),
            kind=kind,
            what=what,
            agent=entry.agent,
            turn=entry.turn,
            start=entry.at,
            cost=entry.cost,
            **_tokens(entry),
            **more,
        )

    def _amend(self, entry: Entry, kind: Kind, key: str, why: Why, **more: Any) -> None:
        place = self._open.get((kind, entry.turn, key))
        if place is None:
            self._add(entry, kind, "", why=(why,), **more)
        else:
            before = self._steps[place]
            self._steps[place] = replace(before, entries=(*before.entries, entry.number), why=(*before.why, why), **more)

    def _end(self, entry: Entry, kind: Kind, what: str, key: str, *, why: tuple[Why, ...], **more: Any) -> None:
        """End the step that is open, or tell one of which only the end was written."""
        place = self._open.pop((kind, entry.turn, key), None)
        if place is None:
            self._add(entry, kind, what, why=why, **more)
            return
        before = self._steps[place]
        ended: dict[str, Any] = {"entries": (*before.entries, entry.number), "why": (*before.why, *why), "end": max(before.start, entry.at)}
        self._steps[place] = replace(before, cost=before.cost + entry.cost, **_tokens(entry), **ended, **more)

    def _close(self, kind: str, turn: str, key: str, *, fate: Fate) -> None:
        """What was open and never ended."""
        place = self._open.pop((kind, turn, key), None)
        if place is not None:
            why = Why(by="platform", text="how it ended cannot be read")
            self._steps[place] = replace(self._steps[place], fate=fate, why=(*self._steps[place].why, why))


def _tokens(entry: Entry) -> dict[str, Any]:
    used = entry.usage
    return {"input_tokens": used.input + used.cache_read + used.cache_write, "output_tokens": used.output} if used else {}
