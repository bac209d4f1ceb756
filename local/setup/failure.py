"""The one way set-up fails: a sentence that says what went wrong, and one that says what to do next."""

from __future__ import annotations

import re

# What pip, uv and npm print when the registry cannot be reached.
NETWORK_SIGNS = (
    "error sending request",
    "failed to fetch",
    "could not connect",
    "dns error",
    "temporary failure in name resolution",
    "name or service not known",
    "connection refused",
    "connection reset",
    "network is unreachable",
    "newconnectionerror",
    "connecttimeouterror",
    "proxyerror",
    "operation timed out",
    "econnrefused",
    "econnreset",
    "enotfound",
    "eai_again",
    "etimedout",
)


class SetupError(Exception):
    """Set-up cannot go on; `what` and `remedy` are sentences for a person."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} {remedy}")
        self.what = what
        self.remedy = remedy


def explain(task: str, output: str, log: str) -> SetupError:
    """Tell why a command that was to do `task` failed, from what it printed; the whole output is in the file `log`."""
    if any(sign in output.lower() for sign in NETWORK_SIGNS):
        return SetupError(
            f"The package registry could not be reached while set-up was {task}.",
            f"Check the network and any proxy settings, then run `make setup` again: what is installed stays. Details: {log}",
        )
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"error\b", line, flags=re.IGNORECASE)] or lines or ["it printed nothing"]
    return SetupError(
        f"A command failed while set-up was {task}: {telling[-1]}", f"Read {log}, mend the cause, then run `make setup` again."
    )
