"""Running the CDK app for the twin: `cdk.out` is made again only when something that the app reads has changed."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any

from local.twin import files, refusal
from local.twin.errors import TwinError
from local.twin.layout import REPOSITORY
from local.twin.parts import MARK

STAMP = "made-from.json"
"""Inside `cdk.out`: the fingerprints of what it was made from. Written last."""


TICK = 20.0
"""Seconds between two lines about an app that still runs."""
WARNING = "warning: "
"""How a line begins in which the app warns of something."""
PART = "CDK app"
"""In the mark of the app's process and of what it starts: `septet down` finds them by it when nobody else is left to end them."""


def is_current(assembly: Path, inputs: Mapping[str, str]) -> bool:
    """Whether the assembly was made, to its end, from these inputs."""
    return bool(files.read_json(assembly / STAMP) == inputs)


def synth(
    root: Path,
    assembly: Path,
    *,
    context: Mapping[str, str],
    inputs: Mapping[str, str],
    ambient: Mapping[str, str],
    say: Callable[[str], None],
    tick: float = TICK,
) -> tuple[str, ...]:
    """Make the assembly of the app in *root* anew, and return what it warns of. Raise TwinError with its own words when it refuses.

    It *say*s every *tick* seconds that the app still runs.
    """
    shutil.rmtree(assembly, ignore_errors=True)
    settings: dict[str, Any] = json.loads((root / "cdk.json").read_text(encoding="utf-8"))["context"]
    programs = REPOSITORY / ".venv" / "bin"
    with subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=root,
        env={
            **ambient,
            MARK: f"{PART}:{assembly.parent}",
            "CDK_OUTDIR": str(assembly),
            "CDK_CONTEXT_JSON": json.dumps({**settings, **context}),
            "JSII_NODE": str(programs / "node"),
            "PATH": f"{programs}{os.pathsep}{ambient.get('PATH', os.defpath)}",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        process_group=0,
    ) as app:
        try:
            said = _last_words(app, say, tick)
        except BaseException:  # an interrupt reaches only our own group
            os.killpg(app.pid, signal.SIGKILL)
            raise
    if app.returncode:
        raise TwinError(f"The CDK app refused:\n{refusal.words(said, assembly)}", "Mend that, then run septet deploy again.")
    files.write_json(assembly / STAMP, dict(inputs))
    return tuple(line for line in said.splitlines() if line.startswith(WARNING))


def _last_words(app: subprocess.Popen[str], say: Callable[[str], None], tick: float) -> str:
    """What the app wrote to standard error, once it has ended."""
    begun = monotonic()
    while True:
        try:
            return app.communicate(timeout=tick)[1]
        except subprocess.TimeoutExpired:
            say(f"the CDK app still runs ({monotonic() - begun:.0f} s)")
