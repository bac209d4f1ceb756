import json
from dataclasses import replace
from io import BytesIO
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from urllib3.exceptions import ProtocolError

from septet.aws.answers import AnswerTooLarge
from septet.aws.sagemaker import CLASSES, UNBILLED, SageMakerModel, classify
from septet.core.errors import ContextOverflow, ModelThrottled, ModelUnavailable, SeptetError
from tests.unit.asking import request
from tests.unit.shop import MODEL

SERVICE: Any = botocore.session.get_session().get_service_model("sagemaker-runtime")
HELLO = json.dumps({"choices": [{"message": {"content": "Hello!"}, "finish_reason": "stop"}]}).encode()
ON_ENDPOINT = replace(MODEL, provider="sagemaker", endpoint="my-endpoint", region="eu-west-1")


class _Client:
    def __init__(self, end: Any) -> None:
        self.end = end
        self.asked: dict[str, Any] = {}

    def invoke_endpoint(self, **asked: Any) -> Any:
        self.asked = asked
        if isinstance(self.end, Exception):
            raise self.end
        return {"Body": BytesIO(self.end)}


def client_error(code: str, message: str = "it says", **members: Any) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": message}, **members}
    return ClientError(answer, "InvokeEndpoint")


def test_a_request_goes_to_the_endpoint_in_its_region() -> None:
    client, regions = _Client(HELLO), []

    def clients(region: str) -> _Client:
        regions.append(region)
        return client

    assert SageMakerModel(clients).complete(request(model=ON_ENDPOINT)).text == "Hello!"
    assert regions == ["eu-west-1"]
    assert client.asked["EndpointName"] == "my-endpoint"
    assert json.loads(client.asked["Body"])["messages"][-1] == {"role": "user", "content": "hi"}


def test_every_error_that_the_service_declares_is_classified() -> None:
    assert {shape.name for shape in SERVICE.operation_model("InvokeEndpoint").error_shapes} <= CLASSES.keys()


@pytest.mark.parametrize("code", sorted(CLASSES))
def test_what_did_not_reach_the_container_is_not_billed(code: str) -> None:
    error = classify(client_error(code))
    assert type(error) is CLASSES[code]
    assert error.billed is (code not in UNBILLED)


def test_throttling_passes_and_what_failed_inside_may_be_billed() -> None:
    assert (
        {code for code, kind in CLASSES.items() if kind is ModelThrottled} == {"ThrottlingException", "ModelNotReadyException"} <= UNBILLED
    )
    assert not {"InternalFailure", "ServiceUnavailable", "ModelError", "InternalDependencyException"} & UNBILLED


@pytest.mark.parametrize(
    ("status", "said", "error", "billed"),
    [
        (400, {"error": {"message": "This model's maximum context length is 10 tokens", "code": 400}}, ContextOverflow, False),
        (429, {"error": {"message": "busy"}}, ModelThrottled, False),
        (500, {"error": {"message": "broken"}}, ModelUnavailable, True),
        (0, "it gave no answer in time", ModelUnavailable, True),
    ],
)
def test_a_model_error_is_what_the_container_answered(status: int, said: Any, error: type[SeptetError], *, billed: bool) -> None:
    found = classify(client_error("ModelError", OriginalStatusCode=status, OriginalMessage=json.dumps(said)))
    assert type(found) is error
    assert found.billed is billed


@pytest.mark.parametrize(
    ("end", "error", "billed"),
    [
        (client_error("ThrottlingException"), ModelThrottled, False),
        (client_error("ValidationError", "input is too long"), ContextOverflow, False),
        (client_error("NewException"), ModelUnavailable, True),
        (EndpointConnectionError(endpoint_url="x"), ModelUnavailable, False),
        (ConnectTimeoutError(endpoint_url="x"), ModelUnavailable, False),
        (ReadTimeoutError(endpoint_url="x"), ModelUnavailable, True),
        (ProtocolError("broken"), ModelUnavailable, True),
        (AnswerTooLarge("more than 8"), ModelUnavailable, True),
        (b"no completion", ModelUnavailable, True),
    ],
)
def test_whatever_the_endpoint_does_the_error_has_a_name(end: Any, error: type[SeptetError], *, billed: bool) -> None:
    with pytest.raises(error) as caught:
        SageMakerModel(lambda _: _Client(end)).complete(request(model=ON_ENDPOINT))
    assert caught.value.billed is billed
