"""Functions that call functions."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

Client = Callable[[int], Any]
"""The Lambda client that waits so many seconds for an answer, and asks once: a repeated invocation is the caller's decision."""


class FunctionFailed(Exception):  # noqa: N818 -- carries a function's own error, by name
    """A function ended with an error; ``name`` and ``message`` are its own."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


def invoke(client: Any, function: str, event: Mapping[str, Any]) -> Any:
    """What *function* (name with its alias) returned. Raises FunctionFailed, or OSError when it was not reached or did not answer."""
    try:
        answer = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
        body = answer["Payload"].read()
    except ClientError as error:
        raise FunctionFailed(error.response.get("Error", {}).get("Code", ""), str(error)) from error
    except BotoCoreError as error:
        raise OSError(f"{function}: {error}") from error
    try:
        payload = json.loads(body or b"null")
    except (ValueError, RecursionError) as error:
        raise FunctionFailed("Unreadable", f"its answer is no JSON: {error}") from error
    if "FunctionError" in answer:
        told = payload if isinstance(payload, dict) else {}
        raise FunctionFailed(str(told.get("errorType", "")), str(told.get("errorMessage", "")))
    return payload
