from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    EventStreamError,
    IncompleteReadError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import ProtocolError

from septet.aws.answers import AnswerTooLarge
from septet.aws.bedrock import CLASSES, UNBILLED, BedrockModel, classify
from septet.core.errors import ContextOverflow, ModelRefused, ModelThrottled, ModelUnavailable, SeptetError
from tests.unit.asking import request
from tests.unit.aws.test_converse import ANSWER, SERVICE
from tests.unit.aws.test_converse_stream import END, START, USED, text
from tests.unit.shop import MODEL

STREAMING = replace(MODEL, capabilities=MODEL.capabilities | {"streaming"})
DECLARED = {shape.name for operation in ("Converse", "ConverseStream") for shape in SERVICE.operation_model(operation).error_shapes} | {
    f"{name[:1].upper()}{name[1:]}"
    for name, shape in SERVICE.operation_model("ConverseStream").output_shape.members["stream"].members.items()
    if shape.metadata.get("exception")
}


class TestErrors:
    def test_every_error_that_the_service_declares_is_classified(self) -> None:
        assert CLASSES.keys() >= DECLARED, "botocore declares an error that nobody has thought about"

    @pytest.mark.parametrize("code", sorted(CLASSES))
    def test_what_was_refused_before_a_model_saw_it_is_not_billed(self, code: str) -> None:
        error = classify(code, "it says")
        assert type(error) is CLASSES[code]
        assert str(error) == "it says"
        assert error.billed is (code not in UNBILLED)
        assert classify(code, "it says", begun=True).billed

    def test_throttling_passes_and_what_failed_inside_may_be_billed(self) -> None:
        throttled = {"ThrottlingException", "TooManyRequestsException", "ServiceQuotaExceededException", "ModelNotReadyException"}
        assert {code for code, kind in CLASSES.items() if kind is ModelThrottled} == throttled
        assert throttled < UNBILLED
        inside = {
            "InternalServerException",
            "ModelErrorException",
            "ModelStreamErrorException",
            "ModelTimeoutException",
            "ServiceUnavailableException",
        }
        assert not inside & UNBILLED

    @pytest.mark.parametrize(
        "message",
        [
            "Input is too long for requested model.",
            "The model returned the following errors: prompt is too long: 200123 tokens > 199999 maximum",
            "Too many input tokens. Max input tokens: 300000",
            "input length and `max_tokens` exceed context limit: This model's maximum context length is 200000",
        ],
    )
    def test_a_request_that_does_not_fit_the_window(self, message: str) -> None:
        error = classify("ValidationException", message)
        assert isinstance(error, ContextOverflow)
        assert not error.billed
        assert isinstance(classify("ServiceUnavailableException", message), ModelUnavailable)

    def test_a_guardrail_and_an_error_of_the_future_may_be_billed(self) -> None:
        assert isinstance(classify("GuardrailInterventionException", "no"), ModelRefused)
        for code in ("NewException", ""):
            error = classify(code, "what")
            assert isinstance(error, ModelUnavailable)
            assert error.billed


class _Stream:
    """Events, of which an exception is raised."""

    def __init__(self, *events: Any) -> None:
        self.events = events
        self.closed = False

    def __iter__(self) -> Iterator[Any]:
        for event in self.events:
            if isinstance(event, Exception):
                raise event
            yield event

    def close(self) -> None:
        self.closed = True


class _Client:
    def __init__(self, end: Any) -> None:
        self.end = end

    def converse(self, **_: Any) -> Any:
        if isinstance(self.end, Exception):
            raise self.end
        return self.end

    def converse_stream(self, **_: Any) -> Any:
        return {"stream": self.converse()}


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "it says"}}, "Converse")


