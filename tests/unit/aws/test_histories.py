"""Step Functions' histories as the estimates read them, over botocore's stubs."""

import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from septet.aws.histories import StepFunctionsHistories
from septet.core.errors import StoreUnavailable

ARN = "arn:aws:states:eu-west-1:000000000000:execution:septet-twin-support:run-1"
FUNCTION = "arn:aws:lambda:eu-west-1:000000000000:function:septet-twin-agent-triage:live"


@pytest.fixture
def client() -> Any:
    return boto3.client("stepfunctions", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")


def event(number: int, kind: str, **more: Any) -> dict[str, Any]:
    return {"id": number, "previousEventId": number - 1, "type": kind, "timestamp": datetime.fromtimestamp(number, UTC), **more}


def scheduled(resource: str, parameters: str, kind: str = "lambda") -> dict[str, Any]:
    return {"taskScheduledEventDetails": {"resourceType": kind, "resource": resource, "region": "eu-west-1", "parameters": parameters}}


def test_pages_are_read_and_functions_named_as_they_are_declared(client: Any) -> None:
    with Stubber(client) as stub:
        asked = {"executionArn": ARN, "maxResults": 1000}
        first = [event(1, "TaskScheduled", **scheduled("invoke", json.dumps({"FunctionName": FUNCTION})))]
        waits = scheduled("invoke.waitForTaskToken", json.dumps({"FunctionName": "septet-twin-step-ask_person"}))
        second = [event(2, "TaskScheduled", **waits), event(3, "TaskScheduled", **scheduled("putItem", "{}", "dynamodb"))]
        stub.add_response("get_execution_history", {"events": first, "nextToken": "more"}, asked)
        stub.add_response("get_execution_history", {"events": second}, {**asked, "nextToken": "more"})
        found = StepFunctionsHistories(client, "septet-twin-").of(ARN)
    assert [(one.number, one.before, one.kind, one.at, one.function, one.waits) for one in found] == [
        (1, 0, "TaskScheduled", 1_000, "agent-triage", False),
        (2, 1, "TaskScheduled", 2_000, "step-ask_person", True),
        (3, 2, "TaskScheduled", 3_000, "", False),
    ]


@pytest.mark.parametrize("code", ["ExecutionDoesNotExist", "AccessDeniedException", "InvalidArn"])
def test_what_is_not_there_or_not_for_this_caller_is_nothing(client: Any, code: str) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("get_execution_history", code)
        assert not StepFunctionsHistories(client, "septet-twin-").of(ARN)


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerException"])
def test_what_cannot_be_read_now_is_asked_for_again(client: Any, code: str) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("get_execution_history", code)
        with pytest.raises(StoreUnavailable, match=code):
            StepFunctionsHistories(client, "septet-twin-").of(ARN)
