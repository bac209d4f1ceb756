"""Answers: a model, a problem, or what is left to say when something broke."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from septet.integration.http.operation import Reply
from septet.integration.problems import Kind, Problem

HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""Of every answer."""
JSON = "application/json"
PROBLEM = "application/problem+json"


def done(reply: Reply, status: HTTPStatus) -> Response[str]:
    """A request that was done."""
    body = reply.answer.model_dump_json(by_alias=True)
    return Response(status_code=status.value, content_type=JSON, body=body, headers={**HEADERS, **reply.headers})


def refused(problem: Problem, headers: Mapping[str, str] | None = None) -> Response[str]:
    """A request that was not done."""
    more = {"WWW-Authenticate": 'Bearer realm="septet"'} if problem.kind is Kind.UNAUTHENTICATED else {}
    if problem.retry_after is not None:
        more["Retry-After"] = str(problem.retry_after)
    body = json.dumps(problem.document(), ensure_ascii=False)
    return Response(status_code=problem.kind.status.value, content_type=PROBLEM, body=body, headers={**HEADERS, **more, **(headers or {})})


def json_of(document: Mapping[str, Any]) -> Response[str]:
    """A document."""
    return Response(status_code=HTTPStatus.OK.value, content_type=JSON, body=json.dumps(document, ensure_ascii=False), headers=HEADERS)


def broken(request: str) -> Response[str]:
    """A request that failed inside; the answer says nothing but where to look."""
    problem = Problem(Kind.BROKEN, f"something failed inside, and it was logged: quote the request {request}")
    body = json.dumps({**problem.document(), "instance": f"urn:septet:request:{request}"})
    return Response(status_code=problem.kind.status.value, content_type=PROBLEM, body=body, headers=HEADERS)


def raw(response: Response[str]) -> dict[str, Any]:
    """*response* as API Gateway takes it, where the router did not come to it."""
    return {"statusCode": response.status_code, "headers": response.headers, "body": response.body, "isBase64Encoded": False}
