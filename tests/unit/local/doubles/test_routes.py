import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.doubles.answer import Event, ModelError, Told
from local.doubles.calls import Calls
from local.doubles.exchange import Answer, Request, Response, Streamed
from local.doubles.routes import Routes
from local.doubles.scenario.backend import Attempts, ScenarioBackend
from local.doubles.scenario.library import Library
from tests.unit.local.doubles.asking import MODEL, asks, chat_turn, tool_turn
from tests.unit.local.doubles.conftest import Doubles
from tests.unit.local.doubles.spoiling import spoiled, unhurried

SCENARIO = "scenario: s\nwhen: {contains: hello}\nagents: {triage: [{text: hi}]}\n"


def test_status_says_that_the_model_and_the_issuer_are_doubles(doubles: Doubles) -> None:
    empty = doubles.http.get("/status").json()
    doubles.load(SCENARIO, source="a.yaml")

    assert empty["model"]["backend"] == "scenario"
    assert empty["model"]["double"] is empty["issuer"]["double"] is True
    assert empty["model"]["detail"] == "no scenario is loaded; a test double that plays a script, no model"
    assert doubles.model_status()["detail"] == "1 scenario from a.yaml; a test double that plays a script, no model"
    assert doubles.model_status()["unexpected"] == 0
    assert empty["issuer"]["issuer"] == f"{doubles.url}/issuer"
    assert len(empty["issuer"]["keys"]) == 1


def test_scenarios_come_and_go_at_run_time(doubles: Doubles) -> None:
    doubles.load(SCENARIO, source="mine")
    listed = doubles.http.get("/scenarios").json()["scenarios"]
    removed = doubles.http.delete("/scenarios/mine")

    assert listed == [{"source": "mine", "scenario": "s", "contains": ["hello"], "agents": {"triage": 1}}]
    assert removed.status_code == 200
    assert doubles.http.get("/scenarios").json() == {"scenarios": []}
    assert doubles.http.delete("/scenarios/mine").status_code == 404


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"scenario: s", "mine, line 1: `when` is missing: add it"),
        (b"\xff", "mine is not UTF-8"),
        (SCENARIO.replace("hello", "hell").encode(), "scenarios 's' (other) and 's' (mine) have the same name"),
    ],
)
def test_a_bad_scenario_is_refused_with_every_reason(doubles: Doubles, body: bytes, sentence: str) -> None:
    doubles.load(SCENARIO, source="other")

    refused = doubles.http.put("/scenarios/mine", content=body)

    assert refused.status_code == 400
    assert sentence in refused.json()["message"]
    assert [one["source"] for one in doubles.http.get("/scenarios").json()["scenarios"]] == ["other"]


def test_calls_are_recorded_without_anybodys_words_and_can_be_filtered(doubles: Doubles) -> None:
    doubles.load(SCENARIO)
    doubles.bedrock.converse(**asks("hello, my secret is 12345", run="r-1"))
    list(doubles.bedrock.converse_stream(**asks("hello", run="r-2", turn="t-9"))["stream"])

    one, other = doubles.calls()
    assert {**one, "at": ""} == {
        "number": 1,
        "at": "",
        "provider": "bedrock",
        "model": MODEL,
        "stream": False,
        "agent": "triage",
        "turn": "t-1",
        "run": "r-1",
        "step": 0,
        "outcome": "reply",
        "status": 200,
        "billed": True,
    }
    assert (other["stream"], other["turn"], other["outcome"]) == (True, "t-9", "reply")
    assert doubles.calls(run="r-2", step="0") == [other]
    assert doubles.calls(run="r-3") == []
    assert doubles.http.get("/calls", params={"tenant": "x"}).json()["message"].startswith("/calls cannot be filtered by tenant")


def test_only_the_last_calls_are_kept() -> None:
    calls = Calls(most=2)
    for _ in range(3):
        calls.begin(provider="bedrock", model=MODEL, stream=False)

    assert [call["number"] for call in calls.listing({})] == [2, 3]


