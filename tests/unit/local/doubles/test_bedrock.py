"""Every behaviour of the scenario back-end as the unmodified boto3 client of bedrock-runtime meets it."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, EventStreamError, ReadTimeoutError

from local.doubles.wire.service import service
from local.doubles.wire.shapes import problems
from tests.unit.local.doubles.asking import MODEL, asks, offering, tool_turn
from tests.unit.local.doubles.conftest import Doubles

EXAMPLE = (Path(__file__).parent / "example.yaml").read_text()
REFUND = "Please refund for order A-1007."
ORDER = {"find_order": {"order": {"id": "A-1007", "total": 12900}}}
TOOLS = ("find_order", "issue_refund", "hand_over")


def scenario(step: str) -> str:
    return f"scenario: s\nwhen: {{contains: hello}}\nagents:\n  triage:\n  - {step}\n"


CALLS = "text: I look., calls: [{tool: find_order, arguments: {order_id: A-1, limit: 3}}]"


def fails(doubles: Doubles, step: str, **who: Any) -> dict[str, Any]:
    """Load one step and give the error it is answered with."""
    doubles.load(scenario(step))
    with pytest.raises(ClientError) as refused:
        doubles.bedrock.converse(**asks("hello", **who))
    return dict(refused.value.response)


def test_a_reply_of_words_and_tool_calls_arrives_as_written(doubles: Doubles) -> None:
    doubles.load(EXAMPLE)

    answer = doubles.bedrock.converse(**offering(tool_turn(REFUND, ORDER, agent="refunds", step=1), *TOOLS))

    said, asked = answer["output"]["message"]["content"]
    assert said == {"text": "I propose the refund."}
    assert asked["toolUse"]["name"] == "issue_refund"
    assert asked["toolUse"]["input"] == {"order_id": "A-1007", "amount": 12900, "reason": "Order A-1007 arrived broken."}
    assert answer["stopReason"] == "tool_use"
    assert answer["metrics"]["latencyMs"] >= 0
    assert answer["ResponseMetadata"]["RequestId"]


def test_usage_is_the_scripts_or_an_estimate(doubles: Doubles) -> None:
    doubles.load(
        scenario("{text: 12345678, usage: {input: 10, output: 20, cache_read: 3, cache_write: 4}}".replace("12345678", "'12345678'"))
    )
    told = doubles.bedrock.converse(**asks("hello"))["usage"]
    doubles.load(scenario("{text: '12345678'}"))
    estimated = doubles.bedrock.converse(**asks("hello"))["usage"]

    assert told == {"inputTokens": 10, "outputTokens": 20, "totalTokens": 37, "cacheReadInputTokens": 3, "cacheWriteInputTokens": 4}
    assert estimated["outputTokens"] == 2
    assert 20 < estimated["inputTokens"] < 200


def test_a_stream_tells_the_same_reply(doubles: Doubles) -> None:
    doubles.load(EXAMPLE)
    arguments = offering(tool_turn(REFUND, ORDER, agent="refunds", step=1), *TOOLS)
    whole = doubles.bedrock.converse(**arguments)

    told = list(doubles.bedrock.converse_stream(**arguments)["stream"])

    text = "".join(event["contentBlockDelta"]["delta"].get("text", "") for event in told if "contentBlockDelta" in event)
    arrived = [
        event["contentBlockDelta"]["delta"]["toolUse"]["input"]
        for event in told
        if "toolUse" in event.get("contentBlockDelta", {}).get("delta", {})
    ]
    said, asked = whole["output"]["message"]["content"]
    assert text == said["text"]
    assert json.loads("".join(arrived)) == asked["toolUse"]["input"]
    assert told[-2]["messageStop"]["stopReason"] == whole["stopReason"]
    assert told[-1]["metadata"]["usage"] == whole["usage"]


@pytest.mark.parametrize(
    "model",
    [
        MODEL,
        f"eu.{MODEL}",
        f"arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.{MODEL}",
        f"arn:aws:bedrock:eu-central-1::foundation-model/{MODEL}",
    ],
)
def test_a_model_is_named_by_id_profile_or_arn(doubles: Doubles, model: str) -> None:
    doubles.load(scenario("{text: hi}"))

    doubles.bedrock.converse(**{**asks("hello"), "modelId": model})
    unquoted = doubles.http.post(
        f"/model/{model}/converse", json={name: value for name, value in asks("hello").items() if name != "modelId"}
    )
    quoted = doubles.http.post(f"/model/{quote(model, safe='')}/converse", content=b"{}")

    assert unquoted.status_code == 200
    assert quoted.status_code == 400
    assert [call["model"] for call in doubles.calls()] == [model] * 3


def test_answers_fit_botocores_model_to_the_letter(doubles: Doubles) -> None:
    doubles.load(EXAMPLE)
    body = offering(tool_turn(REFUND, ORDER, agent="refunds", step=1), *TOOLS)

    answer = doubles.http.post(f"/model/{body.pop('modelId')}/converse", json=body).json()

    shape = service().operation_model("Converse").output_shape
    assert shape is not None
    assert problems(answer, shape) == []


@pytest.mark.parametrize(
    ("fault", "name", "status"),
    [
        ("throttling", "ThrottlingException", 429),
        ("not_ready", "ModelNotReadyException", 429),
        ("unavailable", "ServiceUnavailableException", 503),
        ("internal", "InternalServerException", 500),
        ("timeout", "ModelTimeoutException", 408),
        ("model_error", "ModelErrorException", 424),
        ("context_overflow", "ValidationException", 400),
        ("access_denied", "AccessDeniedException", 403),
        ("not_found", "ResourceNotFoundException", 404),
    ],
)
def test_an_error_has_its_name_status_and_message_in_both_operations(doubles: Doubles, fault: str, name: str, status: int) -> None:
    answer = fails(doubles, f"{{faults: [{{fault: {fault}, message: as told}}]}}")
    with pytest.raises(ClientError) as streamed:
        doubles.bedrock.converse_stream(**asks("hello"))

    assert answer["Error"] == {"Code": name, "Message": "as told"}
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    assert streamed.value.response["Error"]["Code"] == name
    assert {(call["outcome"], call["status"]) for call in doubles.calls()} == {(fault, status)}


def test_boto3_retries_through_counted_faults_and_gets_the_reply(doubles: Doubles) -> None:
    doubles.load(scenario("{text: hi, faults: [{fault: throttling, times: 1}, {fault: dropped, times: 1}]}"))
    patient = doubles.client(retries={"mode": "standard", "total_max_attempts": 4})

    answer = patient.converse(**asks("hello"))

    assert answer["output"]["message"]["content"] == [{"text": "hi"}]
    assert [call["outcome"] for call in doubles.calls(run="r-1")] == ["throttling", "dropped", "reply"]


def test_faults_are_counted_by_run_agent_turn_and_step_and_afresh_when_the_scenario_is_put_again(doubles: Doubles) -> None:
    text = scenario("{text: hi, faults: [{fault: throttling, times: 1}]}")
    doubles.load(text)
    for run in ("r-1", "r-2"):
        with pytest.raises(ClientError, match="Throttling"):
            doubles.bedrock.converse(**asks("hello", run=run))
        doubles.bedrock.converse(**asks("hello", run=run))
    with pytest.raises(ClientError, match="Throttling"):
        doubles.bedrock.converse(**asks("hello", turn="t-2"))

    doubles.load(text)

    with pytest.raises(ClientError, match="Throttling"):
        doubles.bedrock.converse(**asks("hello"))


def test_a_repeated_call_gets_the_same_reply_to_the_letter(doubles: Doubles) -> None:
    doubles.load(scenario(f"{{{CALLS}}}"))

    one, other = (doubles.bedrock.converse(**asks("hello"))["output"] for _ in range(2))
    elsewhere = doubles.bedrock.converse(**asks("hello", run="r-2"))["output"]

    assert one == other
    assert one["message"]["content"][1]["toolUse"]["toolUseId"] != elsewhere["message"]["content"][1]["toolUse"]["toolUseId"]


def shaped(doubles: Doubles, fault: str) -> tuple[list[dict[str, Any]], str]:
    doubles.load(scenario(f"{{{CALLS}, faults: [{{fault: {fault}}}]}}"))
    answer = doubles.bedrock.converse(**asks("hello"))
    assert doubles.calls()[-1]["outcome"] == fault
    content: list[dict[str, Any]] = answer["output"]["message"]["content"]
    return content, answer["stopReason"]


def test_malformed_arguments_fit_no_schema_of_plain_values(doubles: Doubles) -> None:
    content, stop = shaped(doubles, "malformed_arguments")

    assert content[1]["toolUse"]["input"] == {"order_id": {"malformed": "A-1"}, "limit": {"malformed": 3}, "malformed": True}
    assert stop == "tool_use"


def test_arguments_can_be_no_object_at_all(doubles: Doubles) -> None:
    content, stop = shaped(doubles, "non_object_arguments")

    assert isinstance(content[1]["toolUse"]["input"], str)
    assert stop == "tool_use"


def test_a_tool_can_be_made_up(doubles: Doubles) -> None:
    content, _ = shaped(doubles, "unknown_tool")

    assert content[1]["toolUse"]["name"] == "no_such_find_order"


def test_garbage_is_words_where_a_call_should_be(doubles: Doubles) -> None:
    content, stop = shaped(doubles, "garbage_text")

    assert [list(block) for block in content] == [["text"]]
    assert stop == "end_turn"


def test_a_truncated_call_lacks_arguments_and_truncated_words_their_end(doubles: Doubles) -> None:
    content, stop = shaped(doubles, "truncation")
    doubles.load(scenario("{text: 'twelve words', faults: [{fault: truncation}]}"))
    words = doubles.bedrock.converse(**asks("hello"))

    assert content[1]["toolUse"]["input"] == {"order_id": "A-1"}
    assert stop == words["stopReason"] == "max_tokens"
    assert words["output"]["message"]["content"] == [{"text": "twelve"}]


@pytest.mark.parametrize(("fault", "reason"), [("refusal", "content_filtered"), ("guardrail", "guardrail_intervened")])
def test_a_refusal_stops_for_its_reason_and_calls_nothing(doubles: Doubles, fault: str, reason: str) -> None:
    content, stop = shaped(doubles, fault)

    assert [list(block) for block in content] == [["text"]]
    assert stop == reason


def test_a_slow_model_outlasts_the_clients_patience_and_is_quick_the_next_time(doubles: Doubles) -> None:
    doubles.load(scenario("{text: hi, faults: [{fault: slow, delay: 60, times: 1}]}"))
    hasty = doubles.client(read_timeout=2)

    with pytest.raises(ReadTimeoutError):
        hasty.converse(**asks("hello"))

    assert doubles.calls()[0]["outcome"] == "under way"
    assert doubles.bedrock.converse(**asks("hello"))["stopReason"] == "end_turn"


def test_a_delay_is_told_as_latency(doubles: Doubles) -> None:
    doubles.load(scenario("{text: hi, delay: 0.05}"))

    assert doubles.bedrock.converse(**asks("hello"))["metrics"]["latencyMs"] >= 50


def test_a_connection_is_dropped_before_a_byte_or_midway(doubles: Doubles) -> None:
    doubles.load(scenario("{text: hi, faults: [{fault: dropped, times: 1}, {fault: dropped_midway}]}"))

    with pytest.raises(ConnectionClosedError):
        doubles.bedrock.converse(**asks("hello"))
    with pytest.raises(httpx.RemoteProtocolError):
        doubles.http.post(f"/model/{MODEL}/converse", json={name: value for name, value in asks("hello").items() if name != "modelId"})
    half = doubles.bedrock.converse(**asks("hello"))

    assert "output" not in half, "botocore takes half an answer for a whole one, so a caller has to look"
    assert [(call["outcome"], call["status"]) for call in doubles.calls()] == [
        ("dropped", 0),
        ("dropped_midway", 200),
        ("dropped_midway", 200),
    ]


def test_a_stream_is_dropped_before_a_byte_or_midway(doubles: Doubles) -> None:
    doubles.load(scenario("{text: hi, faults: [{fault: dropped, times: 1}, {fault: dropped_midway}]}"))
    with pytest.raises(ConnectionClosedError):
        doubles.bedrock.converse_stream(**asks("hello"))
    stream = doubles.bedrock.converse_stream(**asks("hello"))["stream"]
    told = iter(stream)

    assert next(told) == {"messageStart": {"role": "assistant"}}
    with pytest.raises(Exception, match="Response ended prematurely"):
        list(told)
    stream.close()


def test_a_model_breaks_in_the_middle_of_a_stream(doubles: Doubles) -> None:
    doubles.load(scenario("{text: hi, faults: [{fault: stream_error, message: out of memory}]}"))
    stream = doubles.bedrock.converse_stream(**asks("hello"))["stream"]
    told = iter(stream)

    assert next(told) == {"messageStart": {"role": "assistant"}}
    with pytest.raises(EventStreamError, match=r"modelStreamErrorException.*out of memory"):
        list(told)
    stream.close()
    with pytest.raises(ClientError, match="ModelErrorException"):
        doubles.bedrock.converse(**asks("hello"))


def test_an_unexpected_call_is_refused_counted_and_kept(doubles: Doubles, caplog: pytest.LogCaptureFixture) -> None:
    doubles.load(EXAMPLE)
    for _ in range(6):
        with pytest.raises(ClientError) as refused:
            doubles.bedrock.converse(**asks("nobody wrote this"))

    status = doubles.model_status()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert "nobody wrote this" in refused.value.response["Error"]["Message"]
    assert status["unexpected"] == 6
    assert len(status["last_unexpected"]) == 5
    assert [call["outcome"] for call in doubles.calls()] == ["unexpected"] * 6
    assert "nobody wrote this" in caplog.text


def test_a_hole_without_its_result_is_an_unexpected_call(doubles: Doubles) -> None:
    answer = fails(doubles, "{text: 'It costs ${find_order.total}.'}")

    assert "needs a result of tool 'find_order'" in answer["Error"]["Message"]
    assert doubles.model_status()["unexpected"] == 1


def test_a_request_botocore_would_not_send_is_refused_by_name(doubles: Doubles) -> None:
    careless = doubles.client(parameter_validation=False)

    with pytest.raises(ClientError, match=r"Value 'robot' at 'messages.0.role'"):
        careless.converse(modelId=MODEL, messages=[{"role": "robot", "content": [{"text": "hello"}]}])

    assert [call["outcome"] for call in doubles.calls()] == ["invalid"]


def test_parallel_runs_are_not_mixed_and_every_call_is_recorded(doubles: Doubles) -> None:
    doubles.load(scenario("{text: hi, faults: [{fault: throttling, times: 2}]}"))
    gate = Barrier(12)
    client = doubles.client(max_pool_connections=12)

    def run(number: int) -> str:
        gate.wait(timeout=10)
        for _ in range(2):
            with pytest.raises(ClientError, match="Throttling"):
                client.converse(**asks("hello", run=f"r-{number}"))
        return str(client.converse(**asks("hello", run=f"r-{number}"))["stopReason"])

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(run, range(12))) == ["end_turn"] * 12

    for number in range(12):
        assert [call["outcome"] for call in doubles.calls(run=f"r-{number}")] == ["throttling", "throttling", "reply"]
