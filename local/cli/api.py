"""The platform's HTTP API as a Python object: everything the command line knows about runs comes through here."""

import random
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
_TRANSFER = httpx.Timeout(300, connect=5)
"""Seconds for a file."""
_PAUSES = (0.2, 0.5, 1.0)
"""Seconds before each further attempt of a request that is safe to repeat."""
_LONGEST = 60
"""Seconds that are waited at most before one further attempt, when the platform says how long."""
_PATIENCE = 300
"""Seconds that are waited so in all."""
_PAGE = 100
"""Runs, or entries, that one request asks for at most, as the API allows."""
_STEPS = 1000
"""Steps of an explanation, the same."""
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
        self,
        *,
        url: str,
        token: str,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """*say* is told when the platform has somebody wait."""
        self._url = _checked(url)
        if not _TOKEN.fullmatch(token):
            raise BadUsage("the token is empty or has characters that no token has", fix="give the text of septet token, without quotes")
        self._transport = transport
        self._sleep = sleep
        self._say = say
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

    def journal(self, run: str, *, after: int | None = None, wait: int = 0) -> list[Document]:
        """The run's entries with a number above *after*, all pages; without any, the platform waits some seconds for one, 20 at most."""
        start = ({} if after is None else {"after": str(after)}) | ({"wait": str(wait)} if wait else {})
        return self._entries(f"/v1/runs/{quote(run, safe='')}/journal", start)

    def explanation(self, run: str) -> Document:
        """Why each of the run's steps happened, all pages as one, and where its values come from."""
        query = {"limit": str(_STEPS)}
        whole: dict[str, Any] = {}
        while True:
            page = self._ask("GET", f"/v1/runs/{quote(run, safe='')}/explanation", query=query)
            steps = [*whole.get("steps", ()), *_listed(page, "steps")]
            whole = {**page, "lineage": whole.get("lineage") or page.get("lineage"), "steps": steps, "next": None}
            if page.get("next") is None:
                return whole
            query["after"] = str(page["next"])

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

    def costs(self, asked: Mapping[str, str]) -> Document:
        """What runs have cost, all pages added up; of what is *asked* nothing empty is sent."""
        query = {name: value for name, value in asked.items() if value}
        whole: dict[str, Any] = {}
        while True:
            page = self._ask("GET", "/v1/costs", query=query)
            whole = _added(whole, page, _listed(page, "sums")) if whole else {**page}
            if page.get("next") is None:
                order = (lambda one: one["name"]) if query.get("by") == "day" else (lambda one: (-one["cost_microdollars"], one["name"]))
                return {**whole, "sums": sorted(whole["sums"], key=order), "next": None}
            query["cursor"] = page["next"]

    def runs(self, *, limit: int, status: str = "", everybody: bool = False, criteria: Mapping[str, str] | None = None) -> list[Document]:
        """At most *limit* runs, newest first, of those that meet the *criteria*; *everybody*'s are for operators of the platform."""
        runs: list[Document] = []
        query = {"limit": str(min(limit, _PAGE))} | ({"status": status} if status else {}) | ({"everybody": "true"} if everybody else {})
        query |= criteria or {}
        while True:
            page = self._ask("GET", "/v1/runs", query=query)
            runs += _listed(page, "runs")
            if page.get("next") is None or len(runs) >= limit:
                return runs[:limit]
            query["cursor"] = page["next"]

    def failures(self, criteria: Mapping[str, str]) -> Document:
        """Why runs did not succeed."""
        return self._ask("GET", "/v1/failures", query=criteria)

    def order_replay(self, wanted: Document, *, key: str) -> Document:
        """Have runs projected again; with the same *key* the replay of before."""
        return self._ask("POST", "/v1/replays", body=wanted, headers={"Idempotency-Key": key}, repeatable=True)

    def replay(self, replay: str) -> Document:
        """A replay as it stands."""
        return self._ask("GET", f"/v1/replays/{quote(replay, safe='')}")

    def resume_replay(self, replay: str) -> Document:
        """Have a replay go on that stalled, or that nobody goes on with."""
        return self._ask("POST", f"/v1/replays/{quote(replay, safe='')}/resume", repeatable=True)

    def offer(self, offered: Document) -> Document:
        """Say what is going to be uploaded. The same offer is the same file."""
        return self._ask("POST", "/v1/files", body=offered, repeatable=True)

    def file(self, file: str) -> Document:
        """A file as it stands."""
        return self._ask("GET", f"/v1/files/{quote(file, safe='')}")

    def rows(self, run: str) -> Document:
        """How a batch stands."""
        return self._ask("GET", f"/v1/runs/{quote(run, safe='')}/rows", query={"limit": "1"})

    def restart(self, run: str, wanted: Document | None = None) -> Document:
        """Let a run that ended badly go on, with what is *wanted* of turns and budget; while it runs, the same."""
        return self._ask("POST", f"/v1/runs/{quote(run, safe='')}/restart", body=wanted or {}, repeatable=True)

    def move(self, transfer: Document, content: bytes = b"") -> bytes:
        """Upload *content*, or download, with a request that the platform signed. Raises Unreachable when it is not taken."""
        what = "the storage that the platform named"
        try:
            with httpx.Client(timeout=_TRANSFER, transport=self._transport, trust_env=not _is_local(transfer["url"])) as client:
                answer = client.request(transfer["method"], transfer["url"], headers=transfer["headers"], content=content or None)
        except httpx.TransportError as error:
            raise Unreachable(f"{what} cannot be reached: {error}", fix="try again") from error
        if not answer.is_success:
            raise Unreachable(f"{what} answered {answer.status_code}", fix="try again: the request may have expired")
        return answer.content

    def stop_run(self, run: str, reason: str) -> Document:
        """Stop a run and those that it started; stopping it again is the first stop."""
        return self._ask("POST", f"/v1/runs/{quote(run, safe='')}/stop", body={"reason": reason}, repeatable=True)

    def stop_all(self, scope: str, name: str, reason: str) -> Document:
        """Stop an ``agent`` by its *name*, the ``tenant`` or the ``platform``; stopping it again is the first stop."""
        body = {"scope": scope, "reason": reason} | ({"name": name} if name else {})
        return self._ask("POST", "/v1/stops", body=body, repeatable=True)

    def stop(self, stop: str) -> Document:
        """A stop's proof, with the first of the runs that it covers."""
        return self._ask("GET", f"/v1/stops/{quote(stop, safe='')}", query={"limit": str(_PAGE)})

    def stopped_runs(self, stop: str) -> list[Document]:
        """Every run that a stop covers."""
        runs: list[Document] = []
        query = {"limit": str(_PAGE)}
        while True:
            page = self._ask("GET", f"/v1/stops/{quote(stop, safe='')}", query=query)
            runs += _listed(page, "runs")
            if page.get("next") is None:
                return runs
            query["after"] = str(page["next"])

    def lift(self, stop: str) -> Document:
        """Lift a stop; lifting it again is the same."""
        return self._ask("POST", f"/v1/stops/{quote(stop, safe='')}/lift", repeatable=True)

    def stops(self) -> list[Document]:
        """The tenant's stops, newest first."""
        return _listed(self._ask("GET", "/v1/stops", query={"limit": str(_PAGE)}), "stops")

    def begin_session(self, workflow: str, *, key: str) -> Document:
        """A new session; with the same *key* the one of before."""
        return self._ask("POST", "/v1/sessions", body={"workflow": workflow}, headers={"Idempotency-Key": key}, repeatable=True)

    def say(self, session: str, given: Document, *, if_busy: str, key: str) -> Document:
        """Say something in a session; the same *key* again names the same message."""
        path, body = f"/v1/sessions/{quote(session, safe='')}/messages", {"input": given, "if_busy": if_busy}
        return self._ask("POST", path, body=body, headers={"Idempotency-Key": key}, repeatable=True)

    def session(self, session: str) -> Document:
        """A session with its latest messages."""
        return self._ask("GET", f"/v1/sessions/{quote(session, safe='')}")

    def end_session(self, session: str, *, delete: bool) -> Document:
        """Close a session, or *delete* it."""
        path = f"/v1/sessions/{quote(session, safe='')}"
        return self._ask("DELETE", path, repeatable=True) if delete else self._ask("POST", f"{path}/close", repeatable=True)

    def fork(self, run: str, wanted: Document, *, key: str) -> Document:
        """Start a run that begins with a copy of *run*; the same *key* again names the same fork."""
        path = f"/v1/runs/{quote(run, safe='')}/fork"
        return self._ask("POST", path, body=wanted, headers={"Idempotency-Key": key}, repeatable=True)

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

    def inquiries(self, *, status: str = "") -> list[Document]:
        """The inquiries that the principal sees, newest question first."""
        return list(self._paged("/v1/inquiries", {"status": status} if status else {}, "inquiries", cursor="cursor"))

    def inquiry(self, inquiry: str) -> Document:
        """One inquiry."""
        return self._ask("GET", f"/v1/inquiries/{quote(inquiry, safe='')}")

    def answer(self, inquiry: str, answer: Document) -> Document:
        """Answer an inquiry. Repeating the same answer is safe."""
        return self._ask("POST", f"/v1/inquiries/{quote(inquiry, safe='')}", body={"answer": answer}, repeatable=True)

    def cancel(self, run: str, reason: str) -> Document:
        """Have a run undo what it did, and end. Repeating it is safe."""
        return self._ask("POST", f"/v1/runs/{quote(run, safe='')}/cancel", body={"reason": reason}, repeatable=True)

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
        """Ask once, or where asking again is safe until the answer is no passing one, as late as the platform says."""
        request = self._client.build_request(method, f"{self._url}{path}", params=query, json=body, headers=headers)
        safe, waited = repeatable or method == "GET", 0.0
        pauses = iter(_PAUSES if safe else ())
        while True:
            failure: httpx.TransportError | None = None
            try:
                answer = self._client.send(request)
            except httpx.TransportError as error:
                failure = error
            else:
                told = _told(answer)
                if told and safe and told <= _LONGEST and waited + told <= _PATIENCE:
                    waited += self._wait(told, answer)
                    continue
                if answer.status_code not in _PASSING or "Retry-After" in answer.headers:  # whoever says when is not asked before
                    return _document(answer)
            pause = next(pauses, None)
            if pause is None:
                if failure is not None:
                    raise self._unreachable(failure) from failure
                return _document(answer)
            self._sleep(pause)

    def _wait(self, seconds: int, answer: httpx.Response) -> float:
        """Wait as long as the platform says, and up to a quarter more: not all who were refused together come back together."""
        self._say(f"{refusal(answer.status_code, _body(answer))}; trying again in {seconds} s")
        pause = seconds * random.uniform(1, 1.25)  # noqa: S311 -- spreads requests, guards nothing
        self._sleep(pause)
        return pause

    def _unreachable(self, error: httpx.TransportError) -> Unreachable:
        what = "did not answer in time" if isinstance(error, httpx.TimeoutException) else f"cannot be reached: {error}"
        return Unreachable(f"{self._url} {what}", fix="check --url or SEPTET_URL; for the twin: septet status, and septet up to start it")


