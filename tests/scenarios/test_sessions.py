"""Sessions, a restart and a fork, over HTTP, through the state machine, the agents, the gateway and the tools."""

import json
from typing import Any

import httpx

from local import library
from septet.core.entries import Answer, Entry, Failure, Forked, ModelCall, ModelReply, Recalled, Request, Restarted, ToolResult
from septet.core.journal import Branch, verify
from tests.desk import Desk, plain, until

SMALL, DEAR = ("A-1030", 5000), ("A-1002", 12900)
"""Orders of customer-17 that are refunded at once, and after a person has decided."""


def test_a_conversation_over_several_runs_with_each_answer_to_a_message_that_comes_while_one_runs(desk: Desk) -> None:
    texts = {name: f"{name} of {desk.tenant}" for name in ("first", "second", "third", "fourth", "fifth")}
    _play(
        desk,
        _pays(texts["first"], SMALL, DEAR),
        _talk(texts["second"], "Second answer"),
        _talk(texts["third"], "Third answer"),
        _pays(texts["fourth"], SMALL, DEAR),
        _pays(texts["fifth"], SMALL),
    )
    session = _post(desk, "/v1/sessions", {"workflow": "support"}, status=201)["id"]
    first = _say(desk, session, texts["first"])
    assert (first["status"], first["place"]) == ("running", 0)
    desk.asked(first["run"])
    busy = _send(desk, session, texts["second"], "reject")
    assert (busy.status_code, first["run"] in busy.json()["detail"]) == (409, True)

    assert _say(desk, session, texts["second"], key="two")["place"] == 1
    assert _say(desk, session, texts["second"], key="two")["number"] == 1, "the same message, repeated"
    third = _say(desk, session, texts["third"], "interrupt")
    assert (third["ended"], [effect["outcome"] for effect in third["effects"]]) == (first["run"], ["done"])
    done = until(lambda: _all(desk, session, 3), seconds=150, what="three messages")
    assert [(one["status"], one["if_busy"]) for one in done] == [
        ("interrupted", "enqueue"),
        ("succeeded", "enqueue"),
        ("succeeded", "interrupt"),
    ]
    assert [payment["order_id"] for payment in desk.payments()] == ["A-1030"], "what was done before the interruption"
    told = _recalled(desk, done[1]["run"])
    assert [(one["fate"], one["input"]["message"]) for one in told.exchanges] == [
        ("interrupted", texts["first"]),
        ("succeeded", texts["third"]),
    ]
    assert told.exchanges[1]["answer"] == {"text": "Third answer"}

    desk.restock()
    fourth = _say(desk, session, texts["fourth"])
    desk.asked(fourth["run"])
    fifth = _say(desk, session, texts["fifth"], "rollback")
    assert [(effect["tool"], effect["arguments"]["order_id"]) for effect in fifth["effects"]] == [("issue_refund", "A-1030")]
    last = until(lambda: _all(desk, session, 5), seconds=150, what="five messages")
    assert [one["status"] for one in last[3:]] == ["forgotten", "succeeded"]
    results = [entry.body for entry in desk.journal(last[4]["run"]) if isinstance(entry.body, ToolResult)]
    assert [body.repeated for body in results if body.tool == "issue_refund"] == [True], "paid by the run that was forgotten"
    assert len(_recalled(desk, last[4]["run"]).exchanges) == 3
    assert len({one["run"] for one in last}) == 5
    assert all(verify(desk.journal(one["run"])) == [] for one in last)