@pytest.mark.parametrize(
    ("end", "error", "billed"),
    [
        (client_error("ThrottlingException"), ModelThrottled, False),
        (client_error("InternalServerException"), ModelUnavailable, True),
        (ClientError({}, "Converse"), ModelUnavailable, True),
        (ReadTimeoutError(endpoint_url="x"), ModelUnavailable, True),
        (ConnectTimeoutError(endpoint_url="x"), ModelUnavailable, False),
        (EndpointConnectionError(endpoint_url="x"), ModelUnavailable, False),
        (ConnectionClosedError(endpoint_url="x"), ModelUnavailable, True),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), ModelUnavailable, True),
        (ProtocolError("broken"), ModelUnavailable, True),
        (OSError("reset"), ModelUnavailable, True),
        (NoCredentialsError(), ModelUnavailable, False),
        (ParamValidationError(report="x"), ModelUnavailable, False),
        (ResponseParserError("no JSON"), ModelUnavailable, True),
        (AnswerTooLarge("more than 8"), ModelUnavailable, True),
        (RecursionError("too deep"), ModelUnavailable, True),
        ({}, ModelUnavailable, True),
        ({"output": {}}, ModelUnavailable, True),
        ({"output": {"message": {"content": [{"toolUse": {"name": "t"}}]}}, "stopReason": "tool_use"}, ModelUnavailable, True),
        ({"output": {"message": {"content": None}}, "stopReason": "end_turn"}, ModelUnavailable, True),
    ],
)
def test_whatever_the_provider_does_the_error_has_a_name(end: Any, error: type[SeptetError], *, billed: bool) -> None:
    with pytest.raises(error) as caught:
        BedrockModel(lambda _: _Client(end)).complete(request())
    assert caught.value.billed is billed


def in_stream(code: str) -> EventStreamError:
    return EventStreamError({"Error": {"Code": code, "Message": "it says"}}, "ConverseStream")


@pytest.mark.parametrize(
    ("events", "error"),
    [
        ([START, in_stream("throttlingException")], ModelThrottled),
        ([START, text("Hel"), in_stream("modelStreamErrorException")], ModelUnavailable),
        ([START, in_stream("validationException")], ModelUnavailable),
        ([START, text("Hel"), ProtocolError("broken")], ModelUnavailable),
        ([START, text("Hel"), AnswerTooLarge("more than 64")], ModelUnavailable),
        ([START, text("Hel")], ModelUnavailable),
        ([{"contentBlockDelta": {}}], ModelUnavailable),
        ([{"contentBlockDelta": {"delta": {"text": 7}, "contentBlockIndex": 0}}], ModelUnavailable),
        ([{}], ModelUnavailable),
        (["no event"], ModelUnavailable),
    ],
)
def test_whatever_a_stream_does_the_error_has_a_name_and_may_be_billed(events: list[Any], error: type[SeptetError]) -> None:
    stream = _Stream(*events)
    with pytest.raises(error) as caught:
        BedrockModel(lambda _: _Client(stream)).complete(request(model=STREAMING))
    assert caught.value.billed
    assert stream.closed


def test_a_stream_that_never_opened_is_classified_as_any_other() -> None:
    with pytest.raises(ModelThrottled) as caught:
        BedrockModel(lambda _: _Client(client_error("ThrottlingException"))).complete(request(model=STREAMING))
    assert not caught.value.billed


def test_a_stream_that_outlasts_its_time_is_given_up() -> None:
    stream = _Stream(START, text("Hel"), text("lo"), END, USED)
    with pytest.raises(ModelUnavailable, match="longer than there was time"):
        BedrockModel(lambda _: _Client(stream)).complete(request(model=STREAMING, seconds=-1))
    assert stream.closed


def test_a_reply_whole_and_as_a_stream() -> None:
    assert BedrockModel(lambda _: _Client(ANSWER)).complete(request()).text == "Hello!"
    assert BedrockModel(lambda _: _Client(_Stream(START, text("Hello!"), END, USED))).complete(request(model=STREAMING)).text == "Hello!"


def test_a_model_is_called_in_its_region() -> None:
    asked: list[str] = []

    def clients(region: str) -> _Client:
        asked.append(region)
        return _Client(ANSWER)

    model = BedrockModel(clients)
    model.complete(request())
    model.complete(request(model=replace(MODEL, region="eu-west-1")))
    assert asked == ["", "eu-west-1"]
