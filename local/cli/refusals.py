"""What the platform answered when it did not do what was asked, as a sentence with the fix."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from local.cli.outcomes import Refused

_FIXES = {
    HTTPStatus.UNAUTHORIZED: "give a valid token: --token or SEPTET_TOKEN (the twin's own: septet token)",
    HTTPStatus.FORBIDDEN: "use a token with the role it names; on the twin: --role, --as, --tenant",
    HTTPStatus.NOT_FOUND: "look at what there is for this tenant: septet runs, septet approvals",
    HTTPStatus.REQUEST_TIMEOUT: "try again",
    HTTPStatus.TOO_MANY_REQUESTS: "wait a little and try again",
}
_EXHAUSTED = "urn:septet:problem:exhausted"
_OVERLOADED = "urn:septet:problem:overloaded"
_LATER = "try again later, with the same --idempotency-key if you gave one; what runs now: septet runs --status running"
_REPLAYS = " replays go on "
"""What the platform says when somebody orders one too many."""
_SEE = "see how far one is: septet replay ID --no-wait; one that does not come on: septet replay ID --resume; then order this one again"
_RAISE = "wait until midnight UTC, ask for less (--budget), or have an administrator raise it: septet budget set --day"
_OPERATING = "operates the platform"
"""What the platform says when only its own operators may; on the twin they are of the tenant `operations`."""
_OPERATIONS = "use a token of the tenant that operates the platform; on the twin: --tenant operations"
_OWN_RUN = "you submitted this run"
"""How the platform begins when somebody decides on a run of their own."""
_OTHER = "use another principal: --as agent-desk"
_CHANGED = " changed the arguments: "
"""What the platform says when somebody approves a call without saying that they saw what it became."""
_LOOK = "look at it again with septet approvals and the id; it shows the command that approves what you see"
_SERVER_FIX = "try again; if it stays so, look at the log of the function api (on the twin: septet status names the folder)"


def refusal(status: int, body: Any) -> Refused:
    """Read *body*, the decoded JSON of an answer with *status* (None when it was no JSON): RFC 9457, or API Gateway's own ``message``."""
    problem = body if isinstance(body, Mapping) else {}
    title = str(problem.get("title") or _phrase(status))
    detail = str(problem.get("detail") or problem.get("message") or "").strip()
    what = f"{detail.rstrip('.')} ({status} {title})" if detail and detail != title else f"{title} ({status})"
    return Refused(
        what,
        status=status,
        fix={_EXHAUSTED: _RAISE, _OVERLOADED: _SEE if _REPLAYS in detail else _LATER}.get(str(problem.get("type"))) or _fix(status, detail),
        details=tuple(field for field in _fields(problem.get("errors")) if field not in what),
    )


def _fix(status: int, detail: str) -> str:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _SERVER_FIX
    if status == HTTPStatus.FORBIDDEN and detail.startswith(_OWN_RUN):
        return _OTHER
    if status == HTTPStatus.FORBIDDEN and _OPERATING in detail:
        return _OPERATIONS
    if status == HTTPStatus.CONFLICT and (_CHANGED in detail or "not the one you saw" in detail):
        return _LOOK
    return _FIXES.get(HTTPStatus(status), "") if _known(status) else ""


def _fields(errors: Any) -> tuple[str, ...]:
    """One line for each field that is wrong."""
    if not isinstance(errors, list):
        return ()
    return tuple(f"{error.get('field')}: {error.get('message')}" for error in errors if isinstance(error, Mapping))


def _known(status: int) -> bool:
    return status in HTTPStatus.__members__.values()


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if _known(status) else "no known status"
