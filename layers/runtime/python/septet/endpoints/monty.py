"""Code that a model wrote, run by Monty: an interpreter of a Python that has no files, sockets, processes or modules written in C.

Each run has a process of its own, which ends with it: nothing is left for the next. Source of names and limits: pydantic-monty 1.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydantic_monty
from pydantic_monty import (
    CollectString,
    Monty,
    MontyCrashedError,
    MontyError,
    MontyRuntimeError,
    MontySyntaxError,
    OSPolicy,
    ResourceLimits,
)

from septet.core.canonical import unfit
from septet.core.errors import InputRejected, ToolFailed, ToolTimedOut

MESSAGE_CHARACTERS = 300
"""Of what the code's own error says that are told."""
_POLICY: OSPolicy = {"sleep": "zero"}
_BESIDE = Path(pydantic_monty.__file__).parents[1] / "bin" / "monty"
"""Where a layer has the interpreter; elsewhere the package finds it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What a run may use at most."""

    seconds: float = 2
    memory: int = 64 * 1024 * 1024
    """Bytes of the code's own values."""
    printed: int = 32 * 1024
    """Bytes."""
    result: int = 32 * 1024
    """Bytes of JSON."""
    recursion: int = 200
    """Calls within calls."""


def run(code: str, inputs: Mapping[str, Any], bounds: Bounds) -> dict[str, Any]:
    """What *code* comes to, its last expression, and what it printed; each of *inputs* is a global of it.

    Raises ToolTimedOut, ToolFailed with the limit or the code's own error, or InputRejected for inputs that are no names.
    """
    if wrong := [name for name in inputs if not name.isidentifier() or name.startswith("_")]:
        raise InputRejected(f"inputs.{wrong[0][:MESSAGE_CHARACTERS]} cannot be a name in the code: use letters, digits and underscores")
    printed = CollectString(max_bytes=bounds.printed)
    try:
        result = _interpreted(code, dict(inputs), bounds, printed)
    except MontyCrashedError as error:
        if error.timed_out:
            raise ToolTimedOut(f"the code ran for longer than {bounds.seconds:g} s and did not let itself be stopped") from error
        raise ToolFailed("the code broke the process of its interpreter") from error
    except MontyError as error:
        raise _named(error, bounds) from error
    if wrong_result := unfit(result, bounds.result):
        raise ToolFailed(f"the code's last expression is {wrong_result}")
    return {"result": result, "printed": printed.output}


def _interpreted(code: str, inputs: dict[str, Any], bounds: Bounds, printed: CollectString) -> Any:
    limits: ResourceLimits = {
        "max_feed_duration_secs": bounds.seconds,
        "max_memory": bounds.memory,
        "max_recursion_depth": bounds.recursion,
        "max_suspensions": 1,
        "max_total_sleep_secs": 0,
    }
    binary = _BESIDE if _BESIDE.is_file() else None
    with (
        Monty(binary_path=binary, min_processes=1, max_processes=1, max_checkouts_per_worker=1, request_timeout=2 * bounds.seconds) as pool,
        pool.checkout(limits=limits, os_policy=_POLICY) as session,
    ):
        return session.feed_run(code, inputs=inputs, print_callback=printed)


def _named(error: MontyError, bounds: Bounds) -> ToolFailed | ToolTimedOut:
    """The limit or the error of the code's own behind *error*."""
    said = str(error)[:MESSAGE_CHARACTERS]
    if isinstance(error, MontySyntaxError):
        return ToolFailed(f"the code is no Python that runs here: {said}")
    if isinstance(error, MontyRuntimeError):
        said = error.display("type-msg")[:MESSAGE_CHARACTERS]
        match error.exception():
            case TimeoutError():
                return ToolTimedOut(f"the code ran for longer than {bounds.seconds:g} s")
            case MemoryError():
                return ToolFailed(f"the code needs more than {bounds.memory} bytes, or prints more than {bounds.printed}: {said}")
            case RecursionError():
                return ToolFailed(f"the code calls itself more than {bounds.recursion} times: {said}")
    return ToolFailed(f"the code raised {said}")
