"""Events from outside that start runs: whose they are and which workflow they start, the deployment declares, never the event."""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from septet.core.errors import SeptetError
from septet.core.frozen import frozen
from septet.core.runs import Run
from septet.integration.ports import Principal
from septet.integration.problems import Kind, Problem
from septet.integration.submitting import KEY, Submission

TRIES = 9
"""After that many an event goes to the dead-letter queue with its reason. SQS itself would move it, without one, after one more."""
REASON_CHARACTERS = 500
"""Of why an event is not taken."""
_NEVER = (Kind.INVALID, Kind.FORBIDDEN, Kind.NOT_FOUND)
"""Problems that another try does not solve."""
_log = logging.getLogger(__name__)


class BadEvent(Exception):  # noqa: N818 -- it is the event that is wrong
    """An event that starts nothing. ``str`` says why."""


@frozen
class Mapped:
    """One event of ``policies/events.toml``."""

    source: str
    detail_type: str
    workflow: str
    tenant: str
    principal: str
    roles: tuple[str, ...]
    attended: bool
    input: Mapping[str, str]
    """By field of the workflow's input: the path in the event."""


def mapped(value: Mapping[str, Mapping[str, Any]]) -> tuple[Mapped, ...]:
    """The events in an ``events.json``. Raises TypeError for anything else."""
    return tuple(Mapped(**{**item, "roles": tuple(item["roles"])}) for item in value.values())


class DeadLetters(Protocol):
    """Where events end that start nothing."""

    def put(self, body: str, reason: str) -> None:
        """Keep the event's *body*, with the *reason*."""
        ...


Submit = Callable[[Submission, Principal], Run]


@frozen
class Taken:
    """What became of an event."""

    outcome: Literal["started", "dead", "again"]
    run: str = ""


@frozen
class Intake:
    """Takes events. One that is taken twice starts one run: its id is the submission's key."""

    events: tuple[Mapped, ...]
    submit: Submit
    dead: DeadLetters

    def take(self, body: str, *, tries: int) -> Taken:
        """Start the run that the event asks for, or put the event where a person finds it, or have it sent again. Nothing is lost.

        *tries* counts this one.
        """
        try:
            submission, principal = submission_of(body, self.events)
            return Taken(outcome="started", run=self.submit(submission, principal).run)
        except BadEvent as error:
            return self._buried(body, str(error))
        except Problem as problem:
            told = "; ".join([problem.detail, *(f"{wrong.field} {wrong.message}" for wrong in problem.errors)])
            return self._buried(body, told) if problem.kind in _NEVER else self._again(body, told, tries)
        except SeptetError as error:
            return self._again(body, f"{type(error).__name__}: {error}", tries)

    def _again(self, body: str, reason: str, tries: int) -> Taken:
        _log.warning("an event could not be taken, try %d", tries)
        return self._buried(body, f"{reason} (after {tries} tries)") if tries >= TRIES else Taken(outcome="again")

    def _buried(self, body: str, reason: str) -> Taken:
        self.dead.put(body, reason[:REASON_CHARACTERS])
        return Taken(outcome="dead")


def submission_of(body: str, events: tuple[Mapped, ...]) -> tuple[Submission, Principal]:
    """What the EventBridge event in *body* asks for, and as whom. Raises BadEvent. Source of the form: the events of Amazon EventBridge."""
    event = _event(body)
    found = next((one for one in events if (one.source, one.detail_type) == (event.get("source"), event.get("detail-type"))), None)
    if found is None:
        raise BadEvent("policies/events.toml declares no event of this source and detail-type")
    key = event.get("id")
    if not isinstance(key, str) or not KEY.fullmatch(f"event-{key}"):
        raise BadEvent("the event has no id to be known by")
    given = {name: value for name, path in found.input.items() if (value := at(event, path)) is not None}
    submission = Submission(workflow=found.workflow, input=given, attended=found.attended, key=f"event-{key}")
    return submission, Principal(tenant=found.tenant, subject=found.principal, roles=frozenset(found.roles))


def _event(body: str) -> Mapping[str, Any]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadEvent(f"it is no JSON: {type(error).__name__}") from error
    if not isinstance(event, dict):
        raise BadEvent("it is no event: no JSON object")
    return event


def at(value: Any, path: str) -> Any:
    """What is at *path* in *value*; None when nothing is."""
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return None
        value = value[name]
    return value
