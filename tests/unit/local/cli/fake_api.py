"""A fake of the platform's HTTP API in memory: what it is told to answer, in the API's own words, and what it was asked."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

URL = "https://septet.example/live"
TOKEN = "fake-token"
RUN = "run-0000000000000000000000000a"
APPROVAL = "apr-0123456789abcdef0123456789abcdef"


def moment(at: float) -> str:
    """So many seconds after the run began, as the API writes it."""
    return f"2026-11-22T21:{int(at) // 60:02d}:{at % 60:06.3f}Z"


def entry(number: int, at: float, kind: str, agent: str = "", /, *, cost: int = 0, **body: Any) -> dict[str, Any]:
    """One entry of a journal page."""
    return {
        "number": number,
        "at": moment(at),
        "type": kind,
        "agent": agent,
        "turn": agent,
        "body": {"type": kind, "version": 1, **body},
        "cost_microdollars": cost,
    }


def report(**changed: Any) -> dict[str, Any]:
    """A run that goes on, with *changed* fields."""
    return {
        "id": RUN,
        "workflow": "support",
        "status": "running",
        "created_at": moment(0),
        "ended_at": None,
        "submitter": "customer-17",
        "path": [],
        "answer": None,
        "failure": None,
        "degraded": False,
        "model_calls": 0,
        "model_calls_failed": 0,
        "tool_calls": 0,
        "tokens": {"input": 0, "output": 0},
        "cost_microdollars": 0,
        "budget": None,
        "branches": ["main"],
        "approvals": [],
        "execution": "arn:aws:states:us-east-1:000000000000:execution:septet-twin-support:x",
    } | changed


def budget(*, day: int = 50_000_000) -> dict[str, Any]:
    """A tenant's limits and its day."""
    today = {"date": "2026-11-22", "limit_microdollars": day, "spent_microdollars": 1_612, "reserved_microdollars": 1_000_000}
    return {
        "limits": {"day_microdollars": day, "run_microdollars": 5_000_000, "usual_microdollars": 1_000_000},
        "today": today | {"available_microdollars": day - 1_001_612},
    }


def approval(**changed: Any) -> dict[str, Any]:
    """A question that waits, with *changed* fields."""
    return {
        "id": APPROVAL,
        "run": RUN,
        "tool": "issue_refund",
        "arguments": {"order_id": "A-1002", "amount_cents": 12900, "reason": "The customer returned it."},
        "labels": {"order_id": "anchored", "amount_cents": "unknown", "reason": "unknown"},
        "call": APPROVAL,
        "edited": None,
        "edited_by": None,
        "reasons": ["amount_cents is above 10000"],
        "asked_by": "refunds",
        "on_behalf_of": "customer-17",
        "workflow": "support",
        "asked_at": moment(3),
        "expires_at": "2026-11-22T22:00:03.000Z",
        "roles": ["admin", "approver"],
        "approvers": 1,
        "approved_by": [],
        "votes": [],
        "escalates_at": None,
        "escalate_to": [],
        "escalated": False,
        "used_at": None,
        "refused": None,
        "status": "pending",
        "decided_by": None,
        "decided_at": None,
        "reason": None,
        "evidence": [
            {"name": "order A-1002", "value": {"customer": "customer-17", "refundable_cents": 12900}, "source": "find_order, entry 7"}
        ],
    } | changed


def problem(status: int, detail: str, **more: Any) -> httpx.Response:
    """An RFC 9457 answer."""
    document = {"type": "urn:septet:problem:x", "title": "Refused", "status": status, "detail": detail, **more}
    return httpx.Response(status, json=document, headers={"Content-Type": "application/problem+json"})


