"""Chat completions, as an HTTP client meets them, bare and inside SageMaker Runtime's InvokeEndpoint."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, EventStreamError

from tests.unit.local.doubles.asking import chat_turn, chats
from tests.unit.local.doubles.conftest import Doubles

EXAMPLE = (Path(__file__).parent / "example.yaml").read_text()
REFUND = "Please refund for order A-1007."
ORDER = {"find_order": {"order": {"id": "A-1007", "total": 12900}}}
CALLS = "text: I look., calls: [{tool: find_order, arguments: {order_id: A-1}}]"


def scenario(step: str) -> str:
    return f"scenario: s\nwhen: {{contains: hello}}\nagents:\n  triage:\n  - {step}\n"


def complete(doubles: Doubles, body: dict[str, Any]) -> httpx.Response:
    return doubles.http.post("/v1/chat/completions", json=body)


def invoke(doubles: Doubles, body: dict[str, Any], endpoint: str = "kind-model") -> Any:
    answer = doubles.sagemaker.invoke_endpoint(EndpointName=endpoint, Body=json.dumps(body), ContentType="application/json")
    return json.loads(answer["Body"].read())


def offering(body: dict[str, Any], *tools: str) -> dict[str, Any]:
    return {**body, "tools": [{"type": "function", "function": {"name": tool}} for tool in tools]}


def test_a_reply_of_words_and_tool_calls_arrives_as_written_by_both_ways(doubles: Doubles) -> None:
    doubles.load(EXAMPLE)
    body = offering(chat_turn(REFUND, ORDER, agent="refunds", step=1), "find_order", "issue_refund")

    bare, wrapped = complete(doubles, body).json(), invoke(doubles, body)

    for answer in (bare, wrapped):
        choice = answer["choices"][0]
        (asked,) = choice["message"]["tool_calls"]
        assert (answer["object"], answer["model"], choice["finish_reason"]) == ("chat.completion", "qwen", "tool_calls")
        assert choice["message"]["content"] == "I propose the refund."
        assert (asked["type"], asked["function"]["name"]) == ("function", "issue_refund")
        assert json.loads(asked["function"]["arguments"]) == {
            "order_id": "A-1007",
            "amount": 12900,
            "reason": "Order A-1007 arrived broken.",
        }
        assert answer["usage"]["total_tokens"] == answer["usage"]["prompt_tokens"] + answer["usage"]["completion_tokens"]
    assert [call["provider"] for call in doubles.calls()] == ["openai", "sagemaker"]


def test_the_body_says_who_asks_and_an_endpoint_names_the_model_that_the_body_does_not(doubles: Doubles) -> None:
    doubles.load(scenario("{text: hi, usage: {input: 10, output: 20, cache_read: 3}}"))
    body = {name: value for name, value in chats("hello", run="r-7", turn="t-2").items() if name != "model"}

    answer = invoke(doubles, body)

    (call,) = doubles.calls()
    assert (call["provider"], call["model"], call["agent"]) == ("sagemaker", "kind-model", "triage")
    assert (call["run"], call["turn"], call["step"]) == ("r-7", "t-2", 0)
    usage = {"prompt_tokens": 13, "completion_tokens": 20, "total_tokens": 33, "prompt_tokens_details": {"cached_tokens": 3}}
    assert answer["usage"] == usage


def test_without_metadata_the_step_is_counted(doubles: Doubles) -> None:
    body = chat_turn("hello", ORDER)
    del body["metadata"]["step"]
    doubles.load(scenario("{text: hi}").replace("  - ", "  - {text: no}\n  - "))

    assert complete(doubles, body).json()["choices"][0]["message"]["content"] == "hi"


def chunks_of(text: str) -> list[dict[str, Any]]:
    events = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    assert events[-1] == "[DONE]"
    return [json.loads(event) for event in events[:-1]]


def put_together(chunks: list[dict[str, Any]]) -> tuple[str, list[tuple[str, str]], str]:
    """The words, the calls and the reason, as a client puts them together."""
    text, calls, reason = "", {}, ""
    for chunk in chunks:
        for choice in chunk["choices"]:
            text += choice["delta"].get("content") or ""
            for piece in choice["delta"].get("tool_calls", []):
                name, before = calls.get(piece["index"], (piece["function"].get("name", ""), ""))
                calls[piece["index"]] = (name, before + piece["function"]["arguments"])
            reason = choice["finish_reason"] or reason
    return text, list(calls.values()), reason


def test_a_stream_tells_the_same_reply_by_both_ways(doubles: Doubles) -> None:
    doubles.load(EXAMPLE)
    body = offering(chat_turn(REFUND, ORDER, agent="refunds", step=1), "find_order", "issue_refund")
    whole = complete(doubles, body).json()
    body |= {"stream": True, "stream_options": {"include_usage": True}}

    bare = complete(doubles, body)
    wrapped = doubles.sagemaker.invoke_endpoint_with_response_stream(EndpointName="e", Body=json.dumps(body))

    assert bare.headers["content-type"].startswith("text/event-stream")
    parts = b"".join(event["PayloadPart"]["Bytes"] for event in wrapped["Body"]).decode()
    message = whole["choices"][0]["message"]
    asked = [(call["function"]["name"], call["function"]["arguments"]) for call in message["tool_calls"]]
    for chunks in (chunks_of(bare.text), chunks_of(parts)):
        assert put_together(chunks) == (message["content"], asked, "tool_calls")
        assert chunks[-1]["choices"] == []
        assert chunks[-1]["usage"]["completion_tokens"] == whole["usage"]["completion_tokens"]
    assert [call["stream"] for call in doubles.calls()] == [False, True, True]


FAULTS = [
    ("throttling", (429, "rate_limit_exceeded"), (400, "ThrottlingException")),
    ("not_ready", (503, "model_not_ready"), (429, "ModelNotReadyException")),
    ("unavailable", (503, None), (503, "ServiceUnavailable")),
    ("internal", (500, None), (500, "InternalFailure")),
    ("timeout", (504, "timeout"), (424, "ModelError")),
    ("model_error", (500, None), (424, "ModelError")),
    ("context_overflow", (400, "context_length_exceeded"), (424, "ModelError")),
    ("access_denied", (403, "model_not_allowed"), (403, "AccessDeniedException")),
    ("not_found", (404, "model_not_found"), (400, "ValidationError")),
]


@pytest.mark.parametrize(("fault", "openai", "sagemaker"), FAULTS)
def test_an_error_has_each_protocols_own_form(doubles: Doubles, fault: str, openai: tuple[int, Any], sagemaker: tuple[int, str]) -> None:
    doubles.load(scenario(f"{{faults: [{{fault: {fault}, message: as told}}]}}"))

    bare = complete(doubles, chats("hello"))
    with pytest.raises(ClientError) as wrapped:
        invoke(doubles, chats("hello"))

    said, answer = bare.json()["error"], wrapped.value.response
    assert set(said) == {"message", "type", "param", "code"}
    assert (said["message"], bare.status_code, said["code"]) == ("as told", *openai)
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == sagemaker
    assert "as told" in answer["Error"]["Message"]
    assert [call["status"] for call in doubles.calls()] == [openai[0], sagemaker[0]]


def test_what_the_container_refuses_is_inside_a_model_error(doubles: Doubles) -> None:
    doubles.load(scenario("{faults: [{fault: context_overflow}]}"))

    with pytest.raises(ClientError) as refused:
        invoke(doubles, chats("hello"))

    answer: Any = refused.value.response
    assert answer["OriginalStatusCode"] == 400
    assert "maximum context length" in json.loads(answer["OriginalMessage"])["error"]["message"]


def test_a_model_that_declines_says_so_and_a_filter_shows_in_the_reason(doubles: Doubles) -> None:
    doubles.load(scenario("{text: hi, faults: [{fault: refusal, message: No., times: 1}, {fault: guardrail, message: Filtered.}]}"))

    declined, filtered = (complete(doubles, chats("hello")).json()["choices"][0] for _ in range(2))

    assert (declined["message"]["refusal"], declined["message"]["content"], declined["finish_reason"]) == ("No.", None, "stop")
    assert (filtered["message"]["refusal"], filtered["message"]["content"], filtered["finish_reason"]) == (
        None,
        "Filtered.",
        "content_filter",
    )


def test_arguments_can_be_broken_json(doubles: Doubles) -> None:
    doubles.load(scenario(f"{{{CALLS}, faults: [{{fault: non_object_arguments}}]}}"))

    (asked,) = complete(doubles, chats("hello")).json()["choices"][0]["message"]["tool_calls"]

    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(asked["function"]["arguments"])


def test_a_connection_is_dropped_before_a_byte_or_midway(doubles: Doubles) -> None:
    doubles.load(scenario("{text: hi, faults: [{fault: dropped, times: 2}, {fault: dropped_midway}]}"))

    with pytest.raises(httpx.RemoteProtocolError):
        complete(doubles, chats("hello"))
    with pytest.raises(ConnectionClosedError):
        invoke(doubles, chats("hello"))
    with pytest.raises(httpx.RemoteProtocolError):
        complete(doubles, chats("hello"))

    assert [call["billed"] for call in doubles.calls()] == [False, False, True]


def test_a_model_breaks_in_the_middle_of_a_stream(doubles: Doubles) -> None:
    doubles.load(scenario("{text: hi, faults: [{fault: stream_error, message: out of memory}]}"))
    body = {**chats("hello"), "stream": True}

    bare = complete(doubles, body)
    wrapped = doubles.sagemaker.invoke_endpoint_with_response_stream(EndpointName="e", Body=json.dumps(body))

    assert json.loads(bare.text.split("\n\n")[-2].removeprefix("data: "))["error"]["message"] == "out of memory"
    with closing(wrapped["Body"]), pytest.raises(EventStreamError, match=r"ModelStreamError.*out of memory"):
        list(wrapped["Body"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"messages": []}, "messages: List should have at least 1 item"),
        ({"messages": [{"role": "robot", "content": "hello"}]}, "messages.0.role: Input should be 'system'"),
        ({"messages": [{"role": "system", "content": "hello"}]}, "messages holds no user message"),
        ({"messages": [{"role": "user", "content": None}]}, "messages.0.content: expected a string, got null"),
        ({"messages": [{"role": "tool", "tool_call_id": "x", "content": "1"}]}, "must be a response to a preceding message"),
        ({"model": None}, "you must provide a model parameter"),
        ({"metadata": {"step": 1}}, "metadata.step: Input should be a valid string"),
        ({"metadata": {"step": "first"}}, "metadata.step: 'first' must be a whole number"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools.0.function.name: String should match pattern"),
        ({"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
    ],
)
def test_a_request_that_no_server_takes_is_refused_by_name(doubles: Doubles, change: dict[str, Any], sentence: str) -> None:
    answer = complete(doubles, {**chats("hello"), **change})

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert sentence in answer.json()["error"]["message"]
    assert [call["outcome"] for call in doubles.calls()] == ["invalid"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda said: said.pop(), "did not have response messages: id-find_order"),
        (lambda said: said.append(said[-1]), "must be a response to a preceding message"),
        (lambda said: said[2].update(role="user"), "only messages with role 'assistant' have them"),
        (lambda said: said[2]["tool_calls"].append(said[2]["tool_calls"][0]), "two have the same id"),
        (lambda said: said[2]["tool_calls"][0]["function"].update(arguments="{"), "function.arguments: must be a JSON object, as text"),
    ],
)
def test_calls_and_results_that_do_not_pair_are_refused(doubles: Doubles, change: Any, sentence: str) -> None:
    body = chat_turn("hello", ORDER)
    change(body["messages"])

    assert sentence in complete(doubles, body).json()["error"]["message"]


def test_a_body_that_is_no_json_is_refused_in_each_form(doubles: Doubles) -> None:
    bare = doubles.http.post("/v1/chat/completions", content=b"{")
    with pytest.raises(ClientError, match="the body is not JSON"):
        doubles.sagemaker.invoke_endpoint(EndpointName="e", Body=b"{")

    assert bare.json()["error"]["message"].startswith("the body is not JSON")


def test_an_endpoint_streams_only_by_the_operation_that_streams(doubles: Doubles) -> None:
    with pytest.raises(ClientError, match="InvokeEndpoint wants false"):
        invoke(doubles, {**chats("hello"), "stream": True})


def test_an_unexpected_call_is_refused_and_counted(doubles: Doubles) -> None:
    doubles.load(EXAMPLE)

    answer = complete(doubles, chats("nobody wrote this"))

    assert answer.status_code == 400
    assert "nobody wrote this" in answer.json()["error"]["message"]
    assert doubles.model_status()["unexpected"] == 1
