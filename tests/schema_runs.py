"""schemathesis over an API that describes itself: what the document says is what is done, and no request breaks it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HOOKS = Path(__file__).with_name("schema_hooks.py")


def run(api: str, token: str, *, folder: Path, examples: int, phases: str = "") -> subprocess.CompletedProcess[str]:
    """The end of a run against the API at the base URL *api*, with every check: *examples* an operation, and cases that cover its schema.

    What it sends is the same at every run; *folder* is where it leaves its files. *phases*: only these of schemathesis', where given.
    """
    program = str(Path(sys.executable).with_name("st"))
    target = [f"{api}/v1/openapi.json", "--url", api, "--header", f"Authorization: Bearer {token}"]
    options = [
        "--max-examples",
        str(examples),
        "--checks",
        "all",
        "--seed",
        "7",
        "--request-timeout",
        "60",
        "--no-shrink",
        "--continue-on-failure",
    ]
    options += ["--phases", phases] if phases else []
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS), "NO_COLOR": "1", "COLUMNS": "160"}
    return subprocess.run([program, "run", *target, *options], cwd=folder, env=environment, capture_output=True, text=True, check=False)