@dataclass
class FakeApi:
    """Each look at the run moves it on to its next stage: a report and the entries there are by then."""

    stages: list[tuple[dict[str, Any], list[dict[str, Any]]]] = field(default_factory=lambda: [(report(), [])])
    approvals: list[dict[str, Any]] = field(default_factory=list)
    sealed: list[dict[str, Any]] = field(default_factory=list)
    """Entries as they are stored, of every journal."""
    changes: list[dict[str, Any]] = field(default_factory=list)
    """Of limits."""
    runs: list[dict[str, Any]] = field(default_factory=list)
    explained: dict[str, Any] = field(default_factory=dict)
    """The explanation of the run."""
    costs: list[dict[str, Any]] = field(default_factory=list)
    """Pages."""
    page: int = 100
    """Entries, runs, and steps in one page."""
    failures: list[httpx.Response | BaseException] = field(default_factory=list)
    """What the next requests meet instead of an answer."""
    asked: list[httpx.Request] = field(default_factory=list)
    looks: int = 0
    scripts: list[list[tuple[dict[str, Any], list[dict[str, Any]]]]] = field(default_factory=list)
    """The stages of the runs that are submitted next, one list a run; without any, `stages` stays."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, BaseException):
                raise failure
            return failure
        return self._answer(request)

    def _answer(self, request: httpx.Request) -> httpx.Response:  # noqa: C901, PLR0911, PLR0912 -- one for each route
        match request.method, request.url.path.partition("/live/v1/")[2].split("/"):
            case "POST", ["runs"]:
                if self.scripts:
                    self.stages, self.looks = self.scripts.pop(0), 0
                return httpx.Response(202, json={"id": RUN, "workflow": "support", "status": "running", "links": {}})
            case "GET", ["runs"]:
                return self._runs(request)
            case "GET", ["runs", run]:
                return self._look(run)
            case "GET", ["runs", _, "explanation"]:
                return self._explanation(int(request.url.params.get("after", -1)))
            case "GET", ["runs", _, "journal"] if "sealed" in request.url.params:
                return self._sealed(int(request.url.params.get("after", -1)))
            case "GET", ["runs", _, "journal"]:
                return self._journal(int(request.url.params.get("after", -1)))
            case "GET", ["budget"]:
                return httpx.Response(200, json=budget())
            case "PUT", ["budget"]:
                day = json.loads(request.content).get("day", "50")
                return httpx.Response(200, json=budget(day=int(day) * 1_000_000))
            case "GET", ["budget", "history"]:
                shown = self.sealed if "sealed" in request.url.params else self.changes
                return httpx.Response(200, json={"entries": shown, "next": None})
            case "GET", ["costs"]:
                return httpx.Response(200, json=self.costs[int(request.url.params.get("cursor", 0))])
            case "GET", ["approvals"]:
                start = int(request.url.params.get("cursor", 0))
                end = start + self.page
                shown = {"approvals": self.approvals[start:end], "next": str(end) if end < len(self.approvals) else None}
                return httpx.Response(200, json=shown)
            case "GET", ["approvals", name]:
                return httpx.Response(200, json=next(one for one in self.approvals if one["id"] == name))
            case "POST", ["approvals", name]:
                return self._decide(name, json.loads(request.content))
        return problem(404, f"no route {request.url.path}")

    def _runs(self, request: httpx.Request) -> httpx.Response:
        start = int(request.url.params.get("cursor", 0))
        end = start + min(self.page, int(request.url.params["limit"]))
        return httpx.Response(200, json={"runs": self.runs[start:end], "next": str(end) if end < len(self.runs) else None})

    def _look(self, run: str) -> httpx.Response:
        if run != RUN:
            return problem(404, f"there is no run {run}")
        self.looks += 1
        return httpx.Response(200, json=self._stage[0])

    def _journal(self, after: int) -> httpx.Response:
        found = [one for one in self._stage[1] if one["number"] > after]
        shown = found[: self.page]
        return httpx.Response(200, json={"entries": shown, "next": shown[-1]["number"] if len(found) > self.page else None})

    def _explanation(self, after: int) -> httpx.Response:
        steps = self.explained["steps"]
        shown = steps[after + 1 : after + 1 + self.page]
        end = after + len(shown)
        lineage = self.explained["lineage"] if after < 0 else None
        more = end if end + 1 < len(steps) else None
        return httpx.Response(200, json={**self.explained, "steps": shown, "next": more, "lineage": lineage})

    def _sealed(self, after: int) -> httpx.Response:
        places = range(after + 1, len(self.sealed))[: self.page]
        last = places[-1] if places and places[-1] + 1 < len(self.sealed) else None
        return httpx.Response(200, json={"entries": [self.sealed[place] for place in places], "next": last})

    @property
    def _stage(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        return self.stages[min(max(self.looks, 1), len(self.stages)) - 1]

    def _decide(self, name: str, body: dict[str, Any]) -> httpx.Response:
        if name != APPROVAL:
            return problem(404, f"there is no approval {name}")
        status = {"approve": "approved", "reject": "rejected"}[body["decision"]]
        return httpx.Response(200, json=approval(status=status, decided_by="agent-desk", decided_at=moment(9), reason=body["reason"]))


def refund_run() -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """The stages of a run whose refund waits for a person."""
    arguments = approval()["arguments"]
    entries = [
        entry(0, 0, "request", workflow="support", input={"message": "I want my money back."}, submitter="customer-17"),
        entry(1, 0.4, "model_call", "triage", model="haiku", step=0),
        entry(
            2,
            0.9,
            "model_reply",
            "triage",
            cost=412,
            model="haiku",
            text="",
            stop="tools",
            calls=[{"id": "1", "tool": "answer", "arguments": {"route": "refunds"}}],
        ),
        entry(3, 0.9, "answer", "triage", value={"route": "refunds"}),
        entry(4, 1.5, "model_call", "refunds", model="haiku", step=0),
        entry(
            5,
            2.1,
            "model_reply",
            "refunds",
            cost=1200,
            model="haiku",
            text="",
            stop="tools",
            calls=[{"id": "2", "tool": "issue_refund", "arguments": arguments}],
        ),
        entry(
            6,
            2.2,
            "approval_asked",
            "refunds",
            call="2",
            tool="issue_refund",
            arguments=arguments,
            approval=APPROVAL,
            expires_at=1,
            reasons=["amount_cents is above 10000"],
        ),
        entry(
            7,
            5,
            "approval_given",
            "refunds",
            call="2",
            approval=APPROVAL,
            decision="approved",
            by="agent-desk",
            reason="Checked the return",
        ),
        entry(
            8,
            5.1,
            "tool_intent",
            "refunds",
            call="2",
            tool="issue_refund",
            arguments=arguments,
            key="k",
            reasons=["approved by agent-desk"],
        ),
        entry(
            9, 5.4, "tool_result", "refunds", call="2", tool="issue_refund", value={"refund": "abc"}, error="", message="", repeated=False
        ),
        entry(10, 6, "answer", "writer", value={"text": "Your money is on its way."}),
    ]
    done = report(
        status="succeeded",
        ended_at=moment(6.2),
        path=["triage", "refunds", "writer"],
        answer={"text": "Your money is on its way."},
        model_calls=4,
        tool_calls=1,
        tokens={"input": 1234, "output": 210},
        cost_microdollars=1612,
    )
    return [
        (report(), entries[:3]),
        (report(), entries[:3]),
        (report(status="waiting", approvals=[APPROVAL]), entries[:7]),
        (done, entries),
    ]


def step(place: int, at: float, kind: str, what: str, agent: str = "", /, **changed: Any) -> dict[str, Any]:
    """One step of an explanation."""
    return {
        "place": place,
        "branch": "main",
        "entries": [place],
        "kind": kind,
        "what": what,
        "agent": agent,
        "turn": agent,
        "start": moment(at),
        "end": moment(at + 0.25),
        "fate": "done",
        "reasons": [],
        "by": "",
        "given": None,
        "given_labels": {},
        "result": None,
        "result_labels": {},
        "error": "",
        "message": "",
        "effect": False,
        "cost_microdollars": 0,
        "reserved_microdollars": 0,
        "input_tokens": 0,
        "output_tokens": 0,
        "copied": False,
    } | changed


def reason(by: str, text: str, *, certain: bool = True) -> dict[str, Any]:
    """A reason of a step."""
    return {"by": by, "text": text, "certain": certain}


def explanation(*steps: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """An explanation of these steps."""
    names = ("id", "workflow", "status", "created_at", "ended_at", "submitter")
    return {
        "run": {name: report(status="succeeded", ended_at=moment(9))[name] for name in names} | {"erased_at": None, "parent": None},
        "attempt": 0,
        "origin": None,
        "session": None,
        "failure": None,
        "trace": "6b0412dc091691ea2a7ac519d2ebd6a8",
        "model_calls": 2,
        "model_calls_failed": 1,
        "cost_microdollars": sum(one["cost_microdollars"] for one in steps),
        "steps_in_all": len(steps),
        "steps": list(steps),
        "next": None,
        "lineage": {"answer": None, "effects": [], "complete": True},
    } | changed


def traced(value: Any = "Paid: r-77", **changed: Any) -> dict[str, Any]:
    """An answer whose one value stands in a tool's result."""
    place = {"branch": "main", "entry": 2, "kind": "tool", "name": "issue_refund", "field": "refund", "label": "record", "asked_with": {}}
    origin = {"text": "r-77", "alike": "within", "places": [place], "others": 4}
    one = {"field": "text", "value": value, "label": "unknown", "origins": [origin], "more": 0, "common": False} | changed
    return {"branch": "main", "entry": 9, "kind": "answer", "who": "writer", "values": [one], "more": 0}
