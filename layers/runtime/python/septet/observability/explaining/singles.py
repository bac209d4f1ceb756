"""Steps that one entry is by itself."""

from typing import Any

from septet.core.entries import (
    Answer,
    Compacted,
    Entry,
    ErasureOrdered,
    Failure,
    LimitSet,
    Note,
    Planned,
    Recalled,
    Request,
    Stop,
)
from septet.core.journal import MAIN
from septet.core.money import dollars
from septet.observability.explaining.steps import Why

_NOTES = {
    "repair": "the reply could not be used, and the model is told why",
    "check": "a check of the answer failed, and the model is told why",
    "usage": "the provider's figures could not be believed, so what was held is charged",
    "cancelled": "the run was cancelled: what it did is undone",
    "fork": "something of the origin's is left out",
}
_PLANNED = "before anything from outside was read, the agent committed to these tools and values: what is not in the plan is denied"


def single(entry: Entry, path: str) -> dict[str, Any]:  # noqa: C901, PLR0911 -- one case for each kind of entry
    """The fields of the step of an *entry* of branch *path* that are not the entry's own."""
    match entry.body:
        case Request() as body:
            why = Why(by="caller", text=f"{body.submitter} asked for a run of {body.workflow}")
            if path != MAIN:
                why = Why(by="workflow", text=f"the branch {path} begins with this question")
            return {"kind": "request", "what": body.workflow, "why": (why,), "given": body.input, "given_labels": entry.labels}
        case Answer(value=value):
            by = f"{entry.agent} ended its turn" if entry.agent else "the workflow's own text, for nobody could answer"
            why = Why(by="model" if entry.agent else "workflow", text=by)
            return {"kind": "answer", "what": entry.agent, "why": (why,), "result": value, "result_labels": entry.labels}
        case Failure(error=error, message=message):
            why = Why(by="platform", text=f"{error}: {message}" if message else error)
            return {"kind": "failure", "what": error, "why": (why,), "fate": "failed", "error": error, "message": message}
        case Stop(by=by, reason=reason):
            return {"kind": "stop", "what": by, "why": (Why(by="person", text=reason or "no reason is given"),), "by": by}
        case Planned(plan=plan):
            return {"kind": "plan", "what": "plan", "why": (Why(by="model", text=_PLANNED),), "result": plan}
        case Compacted(through=through):
            text = f"the next request might not have fitted the model: results up to entry {through} are shown in a line each"
            return {"kind": "compacted", "what": f"through {through}", "why": (Why(by="platform", text=text),)}
        case Note(kind=kind, text=text):
            return {"kind": "note", "what": kind, "why": (Why(by="platform", text=_NOTES.get(kind, kind)),), "message": text}
        case Recalled() as body:
            text = "what was said before in the session is shown" + (
                f", but for the {body.dropped} oldest exchanges" if body.dropped else ""
            )
            why = Why(by="platform", text=text)
            return {"kind": "recalled", "what": body.session, "why": (why,), "result": body.exchanges, "result_labels": entry.labels}
        case LimitSet() as body:
            why = Why(by="person", text=f"{body.by} set it from {dollars(body.before)} to {dollars(body.after)}")
            return {"kind": "change", "what": body.name, "why": (why,), "by": body.by}
        case ErasureOrdered() as body:
            why = Why(by="person", text=f"{body.by} had the content of {len(body.runs)} runs erased")
            return {"kind": "change", "what": f"erasure of {body.of}", "why": (why,), "by": body.by}
    raise TypeError(entry.body)