def test_a_stopped_run_goes_on_with_its_refund_paid_once_and_its_fork_tells_the_same_with_another_model(desk: Desk) -> None:
    message = f"Both orders, says {desk.tenant}."
    _play(desk, _pays(message, SMALL, DEAR))
    run = desk.start(message)
    desk.asked(run)
    _post(desk, f"/v1/runs/{run}/stop", {"reason": "wait"})
    assert desk.ended(run)["status"] == "stopped"
    again = [until(lambda: _restarted(desk, run), seconds=150, what="the restart") for _ in range(2)]
    assert [one["status"] for one in again] == ["running", "running"]
    question = desk.asked(run)
    assert desk.decide(question["id"], "approve").status_code == 200
    ended = desk.ended(run)
    assert (ended["status"], ended["execution"].endswith(f"{run}.1")) == ("succeeded", True)
    assert sorted(payment["order_id"] for payment in desk.payments()) == ["A-1002", "A-1030"], "each once"
    assert [entry.body.attempt for entry in desk.journal(run) if isinstance(entry.body, Restarted)] == [1]
    assert _send_to(desk, f"/v1/runs/{run}/restart", {}).status_code == 409, "it has succeeded"

    used = {body.model for entry in desk.journal(run) if entry.turn == "writer" and isinstance(body := entry.body, ModelReply)}
    other = next(model for model in MODELS if model not in used)
    fork = _post(desk, f"/v1/runs/{run}/fork", {"at": "writer", "agents": {"writer": {"model": other}}})["id"]
    told = desk.ended(fork)
    assert (told["status"], told["answer"], told["path"]) == ("succeeded", ended["answer"], ended["path"])
    assert (told["model_calls"], told["tool_calls"]) == (1, 0)
    assert told["cost_microdollars"] > 0
    wrote = [entry for entry in desk.journal(fork) if entry.turn == "writer"]
    assert {entry.body.model for entry in wrote if isinstance(entry.body, ModelReply)} == {other}
    assert all("+" in entry.bundle for entry in wrote)
    begun = [entry.body for entry in desk.journal(fork) if isinstance(entry.body, Forked)]
    assert [(body.run, body.by) for body in begun] == [(run, "customer-17")]
    assert len(desk.payments()) == 2


def test_forks_with_another_input_and_another_prompt_are_runs_of_their_own_over_the_same_effects(desk: Desk) -> None:
    asked, other = (f"{text} of {desk.tenant}" for text in ("A refund", "The same refund, politely"))
    _play(desk, _pays(asked, SMALL), _pays(other, SMALL))
    origin = desk.start(asked)
    told = desk.ended(origin)
    assert told["status"] == "succeeded"
    prompt = "Answer in one line. " * 1_000
    bodies: dict[str, dict[str, Any]] = {
        "input": {"at": 0, "input": {"message": other}},
        "prompt": {"at": "writer", "agents": {"writer": {"prompt": prompt}}},
    }
    refused = _send_to(desk, f"/v1/runs/{origin}/fork", bodies["prompt"])
    assert (refused.status_code, "operator" in refused.json()["detail"]) == (403, True), "words that agents obey are an operator's"
    duty = desk.token("duty", "operator", "submitter")
    made = {kind: desk.http.post(f"/v1/runs/{origin}/fork", json=body, headers=duty) for kind, body in bodies.items()}
    assert {kind: answer.status_code for kind, answer in made.items()} == {"input": 202, "prompt": 202}, made
    forks = {kind: answer.json()["id"] for kind, answer in made.items()}
    ends = {kind: desk.ended(fork) for kind, fork in forks.items()}
    assert {kind: end["status"] for kind, end in ends.items()} == {"input": "succeeded", "prompt": "succeeded"}
    assert [payment["order_id"] for payment in desk.payments()] == [SMALL[0]], "the origin has paid, and nobody pays again"

    first, *rest = desk.journal(forks["input"])
    assert isinstance(first.body, Request)
    assert (first.body.input, first.body.submitter) == ({"message": other}, "customer-17")
    assert not {entry.turn for entry in desk.journal(origin)} - {entry.turn for entry in rest}, "all its turns were taken anew"
    paid = [entry.body for entry in rest if isinstance(entry.body, ToolResult) and entry.body.tool == "issue_refund"]
    assert [(body.repeated, body.error) for body in paid] == [(True, "")]
    assert ends["input"]["model_calls"] == told["model_calls"]

    assert (ends["prompt"]["model_calls"], ends["prompt"]["tool_calls"]) == (1, 0), "only the writer works again"
    assert {entry.bundle.count("+") for entry in desk.journal(forks["prompt"]) if entry.turn == "writer"} == {1}
    read = {run: _read(desk, run) for run in (origin, forks["prompt"])}
    assert read[forks["prompt"]] > read[origin] + len(prompt) // 5, "the model was given the other prompt"
    assert all(verify(desk.journal(fork)) == [] for fork in forks.values())
    begun = [entry.body for fork in forks.values() for entry in desk.journal(fork) if isinstance(entry.body, Forked)]
    assert [(body.run, body.by) for body in begun] == [(origin, "duty")] * 2


def _read(desk: Desk, run: str) -> int:
    """How many tokens the writer's model has read in *run*."""
    replies = [entry for entry in desk.journal(run) if entry.turn == "writer" and isinstance(entry.body, ModelReply)]
    return sum(one.usage.input for one in replies if one.usage)


