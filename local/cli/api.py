"""The platform's HTTP API as a Python object: everything the command line knows about runs comes through here."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx

from local.cli.outcomes import BadUsage, Unreachable
from local.cli.refusals import refusal

type Document = Mapping[str, Any]

_TIMEOUT = httpx.Timeout(30, connect=5)
"""Seconds. A cold function on the twin may take several."""
_PAUSES = (0.2, 0.5, 1.0)
"""Seconds before each further attempt of a request that is safe to repeat."""
_PAGE = 100
"""Runs, or entries, that one request asks for at most, as the API allows."""
_TOKEN = re.compile(r"[!-~]+")
_PASSING = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


class Api:
    """A client for one principal. Raises Refused with the platform's own words, Unreachable when nobody answers."""

    def __init__(
        self, *, url: str, token: str, transport: httpx.BaseTransport | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._url = _checked(url)
        if not _TOKEN.fullmatch(token):
            raise BadUsage("the token is empty or has characters that no token has", fix="give the text of septet token, without quotes")
        self._sleep = sleep
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json, application/problem+json"},
            timeout=_TIMEOUT,
            transport=transport,
            trust_env=not _is_local(self._url),  # a proxy of the environment does not reach this machine's own ports
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def submit(self, workflow: str, given: Document, *, key: str, budget: str = "", attended: bool = True) -> Document:
        """Start a run; the same *key* with the same input, budget (dollars) and attendance again names the same run."""
        body = {"workflow": workflow, "input": given} | ({"budget": budget} if budget else {}) | ({} if attended else {"attended": False})
        return self._ask("POST", "/v1/runs", body=body, headers={"Idempotency-Key": key}, repeatable=True)

    def run(self, run: str) -> Document:
        """One run with its totals."""
        return self._ask("GET", f"/v1/runs/{quote(run, safe='')}")

    def journal(self, run: str, *, after: int | None = None) -> list[Document]:
        """The run's entries with a number above *after*, all pages."""
        start = {} if after is None else {"after": str(after)}
        return self._entries(f"/v1/runs/{quote(run, safe='')}/journal", start)

    def sealed(self, run: str, branch: str) -> list[Document]:
        """All entries of a branch as they are stored."""
        return list(self.stored(run, branch))

    def stored(self, run: str, branch: str) -> Iterator[Document]:
        """The same, read page by page."""
        query = {"branch": branch, "sealed": "true", "limit": str(_PAGE)}
        return self._paged(f"/v1/runs/{quote(run, safe='')}/journal", query, "entries")

    def run_seals(self, run: str) -> Iterator[Document]:
        """What seals have of a run."""
        return self._paged(f"/v1/runs/{quote(run, safe='')}/seals", {}, "proofs")

    def seals(self) -> Iterator[Document]:
        """The tenant's seals, oldest first."""
        return self._paged("/v1/audit/seals", {}, "seals")

    def seal_key(self) -> Document:
        """The public key that verifies seals."""
        return self._ask("GET", "/v1/audit/key")

    def erasures(self, *, sealed: bool = False) -> Iterator[Document]:
        """Every erasure that was ordered, or the entries as they are stored."""
        query = {"limit": str(_PAGE)} | ({"sealed": "true"} if sealed else {})
        return self._paged("/v1/audit/erasures", query, "entries")

    def erase(self, wanted: Mapping[str, str]) -> Document:
        """Erase as much as one request does. Doing it twice is the same."""
        return self._ask("POST", "/v1/audit/erasures", body=dict(wanted), repeatable=True)

    def every_run(self) -> Iterator[Document]:
        """All runs, newest first, read page by page."""
        return self._paged("/v1/runs", {"limit": str(_PAGE)}, "runs", cursor="cursor")

    def _paged(self, path: str, query: Mapping[str, str], name: str, *, cursor: str = "after") -> Iterator[Document]:
        """All that is listed as *name* on all pages. A page may hold nothing and have one after it."""
        query = dict(query)
        while True:
            page = self._ask("GET", path, query=query)
            yield from _listed(page, name)
            if page.get("next") is None:
                return
            query[cursor] = str(page["next"])

    def _entries(self, path: str, query: Mapping[str, str]) -> list[Document]:
        """All pages of a journal."""
        return list(self._paged(path, query, "entries"))

    def budget(self) -> Document:
        """The tenant's limits and its day."""
        return self._ask("GET", "/v1/budget")

    def set_budget(self, wanted: Mapping[str, str]) -> Document:
        """Change limits, in dollars by name. Doing it twice is the same."""
        return self._ask("PUT", "/v1/budget", body=dict(wanted), repeatable=True)

    def budget_history(self, *, sealed: bool = False) -> list[Document]:
        """Every change of the tenant's limits, or the entries as they are stored."""
        query = {"limit": str(_PAGE)} | ({"sealed": "true"} if sealed else {})
        return self._entries("/v1/budget/history", query)

    def runs(self, *, limit: int, status: str = "") -> list[Document]:
        """At most *limit* runs, newest first."""
        runs: list[Document] = []
        query = {"limit": str(min(limit, _PAGE))} | ({"status": status} if status else {})
        while True:
            page = self._ask("GET", "/v1/runs", query=query)
            runs += _listed(page, "runs")
            if page.get("next") is None or len(runs) >= limit:
                return runs[:limit]
            query["cursor"] = page["next"]

    def approvals(self, *, status: str = "") -> list[Document]:
        """The tenant's approvals, newest question first, all pages."""
        approvals: list[Document] = []
        query = {"limit": str(_PAGE)} | ({"status": status} if status else {})
        while True:
            page = self._ask("GET", "/v1/approvals", query=query)
            approvals += _listed(page, "approvals")
            if page.get("next") is None:
                return approvals
            query["cursor"] = page["next"]

    def approval(self, approval: str) -> Document:
        """One approval."""
        return self._ask("GET", f"/v1/approvals/{quote(approval, safe='')}")

    def decide(self, approval: str, *, decision: str, reason: str, arguments: Document | None = None, call: str = "") -> Document:
        """Decide ``approve`` or ``reject``, on the *call* that was seen if it is said, with other *arguments* if they are given.

        Not repeated by itself: whether a lost answer meant a decision, the list says.
        """
        body = {"decision": decision, "reason": reason} | ({"call": call} if call else {})
        return self._ask(
            "POST", f"/v1/approvals/{quote(approval, safe='')}", body=body if arguments is None else {**body, "arguments": arguments}
        )

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
    ) -> Document:
        """Ask once, or until the answer is no passing one where asking again is safe."""
        request = self._client.build_request(method, f"{self._url}{path}", params=query, json=body, headers=headers)
        pauses = iter(_PAUSES if repeatable or method == "GET" else ())
        while True:
            failure: httpx.TransportError | None = None
            try:
                answer = self._client.send(request)
            except httpx.TransportError as error:
                failure = error
            else:
                if answer.status_code not in _PASSING or "Retry-After" in answer.headers:  # whoever says when is not asked before
                    return _document(answer)
            pause = next(pauses, None)
            if pause is None:
                if failure is not None:
                    raise self._unreachable(failure) from failure
                return _document(answer)
            self._sleep(pause)

    def _unreachable(self, error: httpx.TransportError) -> Unreachable:
        what = "did not answer in time" if isinstance(error, httpx.TimeoutException) else f"cannot be reached: {error}"
        return Unreachable(f"{self._url} {what}", fix="check --url or SEPTET_URL; for the twin: septet status, and septet up to start it")


def _document(answer: httpx.Response) -> Document:
    """The object in *answer*; raises Refused for everything but one."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not answer.is_success:
        raise refusal(answer.status_code, body)
    if not isinstance(body, dict):
        raise Unreachable(
            f"{answer.request.url} answered {answer.status_code}, but not as Septet's API does", fix="check --url or SEPTET_URL"
        )
    return body


def _listed(page: Document, name: str) -> list[Document]:
    found = page.get(name)
    if not isinstance(found, list):
        raise Unreachable(f"the answer has no list of {name}: this is not Septet's API", fix="check --url or SEPTET_URL")
    return found


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise BadUsage(f"{url!r} is no URL of an API", fix="give one that starts with https:// (or http:// for the twin)")
    return url.rstrip("/").removesuffix("/v1")


def _is_local(url: str) -> bool:
    return urlsplit(url).hostname in {"127.0.0.1", "::1", "localhost"}
