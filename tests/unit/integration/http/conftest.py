"""The API as its Lambda function sees it: REST proxy events in, answers out."""

from __future__ import annotations

import io
import json
import uuid
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools import Logger

from septet.integration.http.application import Api

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTEXT = SimpleNamespace(
    aws_request_id="request-1",
    function_name="f",
    memory_limit_in_mb=1,
    invoked_function_arn="arn:aws:lambda:eu-west-1:1:function:f",
    get_remaining_time_in_millis=lambda: 10_000,
)


def event(
    method: str,
    path: str,
    *,
    headers: Mapping[str, Any] | None = None,
    query: Mapping[str, Any] | None = None,
    body: Any = None,
    **rest: Any,
) -> dict[str, Any]:
    """What API Gateway sends; a header or parameter with several values is given as a list. Source: its developer guide, payload 1.0."""
    several = {name: value if isinstance(value, list) else [value] for name, value in (headers or {}).items()}
    asked = {name: value if isinstance(value, list) else [value] for name, value in (query or {}).items()}
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": {name: values[-1] for name, values in several.items()} or None,
        "multiValueHeaders": several or None,
        "queryStringParameters": {name: values[-1] for name, values in asked.items()} or None,
        "multiValueQueryStringParameters": asked or None,
        "pathParameters": {"proxy": path.lstrip("/")},
        "stageVariables": None,
        "requestContext": {
            "requestId": "gateway-1",
            "stage": "live",
            "path": f"/live{path}",
            "httpMethod": method,
            "resourcePath": "/{proxy+}",
        },
        "body": body,
        "isBase64Encoded": False,
        **rest,
    }


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def fields(self) -> list[str]:
        return [error["field"] for error in self.body["errors"]]


@dataclass
class Client:
    """Somebody who calls the API."""

    api: Api
    token: str = "acme/ann/submitter"
    log: io.StringIO = field(default_factory=io.StringIO)
    """What the API logged."""

    def call(self, method: str, path: str, **rest: Any) -> Answer:
        """Send what is given, with the client's token and, for a *send*, JSON."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if "send" in rest:
            headers["Content-Type"] = "application/json"
            rest["body"] = json.dumps(rest.pop("send"))
        headers |= rest.pop("headers", {})
        return self.raw(event(method, path, headers=headers, **rest))

    def raw(self, sent: Any) -> Answer:
        """Send an event as it is."""
        found = self.api(sent, CONTEXT)
        headers = found.get("headers") or {name: values[0] for name, values in found["multiValueHeaders"].items()}
        assert headers["Cache-Control"] == "no-store"
        assert not found["isBase64Encoded"]
        return Answer(status=found["statusCode"], headers=headers, body=json.loads(found["body"]))

    def as_(self, token: str) -> Client:
        return replace(self, token=token)


@pytest.fixture
def client(office: Any) -> Client:
    log = io.StringIO()
    return Client(Api(office.ports, Logger(service=uuid.uuid4().hex, stream=log)), log=log)