def _added(whole: Document, page: Document, sums: list[Document]) -> dict[str, Any]:
    """Sums of one page added to those before it, by name."""
    held = {one["name"]: one for one in whole["sums"]}
    for one in sums:
        held[one["name"]] = _plus(held[one["name"]], one) if one["name"] in held else one
    return {**whole, "sums": list(held.values()), "total": _plus(whole["total"], page["total"])}


def _plus(one: Document, other: Document) -> Document:
    return {name: value if name == "name" else value + other[name] for name, value in one.items()}


def _document(answer: httpx.Response) -> Document:
    """The object in *answer*; raises Refused for everything but one."""
    body = _body(answer)
    if not answer.is_success:
        raise refusal(answer.status_code, body)
    if not isinstance(body, dict):
        raise Unreachable(
            f"{answer.request.url} answered {answer.status_code}, but not as Septet's API does", fix="check --url or SEPTET_URL"
        )
    return body


def _body(answer: httpx.Response) -> Any:
    """The JSON in *answer*; None when there is none."""
    try:
        return answer.json()
    except ValueError:
        return None


def _told(answer: httpx.Response) -> int:
    """The seconds after which a passing refusal says that the same may be asked again; 0 when it does not say."""
    after = answer.headers.get("Retry-After", "")
    return int(after) if answer.status_code in _PASSING and after.isdecimal() else 0


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
