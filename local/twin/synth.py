"""Running the CDK app for the twin: `cdk.out` is made again only when something that the app reads has changed."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.twin import files, refusal
from local.twin.errors import TwinError
from local.twin.layout import REPOSITORY

STAMP = "made-from.json"
"""Inside `cdk.out`: the fingerprints of what it was made from. Written last."""


def is_current(assembly: Path, inputs: Mapping[str, str]) -> bool:
    """Whether the assembly was made, to its end, from these inputs."""
    return bool(files.read_json(assembly / STAMP) == inputs)


def synth(root: Path, assembly: Path, *, context: Mapping[str, str], inputs: Mapping[str, str], ambient: Mapping[str, str]) -> None:
    """Make the assembly of the app in *root* anew. Raise TwinError with the app's own words when it refuses."""
    shutil.rmtree(assembly, ignore_errors=True)
    settings: dict[str, Any] = json.loads((root / "cdk.json").read_text(encoding="utf-8"))["context"]
    programs = REPOSITORY / ".venv" / "bin"
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=root,
        env={
            **ambient,
            "CDK_OUTDIR": str(assembly),
            "CDK_CONTEXT_JSON": json.dumps({**settings, **context}),
            "JSII_NODE": str(programs / "node"),
            "PATH": f"{programs}{os.pathsep}{ambient.get('PATH', os.defpath)}",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    if done.returncode:
        raise TwinError(f"The CDK app refused:\n{refusal.words(done.stderr, assembly)}", "Mend that, then run septet deploy again.")
    files.write_json(assembly / STAMP, dict(inputs))