@pytest.mark.parametrize(
    ("method", "path", "status", "sentence"),
    [
        ("POST", "/model/x/invoke", 404, "speaks Converse, ConverseStream and ApplyGuardrail, of SageMaker Runtime InvokeEndpoint"),
        ("GET", "/", 404, "GET / is not answered here"),
        ("GET", "/model/x/converse", 405, "answers POST, not GET"),
        ("GET", "/v1/traces/Root=1-6b04;Sampled=0", 400, "Root=1-6b04;Sampled=0 is no trace's id: that is 32 hexadecimal digits"),
        ("GET", f"/v1/traces/{'0a' * 16}", 404, f"no span of the trace {'0a' * 16} has come in; /v1/traces lists"),
        ("POST", "/scenarios/x", 405, "answers PUT, DELETE, not POST"),
    ],
)
def test_what_is_not_spoken_here_is_said(doubles: Doubles, method: str, path: str, status: int, sentence: str) -> None:
    answer = doubles.http.request(method, path)

    assert answer.status_code == status
    assert sentence in answer.json()["message"]


@unhurried
@given(data=st.data(), stream=st.booleans())
def test_whatever_comes_in_is_answered_and_never_by_a_fault_of_ours(data: st.DataObject, *, stream: bool) -> None:
    library = Library()
    library.put(SCENARIO.replace("text: hi", "text: 'hi ${find_order.total}'"), source="a")
    attempts = Attempts()
    backend = ScenarioBackend(library=library, attempts=attempts, wait=lambda _seconds: False)
    routes = Routes(backend=backend, calls=Calls(), script=None, home=Path("/nowhere"), issuer_url="")
    body = spoiled({**tool_turn("hello", {"find_order": {"total": 3}}, step=0), "modelId": None}, data)
    request = Request(method="POST", path=f"/model/x/converse{'-stream' if stream else ''}", body=json.dumps(body).encode())

    answer = routes.answer(request)

    if isinstance(answer, Streamed):
        assert list(answer.parts)
    else:
        assert isinstance(answer, Response)
        assert answer.status in {200, 400}
        assert stream is False or answer.status == 400


@unhurried
@given(data=st.data(), path=st.sampled_from(["/v1/chat/completions", "/endpoints/e/invocations"]))
def test_whatever_chat_comes_in_is_answered_and_never_by_a_fault_of_ours(data: st.DataObject, path: str) -> None:
    library = Library()
    library.put(SCENARIO.replace("text: hi", "text: 'hi ${find_order.total}'"), source="a")
    backend = ScenarioBackend(library=library, attempts=Attempts(), wait=lambda _seconds: False)
    routes = Routes(backend=backend, calls=Calls(), script=None, home=Path("/nowhere"), issuer_url="")
    body = spoiled(chat_turn("hello", {"find_order": {"total": 3}}), data)

    answer = routes.answer(Request(method="POST", path=path, body=json.dumps(body).encode()))

    if isinstance(answer, Streamed):
        assert list(answer.parts)
    else:
        assert isinstance(answer, Response)
        assert answer.status in {200, 400, 424}


class Faulty:
    """A back-end with faults in it."""

    def converse(self, _call: Any) -> Any:
        raise ZeroDivisionError("secret detail")

    def converse_stream(self, _call: Any) -> Told:
        return Told(events=self._events())

    def _events(self) -> Iterator[Event]:
        yield "messageStart", {"role": "assistant"}
        raise ModelError("ModelTimeoutException", "too slow")

    def status(self) -> dict[str, Any]:
        return {}


def answer_of_faulty(home: Path, calls: Calls, operation: str) -> Answer:
    routes = Routes(backend=Faulty(), calls=calls, script=None, home=home, issuer_url="")
    body = b'{"messages": [{"role": "user", "content": [{"text": "x"}]}]}'
    return routes.answer(Request(method="POST", path=f"/model/x/{operation}", body=body))


def test_a_fault_of_ours_is_a_500_without_its_detail(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    answer = answer_of_faulty(tmp_path, Calls(), "converse")

    assert isinstance(answer, Response)
    assert answer.status == 500
    assert answer.headers["x-amzn-errortype"] == "InternalServerException"
    assert b"secret" not in answer.body
    assert "secret detail" in caplog.text


def test_an_exception_that_no_stream_can_carry_arrives_as_the_models(tmp_path: Path) -> None:
    answer = answer_of_faulty(tmp_path, Calls(), "converse-stream")

    assert isinstance(answer, Streamed)
    _, last = answer.parts
    assert b"modelStreamErrorException" in last
    assert b"too slow" in last


def test_a_client_that_leaves_a_stream_is_recorded(tmp_path: Path) -> None:
    calls = Calls()
    answer = answer_of_faulty(tmp_path, calls, "converse-stream")

    assert isinstance(answer, Streamed)
    next(answer.parts)
    answer.parts.close()  # type: ignore[attr-defined] # a generator, which the server closes

    assert [call["outcome"] for call in calls.listing({})] == ["client gone"]
