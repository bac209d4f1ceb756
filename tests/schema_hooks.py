"""What the description of the API cannot say. schemathesis loads this."""

from __future__ import annotations

import uuid
from typing import Any

import schemathesis


@schemathesis.hook
def before_call(_: schemathesis.HookContext, case: schemathesis.Case, __: dict[str, Any]) -> None:
    """Keep rightful requests from being refused for what no schema can say.

    A submission has a key of its own, for with another body a key is refused; amounts of money fit the tenant's limits and each other; a
    message shows what it says.
    """
    if not case.meta or not case.meta.generation.mode.is_positive:
        return
    if case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = uuid.uuid4().hex
    if isinstance(case.body, dict) and "budget" in case.body:
        case.body["budget"] = "0.000001"
    if isinstance(case.body, dict) and isinstance(given := case.body.get("input"), dict) and isinstance(said := given.get("message"), str):
        given["message"] = "".join(letter for letter in said if letter.isprintable() and letter < "\U000e0000") or "x"
    if case.operation.path == "/v1/budget" and isinstance(case.body, dict):
        case.body = {"day": "100000", "run": "4.5", "usual": "0.01"}
