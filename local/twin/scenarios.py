"""Bringing scenario files to a doubles server that runs, so that a new or changed one is played at once."""

from pathlib import Path

import httpx

from local.twin.errors import TwinError

_PATIENCE = 10.0
"""Seconds that the server gets for one file."""


def bring(folder: Path, doubles: str) -> int | None:
    """Put every scenario file of *folder* in place of its earlier version; return how many, or None where a real model answers.

    Raise TwinError when one cannot be used; those before it, in the order of their names, are in place then.
    """
    found = sorted(folder.glob("*.yaml"))
    with httpx.Client(base_url=doubles, trust_env=False, timeout=_PATIENCE) as client:
        for file in found:
            try:
                answer = client.put(f"/scenarios/{file.name}", content=file.read_bytes())
            except (OSError, httpx.HTTPError) as error:
                raise TwinError(f"The scenario file {file} cannot be brought to the doubles: {error}.", "Look: septet status") from error
            if answer.status_code == httpx.codes.CONFLICT:
                return None
            if not answer.is_success:
                raise TwinError(f"A scenario file cannot be used:\n{_message(answer)}", "Mend it, then run septet deploy again.")
    return len(found)


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return f"the doubles answered {answer.status_code}"
