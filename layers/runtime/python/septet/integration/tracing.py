"""What a log may say of an error."""

import traceback
from typing import Any


def traced(error: BaseException) -> dict[str, Any]:
    """*error* for a log: its class and where it came from. Its message may quote content, so it is left out."""
    steps = [f"{step.filename.rpartition('/')[2]}:{step.lineno} {step.name}" for step in traceback.extract_tb(error.__traceback__)]
    return {"error": type(error).__name__, "at": steps, "cause": type(error.__cause__).__name__ if error.__cause__ else None}
