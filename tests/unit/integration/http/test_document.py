from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from septet.integration.http.document import document
from septet.integration.http.operations import OPERATIONS
from septet.integration.ports import Declaration

PAGE = Path(__file__).parents[4] / "docs" / "api.md"


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
    described = schemas(office)["Submission"]["oneOf"]
    assert [choice["properties"]["workflow"]["const"] for choice in described] == ["support", "undoing"]
    assert described[0]["properties"]["input"] == dict(office.ports.declared["support"].input_schema)


def test_what_a_deployment_declares_is_what_its_sessions_and_forks_are_described_to_take(office: Any) -> None:
    described = {name: schema["properties"] for name, schema in schemas(office).items() if "properties" in schema}
    inputs = [dict(declared.input_schema) for _, declared in sorted(office.ports.declared.items())]
    assert described["SessionRequest"]["workflow"]["enum"] == ["support", "undoing"]
    assert described["MessageRequest"]["input"]["anyOf"] == inputs
    assert described["ForkRequest"]["input"]["anyOf"] == [*inputs, {"type": "null"}]
    agents = described["ForkRequest"]["agents"]
    assert agents["propertyNames"]["enum"] == ["refunds"]
    assert "refunds: double.model-1, double.model-2" in agents["description"]
    assert described["StopRequest"]["name"]["enum"] == ["", "refunds"]


def schemas(office: Any) -> Any:
    return document(office.ports.declared, office.ports.agents)["components"]["schemas"]


@pytest.mark.parametrize("count", [0, 2])
def test_any_number_of_workflows_and_agents_makes_a_valid_document(count: int) -> None:
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "$id": "urn:x", "type": "object"}
    declared = {f"w{number}": Declaration(description="d", input_schema=schema) for number in range(count)}
    found = document(declared, {f"a{number}": ["double.model"] for number in range(count)})
    OpenAPIV31SpecValidator(found).validate()
    assert "draft-07" not in json.dumps(found)


def test_the_api_page_says_of_every_operation_when_it_answers_409_or_429() -> None:
    rows = re.findall(r"^\| `([A-Z]+ /v1/[^`]*)` \| (.*) \| (.*) \|$", PAGE.read_text().partition("### 409 and 429")[2], re.MULTILINE)
    told = {
        f"{one.method} {one.path}": (one.conflicts or "never", one.exhausts or "never")
        for one in OPERATIONS
        if one.conflicts or one.exhausts
    }
    assert {path: (conflicts, exhausts) for path, conflicts, exhausts in rows} == told


def test_every_operation_has_the_problems_that_the_api_page_gives_all_of_its_kind(office: Any) -> None:
    paths = document(office.ports.declared, office.ports.agents)["paths"]
    for one in OPERATIONS:
        found = {int(status) for status in paths[one.path][one.method.lower()]["responses"] if int(status) >= 400}
        named = "{" in one.path or "cursor" in {*one.query.model_fields, *(one.body.model_fields if one.body else ())}
        kind = ({404} if named else set()) | ({413, 415} if one.body else set())
        own = ({409} if one.conflicts else set()) | ({429} if one.exhausts else set())
        assert found == {400, 401, 403, 422, 500, 503} | kind | own
