"""A run of each workflow in which what can go wrong goes wrong, and people say what they are asked.

Each has a fallback and a process that is killed. Only agents of `support` may hand over: those of the other workflows declare nobody to
hand over to, for their state machines say who comes next. A person is asked in `support` and in `supply`: the tools of `research` and
`assess` only read, and a `batch` does nothing itself, its rows do.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.desk import Desk, plain
from tests.faults.boundaries import ANSWER, Boundary, Kill, Side
from tests.faults.given import library, supplies
from tests.faults.route import Route

MINUTES, LEAFLET = "minutes-1987-06-09", "leaflet-1991-causeway"
QUOTES = {
    MINUTES: ("1987-06-03", "was opened to all traffic on 3 June 1987"),
    LEAFLET: ("1987-05-12", "has joined Holm and Graveney since 12 May 1987"),
}
MESSAGE = "Somebody traces where the money for A-1002 is."
ROW = "Somebody traces a row of a file."
QUESTION = "Somebody traces on which day the causeway was opened."
CLAIM = "Somebody traces that the causeway was opened on 3 June 1987."
NOTICE = "Delivery of P-1001 is late, and somebody traces it."
REFUSED: Sequence[Mapping[str, Any]] = [{"faults": [{"fault": "refusal"}]}]
"""A model that declines: another agent takes over."""


def _call(tool: str, **arguments: Any) -> dict[str, Any]:
    return {"calls": [{"tool": tool, "arguments": arguments}]}


def _script(about: str, contains: str | list[str], **agents: Any) -> dict[str, Any]:
    return {"scenario": f"traces: {about}", "when": {"contains": contains}, "agents": agents}


SUPPORT = _script(
    "a refund after a hand-over and a fallback",
    MESSAGE,
    triage=[_call("answer", skill="orders", confidence=95, why="a question about an order")],
    orders=[_call("find_order", order_id="A-1002"), _call("hand_over", to="refunds", reason="The customer wants the money back.")],
    refunds=REFUSED,
    refunds_fallback=[
        _call("find_order", order_id="A-1002"),
        _call("issue_refund", order_id="A-1002", amount_cents=12900, reason="returned"),
        _call("answer", decision="paid", order_id="A-1002", amount_cents=12900, summary="Refund ${issue_refund.refund} was issued."),
    ],
    writer=[{"text": "Your money is on its way."}],
)
ONE_ROW = _script(
    "a row",
    ROW,
    triage=REFUSED,
    generalist=[_call("answer", understood=True, summary="Nothing is to be looked up.")],
    writer=[{"text": "Done."}],
)


def _question(document: str) -> str:
    return f"Which day does {document} give for the causeway that somebody traces? Keys: opened_on"


def _specialist(document: str, first: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    value, quote = QUOTES[document]
    claim = {"key": "opened_on", "value": value, "confidence": 0.9, "sources": [{"id": document, "quote": quote}]}
    steps = [_call("read_document", id=document), _call("answer", claims=[claim])]
    return _script(
        f"a specialist on {document}", ["<question source=unknown>", _question(document)], researcher=first or steps, researcher_lite=steps
    )


RESEARCH = (
    _script(
        "two specialists",
        f"<message source=trusted> {QUESTION}",
        planner=[_call("answer", questions=[_question(document) for document in QUOTES])],
        judge=[_call("answer", decisions=[{"key": "opened_on", "value": "1987-06-03", "why": "They came later.", "sources": [MINUTES]}])],
        research_writer=[_call("answer", text=f"On 3 June 1987 [{MINUTES}].", sources=[MINUTES], gaps=[])],
    ),
    _specialist(MINUTES, REFUSED),
    _specialist(LEAFLET),
)


def _assessor(number: int, steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    contains = [CLAIM, f"<opinion source=unknown> {number} of 3 </opinion>"]
    return _script(f"opinion {number}", contains, assessor=steps, assessor_pro=steps)


def _opinion(number: int, document: str, verdict: str) -> dict[str, Any]:
    sources = [{"id": document, "quote": QUOTES[document][1]}]
    steps = [_call("read_document", id=document), _call("answer", verdict=verdict, confidence=0.9, why="It stands there.", sources=sources)]
    return _assessor(number, steps)


ASSESS = (
    _script(
        "the verdict",
        f"<message source=trusted> {CLAIM}",
        verdict_writer=[
            _call("answer", verdict="supported", text=f"So it is [{MINUTES}].", sources=[MINUTES]),
            _call("answer", verdict="refuted", text=f"So it is not [{LEAFLET}].", sources=[LEAFLET]),
        ],
    ),
    _script(
        "the judge of verdicts",
        [f"<question source=unknown> {CLAIM}", "method=judge"],
        arbiter=[_call("answer", choice="answer_2", why="The minutes were written after it.")],
    ),
    _opinion(1, MINUTES, "supported"),
    _opinion(2, LEAFLET, "refuted"),
    _assessor(3, REFUSED),
)
SUPPLY = _script(
    "a late delivery",
    NOTICE,
    supply_analyst=[
        {**_call("find_purchase_order", po_id="P-1001"), "faults": [{"fault": "unavailable", "times": 2}]},
        _call("reserve_stock", po_id="P-1001", quantity=40),
        _call("answer", question="Purchase order P-1001.", reserved=40, summary="Reserved 40 in another warehouse."),
    ],
    supply_buyer=[_call("answer", decision="kept", summary="The delivery is waited for.")],
    supply_clerk=[
        _call("find_purchase_order", po_id="P-1001"),
        _call("notify_customer", po_id="P-1001", notice="late"),
        _call("answer", told=True, summary="The customer was told: ${notify_customer.notice}."),
    ],
)


def _file(desk: Desk) -> Mapping[str, Any]:
    """A file of one row, uploaded."""
    content = f"message\n{ROW}\n".encode()
    offered = {"name": "row.csv", "media_type": "text/csv", "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    who = desk.token("customer-17", "submitter")
    made = desk.http.post("/v1/files", json=offered, headers=who).raise_for_status().json()
    plain().put(made["transfer"]["url"], content=content, headers=made["transfer"]["headers"]).raise_for_status()
    return {"file": made["id"]}


@dataclass(frozen=True, kw_only=True)
class Journey:
    """One run."""

    route: Route
    killed: Kill
    """Where a process of it dies."""
    meets: frozenset[str]
    """What it has in it, in the words of the issue: ``approval``, ``hand-over``, ``fallback``. All have a killed process."""
    halted: Kill
    """Where the projector dies that works on it, if it is to."""


def _first(function: str, boundary: str = "dynamodb PutItem septet-twin-journal", side: Side = "after") -> Kill:
    """The first time that *function* comes to a *boundary*; if nothing is said, to writing an entry."""
    return Kill(at=Boundary(function=f"septet-twin-{function}", boundary=boundary, occurrence=1), side=side)


def _projector(boundary: str, side: Side) -> Kill:
    """The next time that the projector comes there, after the run's own process has died."""
    return Kill(at=Boundary(function="septet-twin-step-project", boundary=boundary, occurrence=0), side=side, times=2)