def test_runs_that_ended_in_their_branches_go_on_there_and_what_was_answered_stays(desk: Desk) -> None:
    library.put(desk.twin.client("dynamodb"), f"{desk.twin.prefix}-documents", desk.tenant, library.archive())
    questions = {kind: f"{kind}, asks {desk.tenant}." for kind in ("All lie", "One is slow")}
    _play(desk, *_research(desk.tenant, _lies(), slow=15))
    lying, slow = (desk.submit("research", {"message": question}) for question in questions.values())
    until(lambda: _under_way(desk, slow), what="a specialist in the middle of a call, when the other has answered")
    _post(desk, f"/v1/runs/{slow}/stop", {"reason": "too slow"})
    ends = {run: desk.ended(run) for run in (lying, slow)}
    assert [(end["status"], end["failure"]["class"]) for end in ends.values()] == [("failed", "NoAnswer"), ("stopped", "RunStopped")]
    failed = _branch(desk, lying, 0)
    assert [(e.agent, e.body.error) for e in failed if isinstance(e.body, Failure)] == [
        ("researcher", "CheckFailed"),
        ("researcher_lite", "CheckFailed"),
    ]
    asked = {run: _calls(desk, run) for run in ends}

    _play(desk, *_research(desk.tenant, _tells(), slow=0))
    for run in ends:
        until(lambda run=run: _restarted(desk, run), seconds=150, what="the restart")  # type: ignore[misc]  # of this turn of the loop
    again = {run: desk.ended(run) for run in ends}
    assert [(end["status"], end["answer"]["sources"]) for end in again.values()] == [("succeeded", [STORM])] * 2
    assert [end["execution"].endswith(f"{run}.{end['attempt']}") for run, end in again.items()] == [True, True]
    for run in ends:
        later = [call for call in _calls(desk, run) if call not in asked[run]]
        assert "planner" not in {agent for agent, _ in later}, "its answer stands"
        assert [e.body.attempt for e in desk.journal(run) if isinstance(e.body, Restarted)] == [again[run]["attempt"]]
        assert all(verify(_branch(desk, run, number)) == [] for number in range(2))
    marks = [[e.body.turns for e in _branch(desk, run, number) if isinstance(e.body, Restarted)] for run in ends for number in range(2)]
    assert marks[:2] == [[("researcher_lite",)]] * 2, "whoever failed last in each"
    assert marks[3] == [("researcher",)], "the one that broke off"
    kept = _branch(desk, slow, 0)
    assert len([e for e in kept if isinstance(e.body, Answer)]) == 1
    assert len([e for e in kept if isinstance(e.body, ModelReply)]) == len(_tells()), "it had answered, and works no more"


STORM = "log-1993-01-storm"
"""A document of the archive."""


def _claims(quote: str) -> dict[str, Any]:
    claim = {"key": "closed_days", "value": 11, "confidence": 0.9, "sources": [{"id": STORM, "quote": quote}]}
    return {"calls": [{"tool": "answer", "arguments": {"claims": [claim]}}]}


def _lies() -> list[dict[str, Any]]:
    """A specialist that cites what it has not read, also when it is told so."""
    return [_claims("for a hundred days")] * 2


def _tells() -> list[dict[str, Any]]:
    return [{"calls": [{"tool": "read_document", "arguments": {"id": STORM}}]}, _claims("at noon on 25 January: eleven days")]


def _research(tenant: str, lying: list[dict[str, Any]], *, slow: int) -> list[dict[str, Any]]:
    """Two questions with two specialists each: all of one lie or tell as *lying* has it, of the other one takes *slow* seconds a step."""
    written = {"text": f"Eleven days [{STORM}].", "sources": [STORM], "gaps": []}
    writer = [{"calls": [{"tool": "answer", "arguments": written}]}]

    def plan(kind: str) -> dict[str, Any]:
        questions = [f"{kind}, question {number} of {tenant}? Keys: closed_days" for number in range(2)]
        planner = [{"calls": [{"tool": "answer", "arguments": {"questions": questions}}]}]
        when = {"contains": f"<message source=trusted> {kind}, asks {tenant}."}
        return {"scenario": f"{kind}, {tenant}", "when": when, "agents": {"planner": planner, "research_writer": writer}}

    def specialist(kind: str, number: int, steps: list[dict[str, Any]], delay: int = 0) -> dict[str, Any]:
        when = {"contains": ["<question source=unknown>", f"{kind}, question {number} of {tenant}?"]}
        told = [step | ({"delay": delay} if delay else {}) for step in steps * 2]  # a turn that begins again counts its steps on
        return {"scenario": f"{kind} {number}, {tenant}", "when": when, "agents": {"researcher": told, "researcher_lite": told}}

    told = [specialist("All lie", number, lying) for number in range(2)]
    return [
        plan("All lie"),
        plan("One is slow"),
        *told,
        specialist("One is slow", 0, _tells()),
        specialist("One is slow", 1, _tells(), slow),
    ]


