"""Bedrock Runtime's ApplyGuardrail, a test double: it intervenes where a loaded scenario says so, and finds nothing otherwise."""

import json
from functools import cache
from typing import Any
from uuid import uuid4

from botocore.model import Shape

from local.doubles.exchange import Answer, HungUp, Request, Response
from local.doubles.scenario.library import Library
from local.doubles.scenario.script import GuardrailRule
from local.doubles.wire import service
from local.doubles.wire.shapes import problems

_UNITS = ("topic", "content", "word", "sensitiveInformation", "contextualGrounding")


class Guardrail:
    """Answers ApplyGuardrail from the rules of every loaded scenario."""

    def __init__(self, library: Library | None) -> None:
        """Without a *library* nothing is ever found."""
        self._library = library

    def answer(self, request: Request, identifier: str, version: str) -> Answer:
        """Answer one request, checked against botocore's model."""
        try:
            body = json.loads(request.body)
        except (ValueError, RecursionError) as error:
            return _refusal("ValidationException", f"The body is not JSON: {error}")
        asked = {**body, "guardrailIdentifier": identifier, "guardrailVersion": version} if isinstance(body, dict) else body
        if wrong := problems(asked, _shape()):
            return _refusal("ValidationException", "; ".join(wrong))
        text = "\n".join((part.get("text") or {}).get("text") or "" for part in asked["content"])
        loaded = self._library.loaded if self._library else ()
        rules = [
            rule for one in loaded for rule in one.scenario.guardrail if rule.source in {None, asked["source"]} and rule.contains in text
        ]
        for rule in rules:
            if rule.fault == "dropped":
                return HungUp()
            if rule.fault:
                return _refusal(rule.fault, "a test double was told to answer so")
        return _response(200, _found(rules))


@cache
def _shape() -> Shape:
    shape = service.service().operation_model("ApplyGuardrail").input_shape
    if shape is None:
        raise TypeError("botocore describes no request of ApplyGuardrail; this double does not fit the installed botocore")
    return shape


def _found(rules: list[GuardrailRule]) -> dict[str, Any]:
    filters = [{"type": rule.filter, "confidence": "HIGH", "action": "BLOCKED", "detected": True} for rule in rules if rule.filter]
    entities = [{"type": rule.entity, "match": rule.contains, "action": "ANONYMIZED", "detected": True} for rule in rules if rule.entity]
    topics = [{"name": rule.topic, "type": "DENY", "action": "BLOCKED", "detected": True} for rule in rules if rule.topic]
    assessment = {
        **({"contentPolicy": {"filters": filters}} if filters else {}),
        **({"sensitiveInformationPolicy": {"piiEntities": entities, "regexes": []}} if entities else {}),
        **({"topicPolicy": {"topics": topics}} if topics else {}),
    }
    return {
        "usage": {f"{kind}PolicyUnits": 1 for kind in _UNITS} | {"sensitiveInformationPolicyFreeUnits": 0},
        "action": "GUARDRAIL_INTERVENED" if assessment else "NONE",
        "outputs": [{"text": "blocked by a test double"}] if assessment else [],
        "assessments": [assessment] if assessment else [],
    }


def _refusal(name: str, message: str) -> Response:
    errors = service.service().operation_model("ApplyGuardrail").error_shapes
    status = next(shape.metadata["error"]["httpStatusCode"] for shape in errors if shape.name == name)
    return _response(status, {"message": message}, {"x-amzn-errortype": name})


def _response(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    named = {"Content-Type": "application/json", "x-amzn-requestid": str(uuid4()), **(headers or {})}
    return Response(status=status, headers=named, body=json.dumps(body).encode())