_CHECKPOINT = "dynamodb PutItem septet-twin-projections"
JOURNEYS: Mapping[str, Journey] = {
    "support": Journey(
        route=Route(name="a traced refund", workflow="support", input={"message": MESSAGE}, scripts=[SUPPORT]),
        killed=_first("agent-refunds_fallback"),
        meets=frozenset({"approval", "hand-over", "fallback"}),
        halted=_projector(_CHECKPOINT, "before"),  # its spans have been sent, and are sent again
    ),
    "research": Journey(
        route=Route(name="a traced question", workflow="research", input={"message": QUESTION}, prepare=library, scripts=RESEARCH),
        killed=_first("agent-researcher"),
        meets=frozenset({"fallback"}),
        halted=_projector(_CHECKPOINT, "after"),
    ),
    "assess": Journey(
        route=Route(name="a traced claim", workflow="assess", input={"message": CLAIM}, prepare=library, scripts=ASSESS),
        killed=_first("agent-verdict_writer"),
        meets=frozenset({"fallback"}),
        halted=_projector("dynamodb UpdateItem septet-twin-summaries", "before"),
    ),
    "supply": Journey(
        route=Route(
            name="a traced delivery",
            workflow="supply",
            input={"purchase_order": "P-1001", "notice": NOTICE},
            subject="supply-desk",
            prepare=supplies,
            answers={"delivery_date": {"delivers": True, "days_late": 5}},
            scripts=[SUPPLY],
        ),
        killed=_first("agent-supply_buyer"),
        meets=frozenset({"approval", "fallback"}),
        halted=_projector("dynamodb PutItem septet-twin-costs", "after"),
    ),
    "batch": Journey(
        route=Route(
            name="a traced file",
            workflow="batch",
            input={"workflow": "support", "concurrency": 1, "row_budget": "0.05"},
            prepare=_file,
            scripts=[ONE_ROW],
        ),
        killed=_first("step-submit_row", ANSWER, "before"),
        meets=frozenset(),
        halted=_projector(_CHECKPOINT, "before"),
    ),
}
