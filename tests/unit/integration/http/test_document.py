from __future__ import annotations

import json
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from septet.integration.http.document import document
from septet.integration.http.operations import OPERATIONS
from septet.integration.ports import Declaration


def test_the_document_is_public_and_valid_openapi(client: Any) -> None:
    answer = client.as_("").call("GET", "/v1/openapi.json")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    OpenAPIV31SpecValidator(answer.body).validate()


def test_every_operation_is_described_with_its_problems_and_needs_a_token(client: Any) -> None:
    paths = client.call("GET", "/v1/openapi.json").body["paths"]
    assert {path for path, methods in paths.items() for method in methods} == {one.path for one in OPERATIONS} | {"/v1/openapi.json"}
    for operation in OPERATIONS:
        described = paths[operation.path][operation.method.lower()]
        assert "security" not in described  # the document's own holds: a token
        problems = {status: answer for status, answer in described["responses"].items() if int(status) >= 400}
        assert {"401", "403", "422", "500", "503"} <= set(problems)
        for status, answer in problems.items():
            (content,) = answer["content"]
            assert content == "application/problem+json"
            assert answer["content"][content]["example"]["status"] == int(status)
    assert paths["/v1/openapi.json"]["get"]["security"] == []


def test_a_workflows_own_input_is_what_a_submission_is_described_to_take(office: Any) -> None:
    described = document(office.ports.declared)["components"]["schemas"]["Submission"]["oneOf"]
    assert [choice["properties"]["workflow"]["const"] for choice in described] == ["support"]
    assert described[0]["properties"]["input"] == dict(office.ports.declared["support"].input_schema)


@pytest.mark.parametrize("count", [0, 2])
def test_any_number_of_workflows_makes_a_valid_document(count: int) -> None:
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "$id": "urn:x", "type": "object"}
    declared = {f"w{number}": Declaration(description="d", input_schema=schema) for number in range(count)}
    found = document(declared)
    OpenAPIV31SpecValidator(found).validate()
    assert "draft-07" not in json.dumps(found)
