import json
from collections.abc import Callable
from typing import Any

import pytest

from local.doubles.answer import ModelError
from local.doubles.wire.converse import read_call
from local.doubles.wire.service import statuses, stream_errors
from tests.unit.local.doubles.asking import MODEL, asks, call, tool_turn

type Change = Callable[[dict[str, Any]], Any]


def changed(change: Change) -> dict[str, Any]:
    arguments = tool_turn("hello", {"find_order": {"total": 3}})
    change(arguments)
    return arguments


def message(body: dict[str, Any], number: int) -> dict[str, Any]:
    found: dict[str, Any] = body["messages"][number]
    return found


BAD: dict[str, tuple[Change, str]] = {
    "unknown member": (lambda body: body.update(mesages=[]), "Unknown member 'mesages'; known there: modelId, messages"),
    "unknown nested member": (lambda body: message(body, 0).update(name="x"), "Unknown member 'messages.0.name'"),
    "missing member": (lambda body: message(body, 0).pop("role"), "Value null at 'messages.0.role'"),
    "null is missing": (lambda body: message(body, 0).update(role=None), "Value null at 'messages.0.role'"),
    "wrong type": (lambda body: message(body, 0).update(content="hello"), "Value at 'messages.0.content' must be a list, not str"),
    "enum": (lambda body: message(body, 0).update(role="robot"), "Value 'robot' at 'messages.0.role' failed to satisfy constraint"),
    "pattern": (lambda body: body["toolConfig"]["tools"][0]["toolSpec"].update(name="a b"), "toolConfig.tools.0.toolSpec.name"),
    "length": (lambda body: body["toolConfig"].update(tools=[]), "Value at 'toolConfig.tools' failed"),
    "number's range": (lambda body: body.update(inferenceConfig={"maxTokens": 0}), "Value '0' at 'inferenceConfig.maxTokens'"),
    "upper end": (lambda body: body.update(inferenceConfig={"temperature": 1.5}), "less than or equal to 1"),
    "truth is no number": (lambda body: body.update(inferenceConfig={"maxTokens": True}), "must be a whole number"),
    "fraction": (lambda body: body.update(inferenceConfig={"maxTokens": 1.5}), "must be a whole number"),
    "union": (lambda body: body["toolConfig"].update(toolChoice={"any": {}, "auto": {}}), "'toolConfig.toolChoice' must have exactly one"),
    "metadata pattern": (lambda body: body["requestMetadata"].update(agent="a|b"), "requestMetadata.agent"),
    "blob": (
        lambda body: message(body, 0).update(content=[{"image": {"format": "png", "source": {"bytes": 3}}}]),
        "messages.0.content.0.image.source.bytes' must be a base64 string",
    ),
    "model named twice": (lambda body: body.update(modelId=["x"]), "Unknown member 'modelId'"),
    "no message": (lambda body: body.update(messages=[]), "The value at messages is empty"),
    "assistant first": (lambda body: body["messages"].pop(0), "must start with a user message"),
    "no alternation": (lambda body: body["messages"].insert(0, message(body, 0)), "must alternate between user and assistant"),
    "blank text": (lambda body: message(body, 0).update(content=[{"text": " "}]), "messages.0.content.0 is blank"),
    "empty content": (lambda body: message(body, 0).update(content=[]), "messages.0 is empty"),
    "no tool config": (lambda body: body.pop("toolConfig"), "The toolConfig field must be defined"),
    "tool twice": (lambda body: body["toolConfig"]["tools"].extend(body["toolConfig"]["tools"]), "tools of the same name: find_order"),
    "schema of no object": (
        lambda body: body["toolConfig"]["tools"][0]["toolSpec"].update(inputSchema={"json": {"type": "string"}}),
        "inputSchema.json.type must be one of the following: object",
    ),
    "no tool result": (
        lambda body: message(body, 2).update(content=[{"text": "well"}]),
        "Expected toolResult blocks at messages.2.content for the following Ids: id-find_order",
    ),
    "foreign tool result": (
        lambda body: message(body, 2)["content"].append({"toolResult": {"toolUseId": "id-other", "content": []}}),
        "toolResult blocks at messages.2.content exceeds",
    ),
    "empty failure": (
        lambda body: message(body, 2)["content"][0]["toolResult"].update(status="error", content=[]),
        "cannot be empty when status value is error",
    ),
    "same id twice": (
        lambda body: message(body, 1)["content"].append(message(body, 1)["content"][0]),
        "contain duplicate Ids: id-find_order",
    ),
    "step that is no number": (lambda body: body["requestMetadata"].update(step="-1"), "'requestMetadata.step' must be a whole number"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_request_is_refused_by_a_sentence_that_names_the_field(name: str) -> None:
    change, sentence = BAD[name]
    arguments = changed(change)
    model = arguments.pop("modelId")
    raw = json.dumps({**arguments, "modelId": model} if isinstance(model, list) else arguments).encode()

    with pytest.raises(ModelError) as refused:
        read_call(MODEL, raw, stream=False)

    assert refused.value.name == "ValidationException"
    assert sentence in refused.value.message


def test_several_faults_are_told_at_once() -> None:
    with pytest.raises(ModelError, match=r"^2 validation errors detected: .*messages\.0\.role.*; .*inferenceConfig\.maxTokens"):
        call(changed(lambda body: (message(body, 0).pop("role"), body.update(inferenceConfig={"maxTokens": 0}))))


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(raw: bytes) -> None:
    with pytest.raises(ModelError, match="The body"):
        read_call(MODEL, raw, stream=False)


def test_the_model_is_validated_too() -> None:
    with pytest.raises(ModelError, match="at 'modelId' failed"):
        call({**asks("hello"), "modelId": "no model!"})


def test_the_step_is_told_or_counted() -> None:
    told = tool_turn("hello", {"find_order": 1}, step=7)
    untold = tool_turn("hello", {"find_order": 1})
    del untold["requestMetadata"]

    assert call(told).step == 7
    assert call(untold).step == 1
    assert call(untold).agent == ""


def test_statuses_are_those_the_runtime_will_meet_on_aws() -> None:
    assert statuses() == {
        "AccessDeniedException": 403,
        "InternalServerException": 500,
        "ModelErrorException": 424,
        "ModelNotReadyException": 429,
        "ModelStreamErrorException": 424,
        "ModelTimeoutException": 408,
        "ResourceNotFoundException": 404,
        "ServiceUnavailableException": 503,
        "ThrottlingException": 429,
        "ValidationException": 400,
    }
    assert "ModelTimeoutException" not in stream_errors()