def _branch(desk: Desk, run: str, number: int) -> list[Entry]:
    return list(desk.store.read(Branch(tenant=desk.tenant, run=run, path=f"specialists-{number}")))


def _under_way(desk: Desk, run: str) -> bool | None:
    """Whether the first specialist has answered, and the second waits for its model."""
    answered = any(isinstance(entry.body, Answer) for entry in _branch(desk, run, 0))
    called = [entry.body for entry in _branch(desk, run, 1) if isinstance(entry.body, ModelCall | ModelReply)]
    return True if answered and called and isinstance(called[-1], ModelCall) else None


def _calls(desk: Desk, run: str) -> list[tuple[str, int]]:
    """The model calls of *run*, by agent, with their numbers."""
    listed = plain().get(f"{desk.twin.doubles}/calls", params={"run": run}).json()["calls"]
    return [(call["agent"], call["number"]) for call in listed]


MODELS = ("amazon.nova-lite-v1:0", "us.anthropic.claude-haiku-4-5-20251001-v1:0")
"""The writer's."""


def _send_to(desk: Desk, path: str, body: Any, key: str | None = None) -> httpx.Response:
    headers = desk.token("customer-17", "submitter") | ({"Idempotency-Key": key} if key else {})
    return desk.http.post(path, json=body, headers=headers)


def _post(desk: Desk, path: str, body: Any, *, status: int = 202, key: str | None = None) -> dict[str, Any]:
    answer = _send_to(desk, path, body, key)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _send(desk: Desk, session: str, text: str, busy: str, key: str | None = None) -> httpx.Response:
    return _send_to(desk, f"/v1/sessions/{session}/messages", {"input": {"message": text}, "if_busy": busy}, key)


def _say(desk: Desk, session: str, text: str, busy: str = "enqueue", key: str | None = None) -> dict[str, Any]:
    answer = _send(desk, session, text, busy, key)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _restarted(desk: Desk, run: str) -> dict[str, Any] | None:
    """What the restart is answered with, once the end of the attempt before is settled."""
    answer = _send_to(desk, f"/v1/runs/{run}/restart", {})
    assert answer.status_code in {202, 503}, answer.text
    return answer.json() if answer.is_success else None


def _all(desk: Desk, session: str, count: int) -> list[dict[str, Any]] | None:
    """The session's messages once *count* are there and nothing runs or waits."""
    answer = desk.http.get(f"/v1/sessions/{session}", headers=desk.token("customer-17", "submitter"))
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    rests = shown["running"] is None and not shown["queue"] and len(shown["messages"]) == count
    return shown["messages"][::-1] if rests else None


def _recalled(desk: Desk, run: str) -> Recalled:
    return next(entry.body for entry in desk.journal(run) if isinstance(entry.body, Recalled))


def _when(text: str) -> dict[str, Any]:
    """Selects by what the run was asked, and not by what was said before."""
    return {"contains": f"<message source=external> {text} </message>"}


def _talk(text: str, answer: str) -> dict[str, Any]:
    return {"scenario": text, "when": _when(text), "agents": {"triage": [_route("general")], "writer": [{"text": answer}]}}


def _pays(text: str, *orders: tuple[str, int]) -> dict[str, Any]:
    """The customer is paid for each of *orders*, one after another."""
    find = [{"tool": "find_order", "arguments": {"order_id": order}} for order, _ in orders]
    pay = [
        {"calls": [{"tool": "issue_refund", "arguments": {"order_id": order, "amount_cents": cents, "reason": "returned"}}]}
        for order, cents in orders
    ]
    paid = {"calls": [{"tool": "answer", "arguments": {"decision": "paid", "summary": "All was paid."}}]}
    agents = {"triage": [_route("refunds")], "refunds": [{"calls": find}, *pay, paid], "writer": [{"text": "You have your money."}]}
    return {"scenario": text, "when": _when(text), "agents": agents}


def _route(skill: str) -> dict[str, Any]:
    return {"calls": [{"tool": "answer", "arguments": {"skill": skill, "confidence": 95, "why": "so"}}]}


def _play(desk: Desk, *scenarios: dict[str, Any]) -> None:
    answer = desk.http.put(f"{desk.twin.doubles}/scenarios/sessions-{desk.tenant}", content="\n---\n".join(map(json.dumps, scenarios)))
    assert answer.is_success, answer.text
