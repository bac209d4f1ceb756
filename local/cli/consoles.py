"""Where output goes: results to standard output, everything said about them to standard error."""

import json
import os
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from rich.console import Console, RenderableType
from rich.text import Text

from local.cli.outcomes import CommandFailed
from local.cli.plain import plain


def out() -> Console:
    """The console of results. Plain when NO_COLOR is set or nobody watches."""
    return _console(sys.stdout, os.environ)


def err() -> Console:
    """The console of everything else."""
    return _console(sys.stderr, os.environ)


def _console(file: TextIO, environment: Mapping[str, str]) -> Console:
    return Console(file=file, color_system=None if environment.get("NO_COLOR") else "auto", highlight=False, markup=False, emoji=False)


def show(renderable: RenderableType) -> None:
    """Print a result. What is to be typed stays whole, also where the terminal is too narrow for it."""
    out().print(renderable, crop=False)


def print_json(document: Any) -> None:
    """One JSON document on a line of its own; escaped to ASCII, so that any terminal and program can read it."""
    print(json.dumps(document), flush=True)


def complain(failed: CommandFailed) -> None:
    """Say what went wrong and what to do about it."""
    console = err()
    console.print(Text("septet: ", style="bold red").append(plain(failed), style="default"))
    for detail in failed.details:
        console.print(Text(f"  {plain(detail)}"))
    if failed.fix:
        console.print(Text("  fix: ", style="bold").append(plain(failed.fix), style="default"))
