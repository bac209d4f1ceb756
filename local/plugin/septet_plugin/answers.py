"""What Lambda answers when a function or its runtime fails: error documents and their wording.

Shapes and wording follow "Lambda runtime API" and "Troubleshoot execution issues in Lambda" in AWS's developer guide, and
AWS's own implementation of the API, aws/aws-lambda-runtime-interface-emulator.
"""

import json
import signal
from typing import Final

RESPONSE_LIMIT: Final = 6 * 1024 * 1024 + 100
"""Bytes of a response: the documented 6 MB plus the 100 bytes that AWS's implementation adds."""


def document(error_type: str, message: str) -> bytes:
    """Return an error as Lambda serves it: a JSON object with errorType and errorMessage."""
    return json.dumps({"errorType": error_type, "errorMessage": message}).encode()


def timed_out(request_id: str, seconds: float) -> tuple[bytes, str]:
    """Return the answer to an invocation that ran out of time, and the line Lambda logs for it."""
    text = f"Task timed out after {seconds:.2f} seconds"
    return document("Sandbox.Timedout", f"RequestId: {request_id} Error: {text}"), f"{request_id} {text}\n\n"


def exited(request_id: str, status: int) -> tuple[bytes, str]:
    """Return the answer when the runtime process ended (`status` as in `Popen.returncode`), and the lines logged for it."""
    text = f"RequestId: {request_id} Error: {_reason(status)}"
    return document("Runtime.ExitError", text), f"{text}\nRuntime.ExitError\n"


def _reason(status: int) -> str:
    if status == 0:
        return "Runtime exited without providing a reason"
    if status > 0:
        return f"Runtime exited with error: exit status {status}"
    try:
        name = (signal.strsignal(-status) or "").lower()
    except ValueError:
        name = ""
    return f"Runtime exited with error: signal: {name or -status}"


def too_large(size: int) -> bytes:
    """Return the answer when a function's response of `size` bytes passes the limit."""
    return document(
        "Function.ResponseSizeTooLarge",
        f"Response payload size ({size} bytes) exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes).",
    )
