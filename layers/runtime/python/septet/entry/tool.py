"""A tool's folder as a Lambda function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from septet.entry.guard import guarded
from septet.entry.place import at
from septet.security.stored import Labelled


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What the platform, and not the model, says of a call."""

    tenant: str
    run: str
    principal: str
    """The authenticated principal on whose behalf the run works."""
    key: str
    """The idempotency key of an effect; empty for a tool without one."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Where each argument's value comes from, by path: what a tool that stores it writes beside it (``septet.security.stored``)."""


@dataclass(frozen=True, slots=True)
class Happened:
    """What reconciling found: the effect happened."""

    value: Any
    """What the tool would have returned."""


@dataclass(frozen=True, slots=True)
class NotHappened:
    """What reconciling found: the effect provably did not happen, and nobody is at it any more."""


Tool = Callable[[Mapping[str, Any], Context], Any]
Reconcile = Callable[[Mapping[str, Any], Context], Happened | NotHappened]
"""Says whether the effect of a context's key happened. It changes nothing, and raises when it cannot tell."""


def serve(tool: Tool, *, reconcile: Reconcile | None = None) -> Callable[[Mapping[str, Any], object], Any]:
    """The handler that calls *tool* with its arguments (checked by the gateway) and its context, or *reconcile* where that is asked.

    The question comes with the arguments under another name, so that a tool that knows no reconciling breaks and does not fire.
    """
    # By its context alone it is told where it works: arguments are a model's wording, whatever they are called.
    act, look, told = guarded(tool, where=None), guarded(reconcile, where=None) if reconcile else None, guarded(_context, where=None)

    def handler(event: Mapping[str, Any], _: object) -> Any:
        with at(event["context"]):
            return answer(event)

    def answer(event: Mapping[str, Any]) -> Any:
        context = told(event["context"])
        if "reconcile" not in event:
            return _told(act(event["arguments"], context))
        if look is None:
            raise NotImplementedError("this tool cannot say what has happened: give serve its reconcile function")
        match look(event["reconcile"], context):
            case Happened(value):
                return {"happened": True, "value": _told(value)}
            case NotHappened():
                return {"happened": False}
            case other:
                raise TypeError(f"reconcile returned {type(other).__name__}: return Happened(value) or NotHappened(), or raise")

    return handler


def _context(value: Mapping[str, Any]) -> Context:
    return Context(**value)


def _told(value: Any) -> Any:
    """*value* as the gateway gets it: with its labels, where the tool has some."""
    return {"labelled": value.value, "labels": dict(value.labels)} if isinstance(value, Labelled) else value
