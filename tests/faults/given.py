"""What routes need besides the orders that every tenant has: supplies, two documents and a script that contradicts itself, a file."""

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from local.library import archive, put
from local.seed import DOCUMENTS
from local.supplies import supply
from septet.integration.documents import Document
from tests.desk import Desk, plain

CAUSEWAY = "The fault table asks on which day the causeway was opened."
_MINUTES, _LEAFLET = "minutes-1987-06-09", "leaflet-1991-causeway"
_FOUND = {
    _MINUTES: ("1987-06-03", "was opened to all traffic on 3 June 1987"),
    _LEAFLET: ("1987-05-12", "has joined Holm and Graveney since 12 May 1987"),
}
ROWS = b"message\nWhat are your opening hours?\nWhat are your opening hours? I ask again.\n"


def supplies(desk: Desk) -> Mapping[str, Any]:
    """Purchase orders and stock."""
    supply(desk.twin.endpoint, desk.tenant)
    return {}


def library(desk: Desk) -> Mapping[str, Any]:
    """The two documents that the script below reads."""
    put(desk.twin.client("dynamodb"), DOCUMENTS, desk.tenant, _documents())
    return {}


@cache
def _documents() -> tuple[Document, ...]:
    return tuple(one for one in archive() if one.id in _FOUND)


def file(desk: Desk) -> Mapping[str, Any]:
    """A file of two rows, uploaded."""
    who = desk.token("customer-17", "submitter")
    offered = {"name": "rows.csv", "media_type": "text/csv", "bytes": len(ROWS), "sha256": hashlib.sha256(ROWS).hexdigest()}
    made = desk.http.post("/v1/files", json=offered, headers=who).raise_for_status().json()
    plain().put(made["transfer"]["url"], content=ROWS, headers=made["transfer"]["headers"]).raise_for_status()
    return {"file": made["id"]}


def _call(tool: str, **arguments: Any) -> dict[str, Any]:
    return {"calls": [{"tool": tool, "arguments": arguments}]}


def _question(document: str) -> str:
    return f"On which day was the causeway opened, by {document}? Keys: opened_on"


def _specialist(document: str) -> dict[str, Any]:
    value, quote = _FOUND[document]
    claim = {"key": "opened_on", "value": value, "confidence": 0.9, "sources": [{"id": document, "quote": quote}]}
    steps = [_call("read_document", id=document), _call("answer", claims=[claim])]
    when = {"contains": ["<question source=unknown>", _question(document)]}
    return {"scenario": f"faults: {document}", "when": when, "agents": {"researcher": steps, "researcher_lite": steps}}


def _written(document: str, gaps: list[dict[str, str]]) -> dict[str, Any]:
    return _call("answer", text=f"It was opened on {_FOUND[document][0]} [{document}].", sources=[document], gaps=gaps)


_GAP = {"branch": "specialists-0", "question": _question(_MINUTES), "why": "the specialist failed"}
_DECIDED = {"key": "opened_on", "value": _FOUND[_MINUTES][0], "why": "The minutes were written after it.", "sources": [_MINUTES]}
CLAIM = "The fault table claims that the causeway was opened on 3 June 1987."


def _opinion(number: int, document: str, verdict: str) -> dict[str, Any]:
    source = {"id": document, "quote": _FOUND[document][1]}
    steps = [
        _call("read_document", id=document),
        _call("answer", verdict=verdict, confidence=0.9, why="It stands there.", sources=[source]),
    ]
    return _assessor(number, {"assessor": steps, "assessor_pro": steps})


def _assessor(number: int, agents: Mapping[str, Any]) -> dict[str, Any]:
    when = {"contains": [CLAIM, f"<opinion source=unknown> {number} of 3 </opinion>"]}
    return {"scenario": f"faults: opinion {number} of a claim", "when": when, "agents": agents}


_REFUSED = [{"faults": [{"fault": "refusal"}]}]
_VERDICTS = ((_MINUTES, "supported"), (_LEAFLET, "refuted"))
ASSESSED: tuple[Mapping[str, Any], ...] = (
    {
        "scenario": "faults: the verdict on a claim",
        "when": {"contains": f"<message source=trusted> {CLAIM}"},
        "agents": {
            "verdict_writer": [_call("answer", verdict=said, text=f"So it is [{one}].", sources=[one]) for one, said in _VERDICTS],
        },
    },
    *(_opinion(number, *one) for number, one in enumerate(_VERDICTS, 1)),
    _assessor(3, {"assessor": _REFUSED, "assessor_pro": _REFUSED}),
    {
        "scenario": "faults: the judge of a claim",
        "when": {"contains": [f"<question source=unknown> {CLAIM}", "method=judge"]},
        "agents": {"arbiter": [_call("answer", choice="answer_2", why="The minutes were written after it.")]},
    },
)
"""Two assessors who hold different things, and a third that both variants of fail; the writer is told if the other verdict stands."""
CONTRADICTED: tuple[Mapping[str, Any], ...] = (
    {
        "scenario": "faults: a question whose two specialists contradict each other",
        "when": {"contains": f"<message source=trusted> {CAUSEWAY}"},
        "agents": {
            "planner": [_call("answer", questions=[_question(document) for document in _FOUND])],
            "judge": [_call("answer", decisions=[_DECIDED])],
            "research_writer": [_written(_MINUTES, []), _written(_LEAFLET, [_GAP])],
        },
    },
    *(_specialist(document) for document in _FOUND),
)
"""Planner, specialists, judge and writer; when the first specialist is missing the writer is told so, and names the gap."""
