"""Asking a part over HTTP whether it can be used."""

from time import monotonic
from typing import Any

import httpx
import psutil

from local.twin.errors import TwinError
from local.twin.parts import Part

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 0.5
_QUOTED = 5
"""Lines of a log that an error quotes."""


def ask(url: str, *, seconds: float = 2.0) -> Any | None:
    """Return the JSON that *url* answers with 200, or None. Proxies of the environment are not asked."""
    try:
        with httpx.Client(trust_env=False, timeout=seconds) as client:
            answer = client.get(url)
        return answer.json() if answer.status_code == httpx.codes.OK else None
    except (httpx.HTTPError, ValueError):
        return None


def is_healthy(part: Part, *, seconds: float = 2.0) -> bool:
    """Whether the part can be used."""
    return ask(part.address + part.health, seconds=seconds) is not None


def wait_until_healthy(part: Part, process: psutil.Process) -> None:
    """Return when the part can be used. Raise TwinError when its process ends first, or when its time is up."""
    deadline = monotonic() + part.patience
    pause = _FIRST_PAUSE
    while not is_healthy(part):
        try:
            process.wait(timeout=pause)
        except psutil.TimeoutExpired:
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        else:
            raise TwinError(f"{part.name} ended while it was starting. Its last words: {_last_words(part)}", f"Read {part.log}.")
        if monotonic() > deadline:
            said = f"{part.name} was not ready on {part.address} after {part.patience:.0f} s."
            raise TwinError(said, f"Read {part.log}; on a busy machine try again.")


def _last_words(part: Part) -> str:
    lines = [line for line in part.log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return " / ".join(lines[-_QUOTED:]) or "none"
