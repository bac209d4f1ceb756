"""The reasons that single entries give, in words."""

from septet.core.entries import (
    LOST,
    Answer,
    ApprovalGiven,
    Entry,
    Failure,
    Heard,
    Inquired,
    ModelFailed,
    ModelReply,
    Restarted,
    ToolIntent,
    ToolResult,
)
from septet.observability.explaining.steps import Source, Why

_STOPS = {"truncated": "its reply was cut off at the longest that is allowed", "refused": "the provider refused to answer"}
_PEOPLE = ("approved by ", "changed by ")
"""How the gateway begins a reason that is a person's decision (``septet.security.asking``)."""
CHARGED = "charged what was held: the provider does not say whether it worked"
"""Why a call that failed costs something: one that provably was not worked on costs nothing."""
_CACHED = "an equal request was answered before, with nothing in it that was worded outside: no model was called, nothing is paid"


def replied(body: ModelReply) -> tuple[Why, ...]:
    """What is to be said of a reply."""
    told = [_CACHED] * body.cached + ([_STOPS[body.stop]] if body.stop in _STOPS else [])
    return tuple(Why(by="platform", text=text) for text in told)


def failed(body: ModelFailed, cost: int) -> tuple[Why, ...]:
    """Why a call of a model brought no reply, and why it cost something all the same, if it did; *cost* is in micro-dollars."""
    if body.error == LOST:
        return (Why(by="platform", text="whoever made the call was gone before it ended; what was held for it is charged"),)
    why = Why(by="outside", text=f"{body.error}: {body.message}" if body.message else body.error)
    return (why, Why(by="platform", text=CHARGED)) if cost else (why,)


def allowed(body: ToolIntent) -> tuple[Why, ...]:
    """Why the gateway made a call: the policies' own sentences, or the people's who approved it."""
    return tuple(Why(by="person" if reason.startswith(_PEOPLE) else "policy", text=reason) for reason in body.reasons)


def result(body: ToolResult) -> tuple[Why, ...]:
    """Why a call ended as it did; a call that was refused is told by the policies' own words."""
    if body.repeated:
        return (Why(by="platform", text="the effect had happened before: this is the record of it, and nothing was done again"),)
    if not body.error:
        return ()
    by: Source = "policy" if body.error == "PolicyDenied" else "platform" if body.error in {"InputRejected", "ApprovalExpired"} else "tool"
    return (Why(by=by, text=f"{body.error}: {body.message}" if body.message else body.error),)


def given(body: ApprovalGiven) -> tuple[Why, ...]:
    """Who decided, and with which words."""
    said = f": {body.reason}" if body.reason else ""
    return (Why(by="person" if body.by else "platform", text=f"{body.decision} by {body.by or 'nobody'}{said}"),)


def restarted(body: Restarted) -> str:
    """Who had the run go on, and what begins again there."""
    again = f"{', '.join(body.turns)} begins again" if len(body.turns) == 1 else f"{', '.join(body.turns)} begin again"
    return f"{body.by} restarted the run: " + (again if body.turns else "it goes on where it broke off")


def inquired(body: Inquired) -> tuple[Why, ...]:
    """Why somebody outside is asked."""
    return (Why(by="workflow", text=f"the workflow asks {body.to} and waits for the answer"),)


def heard(body: Heard) -> tuple[Why, ...]:
    """How an inquiry ended."""
    by = f" by {body.by}" if body.by else ""
    return (Why(by="outside" if body.by else "platform", text=f"{body.outcome}{by}"),)


def after(entry: Entry) -> tuple[Why, ...]:
    """Why the workflow goes on after a turn has ended. Its state machine decides, and the journal has no word of that."""
    what = (
        f"failed with {entry.body.error}" if isinstance(entry.body, Failure) else "answered" if isinstance(entry.body, Answer) else "ended"
    )
    return (
        Why(by="workflow", text=f"the workflow goes on after {entry.agent or 'the platform'} {what} (entry {entry.number})", certain=False),
    )
