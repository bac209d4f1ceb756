"""When and where something was measured."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path


@cache
def machine() -> str:
    """For the page that says what was measured."""
    root = Path(__file__).parents[2]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True, cwd=root).stdout.strip()  # noqa: S607 -- git is on the path
    where = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, CPython {platform.python_version()}"
    return f"{datetime.now(UTC):%Y-%m-%d} at {commit} on {where}, boto3 {version('boto3')}"
