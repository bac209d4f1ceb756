"""The OpenAPI 3.1 document, made of the table of operations, the models and the workflows' own input schemas."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from septet.integration.http import answers, models
from septet.integration.http.declared import schemas_of
from septet.integration.http.operation import Operation
from septet.integration.http.operations import OPERATIONS, PATTERNS
from septet.integration.ports import Declaration
from septet.integration.problems import Kind, Problem
from septet.integration.submitting import KEY_FIELD

Json = dict[str, Any]
VERSION = "1"
"""Of the API: the ``v1`` in its paths."""
_SCHEMAS = "#/components/schemas/"
_EXPLAINED = {
    Kind.MALFORMED: "The body is not JSON in UTF-8, or a header was sent twice",
    Kind.UNAUTHENTICATED: "The token is missing, has expired, or is not one of this API's issuer",
    Kind.FORBIDDEN: "The token's roles do not allow this",
    Kind.NOT_FOUND: "There is none, or none that the token's principal may see",
    Kind.TOO_LARGE: "The body is over 1 MB",
    Kind.UNSUPPORTED_TYPE: "The body is not sent as application/json",
    Kind.INVALID: "A parameter, a header or a field of the body is not acceptable: errors names each",
    Kind.BROKEN: "Something failed inside",
    Kind.UNAVAILABLE: "Something that the API needs does not answer now",
}


def document(declared: Mapping[str, Declaration], agents: Mapping[str, Sequence[str]]) -> Json:
    """The description of the API over the workflows *declared*, and over *agents* with the ids of their models."""
    paths: Json = {"/v1/openapi.json": {"get": _self_description()}}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    about = "Runs of agent workflows, their journals, and the approvals they wait for. Errors are problem details (RFC 9457)."
    return {
        "openapi": "3.1.0",
        "info": {"title": "Septet", "version": VERSION, "description": about},
        # Relative to this document, so that it is right below any stage or base path.
        "servers": [{"url": ".."}],
        "paths": paths,
        "components": {
            "schemas": {**_schemas(), **schemas_of(declared, agents)},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
        "security": [{"token": []}],
    }


def _operation(operation: Operation) -> Json:
    described: Json = {
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": [*_in_path(operation.path), *_in_query(operation.query)],
        "responses": {str(operation.status.value): _answer(operation)}
        | {str(kind.status.value): _problem(kind, told) for kind, told in _problems(operation)},
    }
    if operation.keyed:
        described["parameters"].append(_key())
    if operation.body:
        described["requestBody"] = {"required": True, "content": {answers.JSON: {"schema": _reference(operation.body)}}}
    return described


def _self_description() -> Json:
    return {
        "operationId": "describe",
        "summary": "Read this document",
        "security": [],
        "responses": {"200": {"description": "OpenAPI 3.1", "content": {answers.JSON: {"schema": {"type": "object"}}}}},
    }


def _in_path(path: str) -> Iterator[Json]:
    for name in re.findall(r"\{(\w+)\}", path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": PATTERNS[name]}}


def _in_query(query: type[BaseModel]) -> Iterator[Json]:
    for name, schema in query.model_json_schema().get("properties", {}).items():
        given = next((choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"), schema)
        kept = {key: value for key, value in given.items() if key != "title"}
        yield {"name": name, "in": "query", "schema": kept}


def _key() -> Json:
    about = "Repeating a submission with its key starts nothing twice, and answers what the first was answered."
    schema = {"type": "string", "pattern": r"^[\x21-\x7e]{1,255}$"}
    return {"name": KEY_FIELD, "in": "header", "description": about, "schema": schema}


def _answer(operation: Operation) -> Json:
    answer: Json = {
        "description": operation.status.phrase,
        "content": {answers.JSON: {"schema": _reference(operation.answer)}},
    }
    if operation.location:
        told = f"{operation.location}, relative to this request"
        answer["headers"] = {"Location": {"description": told, "schema": {"type": "string"}}}
    return answer


def _problems(operation: Operation) -> Iterator[tuple[Kind, str]]:
    """The problems an operation may answer, and what each means."""
    kinds = [Kind.MALFORMED, Kind.UNAUTHENTICATED, Kind.FORBIDDEN, Kind.INVALID, Kind.BROKEN, Kind.UNAVAILABLE]
    kinds += [Kind.NOT_FOUND] if "{" in operation.path or "cursor" in _fields(operation) else []
    kinds += [Kind.TOO_LARGE, Kind.UNSUPPORTED_TYPE] if operation.body else []
    yield from ((kind, _EXPLAINED[kind]) for kind in kinds)
    if operation.conflicts:
        yield Kind.CONFLICT, operation.conflicts
    if operation.exhausts:
        yield Kind.EXHAUSTED, operation.exhausts


def _fields(operation: Operation) -> set[str]:
    return {*operation.query.model_fields, *(operation.body.model_fields if operation.body else ())}


def _problem(kind: Kind, told: str) -> Json:
    waits = {"Retry-After": {"description": "Seconds after which the same request may be done", "schema": {"type": "integer"}}}
    return ({"headers": waits} if kind is Kind.EXHAUSTED else {}) | {
        "description": told,
        "content": {answers.PROBLEM: {"schema": _reference(models.Problem), "example": Problem(kind, told).document()}},
    }


def _reference(model: type[BaseModel]) -> Json:
    return {"$ref": f"{_SCHEMAS}{model.__name__}"}


def _schemas() -> Json:
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [(models.Problem, "serialization")]
    wanted += [(operation.answer, "serialization") for operation in OPERATIONS]
    wanted += [(operation.body, "validation") for operation in OPERATIONS if operation.body]
    _, found = models_json_schema(list(dict.fromkeys(wanted)), ref_template=_SCHEMAS + "{model}")
    schemas: Json = found["$defs"]
    return schemas
