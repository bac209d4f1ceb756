"""What the description of the API cannot say. schemathesis loads this."""

from __future__ import annotations

import uuid
from typing import Any

import schemathesis


@schemathesis.hook
def before_call(_: schemathesis.HookContext, case: schemathesis.Case, __: dict[str, Any]) -> None:
    """Keep rightful requests from being refused for what no schema can say.

    A submission has a key of its own, for with another body a key is refused; amounts of money fit the tenant's limits and each other.
    """
    if not case.meta or not case.meta.generation.mode.is_positive:
        return
    if case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = uuid.uuid4().hex
    if isinstance(case.body, dict) and "budget" in case.body:
        case.body["budget"] = "0.000001"
    if case.operation.path == "/v1/budget" and isinstance(case.body, dict):
        case.body = {"day": "100000", "run": "4.5", "usual": "0.01"}
