"""The client context of an invocation: base64 in the Invoke request, JSON in a header of the Runtime API."""

import base64
import json


def decoded(encoded: str | None) -> str:
    """Return the context as JSON in one line of ASCII, fit for a header; empty when there is none or it is not base64 of JSON."""
    try:
        return json.dumps(json.loads(base64.b64decode(encoded or "", validate=True)))
    except ValueError:
        return ""
