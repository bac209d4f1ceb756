"""What a script can let a model do wrong, beyond single errors: how much it says, what it counts, where it stops, and what is billed."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from threading import Barrier
from time import monotonic
from typing import Any

import httpx
import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import ReadTimeoutError

from tests.unit.local.doubles.asking import MODEL, asks, chats
from tests.unit.local.doubles.conftest import Doubles

CALLS = "text: I look., calls: [{tool: find_order, arguments: {order_id: A-1}}]"


def scenario(step: str) -> str:
    return f"scenario: s\nwhen: {{contains: hello}}\nagents:\n  triage:\n  - {step}\n"


def converse(doubles: Doubles, step: str) -> Any:
    doubles.load(scenario(step))
    return doubles.bedrock.converse(**asks("hello"))


def test_one_reply_asks_for_a_tool_many_times(doubles: Doubles) -> None:
    step = "{calls: [{tool: find_order, repeat: 400, arguments: {order_id: 'A-${repeat}', page: '${repeat}'}}, {tool: find_order}]}"

    content = converse(doubles, step)["output"]["message"]["content"]

    asked = [block["toolUse"] for block in content]
    assert len(asked) == len({use["toolUseId"] for use in asked}) == 401
    assert [use["input"] for use in asked[:2]] == [{"order_id": "A-1", "page": 1}, {"order_id": "A-2", "page": 2}]
    assert asked[399]["input"]["page"] == 400
    assert asked[400]["input"] == {}


def test_the_same_call_can_be_repeated_as_it_is(doubles: Doubles) -> None:
    content = converse(doubles, "{calls: [{tool: find_order, repeat: 3}]}")["output"]["message"]["content"]

    assert [block["toolUse"]["input"] for block in content] == [{}, {}, {}]


@pytest.mark.parametrize(("text", "begins"), [("", "and so on"), ("text: Grüße, ", "Grüße")])
def test_a_reply_is_filled_up_to_a_size(doubles: Doubles, text: str, begins: str) -> None:
    (block,) = converse(doubles, f"{{{text}pad: 5000000}}")["output"]["message"]["content"]

    assert len(block["text"].encode()) == 5_000_000
    assert block["text"].startswith(begins)


def test_a_reply_can_be_empty_by_every_protocol(doubles: Doubles) -> None:
    answer = converse(doubles, "{faults: [{fault: empty}]}")
    chat = doubles.http.post("/v1/chat/completions", json=chats("hello")).json()

    assert (answer["output"]["message"]["content"], answer["stopReason"]) == ([], "end_turn")
    assert chat["choices"][0]["message"] == {"role": "assistant", "content": None, "refusal": None}
    assert [call["billed"] for call in doubles.calls()] == [True, True]


WRONG: list[tuple[str, Any]] = [("usage_missing", None), ("usage_negative", -1_000), ("usage_huge", 10**15), ("usage_text", "a thousand")]


@pytest.mark.parametrize(("fault", "told"), WRONG)
def test_figures_can_be_wrong_by_every_protocol(doubles: Doubles, fault: str, told: Any) -> None:
    doubles.load(scenario(f"{{text: hi, faults: [{{fault: {fault}}}]}}"))
    body = {name: value for name, value in asks("hello").items() if name != "modelId"}
    answer = doubles.http.post(f"/model/{MODEL}/converse", json=body).json()
    events = EventStreamBuffer()
    events.add_data(doubles.http.post(f"/model/{MODEL}/converse-stream", json=body).content)
    streamed = json.loads(list(events)[-1].payload)
    chat = doubles.http.post("/v1/chat/completions", json=chats("hello")).json()
    stream = doubles.http.post("/v1/chat/completions", json={**chats("hello"), "stream": True}).text
    last = json.loads(stream.split("\n\n")[-3].removeprefix("data: "))

    assert answer["output"]["message"]["content"] == [{"text": "hi"}]
    assert [one.get("usage", {}).get("inputTokens") for one in (answer, streamed)] == [told, told]
    assert [one.get("usage", {}).get("prompt_tokens") for one in (chat, last)] == [told, told]
    assert {call["outcome"] for call in doubles.calls()} == {fault}


@contextmanager
def posting(doubles: Doubles, path: str, body: dict[str, Any]) -> Iterator[socket.socket]:
    """A connection on which a request was sent."""
    with socket.create_connection(("127.0.0.1", httpx.URL(doubles.url).port or 0), timeout=10) as client:
        data = json.dumps(body).encode()
        client.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
        yield client


def test_a_reply_goes_silent_in_its_middle(doubles: Doubles) -> None:
    doubles.load(scenario("{text: hi, faults: [{fault: stalled, delay: 60}]}"))
    hasty = doubles.client(read_timeout=2)

    with posting(doubles, "/v1/chat/completions", chats("hello")) as client:
        head = client.recv(65536)
        assert head.startswith(b"HTTP/1.1 200")
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(65536)
    with pytest.raises(ReadTimeoutError):
        hasty.converse(**asks("hello"))
    with closing(hasty.converse_stream(**asks("hello"))["stream"]) as stream:
        told = iter(stream)
        assert next(told) == {"messageStart": {"role": "assistant"}}
        with pytest.raises(Exception, match="Read timed out"):
            list(told)

    assert [(call["outcome"], call["status"], call["billed"]) for call in doubles.calls()[:2]] == [("stalled", 200, True)] * 2


def test_a_stream_ends_in_its_middle_as_if_it_were_complete(doubles: Doubles) -> None:
    doubles.load(scenario("{text: hi, faults: [{fault: stream_cut}]}"))

    told = list(doubles.bedrock.converse_stream(**asks("hello"))["stream"])
    chat = doubles.http.post("/v1/chat/completions", json={**chats("hello"), "stream": True})

    assert [name for event in told for name in event] == ["messageStart", "contentBlockDelta"]
    assert chat.status_code == 200
    assert "[DONE]" not in chat.text
    with pytest.raises(httpx.RemoteProtocolError):
        doubles.http.post("/v1/chat/completions", json=chats("hello"))
    assert {call["outcome"] for call in doubles.calls()} == {"stream_cut"}


def test_a_shaped_stream_is_recorded_by_its_fault(doubles: Doubles) -> None:
    doubles.load(scenario("{faults: [{fault: refusal}]}"))

    list(doubles.bedrock.converse_stream(**asks("hello"))["stream"])

    assert [call["outcome"] for call in doubles.calls()] == ["refusal"]


BILLED = {
    "throttling": False,
    "not_ready": False,
    "unavailable": False,
    "internal": False,
    "context_overflow": False,
    "access_denied": False,
    "not_found": False,
    "dropped": False,
    "timeout": True,
    "model_error": True,
    "dropped_midway": True,
    "stream_cut": True,
    "malformed_arguments": True,
    "non_object_arguments": True,
    "unknown_tool": True,
    "garbage_text": True,
    "truncation": True,
    "refusal": True,
    "guardrail": True,
    "empty": True,
    "usage_missing": True,
}


def test_a_call_is_billed_when_the_model_did_its_work(doubles: Doubles) -> None:
    for number, fault in enumerate(BILLED):
        doubles.load(scenario(f"{{{CALLS}, faults: [{{fault: {fault}, times: 1}}]}}"))
        for _ in range(2):
            body = {name: value for name, value in asks("hello", run=f"r-{number}").items() if name != "modelId"}
            try:
                doubles.http.post(f"/model/{MODEL}/converse", json=body)
            except httpx.RemoteProtocolError:
                continue

    assert {
        calls[0]["outcome"]: calls[0]["billed"] for number in range(len(BILLED)) if (calls := doubles.calls(run=f"r-{number}"))
    } == BILLED
    assert len(doubles.calls(billed="true")) == len(BILLED) + sum(BILLED.values())
    steps = doubles.http.get("/calls", params={"run": "r-0"}).json()["steps"]
    assert steps == [{"run": "r-0", "agent": "triage", "turn": "t-1", "step": 0, "calls": 2, "billed": 1, "under_way": 0}]


def test_steps_are_counted_apart_and_what_is_under_way_is_told(doubles: Doubles) -> None:
    doubles.load(scenario("{text: hi, delay: 60}").replace("  - ", "  - {text: now}\n  - "))
    doubles.bedrock.converse(**asks("hello", turn="a"))
    doubles.bedrock.converse(**asks("hello", turn="b"))
    with pytest.raises(ReadTimeoutError):
        doubles.client(read_timeout=2).converse(**asks("hello", turn="b", step=1))

    steps = doubles.http.get("/calls").json()["steps"]

    assert [(one["turn"], one["step"], one["calls"], one["billed"], one["under_way"]) for one in steps] == [
        ("a", 0, 1, 1, 0),
        ("b", 0, 1, 1, 0),
        ("b", 1, 1, 0, 1),
    ]


def test_sixty_four_calls_are_held_at_once_and_a_large_reply_that_nobody_reads_blocks_none(doubles: Doubles) -> None:
    count, delay = 64, 1.0
    doubles.load(scenario(f"{{text: hi, delay: {delay}}}"))
    doubles.load("scenario: l\nwhen: {contains: large}\nagents: {triage: [{pad: 5000000}]}", source="large")
    client = doubles.client(max_pool_connections=count)
    gate = Barrier(count + 1)

    def call(number: int) -> str:
        gate.wait(timeout=10)
        return str(client.converse(**asks("hello", run=f"r-{number}"))["stopReason"])

    with posting(doubles, "/v1/chat/completions", chats("large")) as unread, ThreadPoolExecutor(count) as pool:
        answers = [pool.submit(call, number) for number in range(count)]
        gate.wait(timeout=10)
        start = monotonic()
        assert [answer.result(timeout=30) for answer in answers] == ["end_turn"] * count
        took = monotonic() - start
        assert took < count * delay / 4, f"{count} calls of {delay} s each took {took:.1f} s: they waited for each other"
        assert unread.recv(65536).startswith(b"HTTP/1.1 200")
