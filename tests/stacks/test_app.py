"""The app as the CDK command runs it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stacks.templates import ROOT, context


def refused(tree: Path, **overrides: str) -> str:
    """What the app in *tree* says when it does not synthesise."""
    shutil.copy(ROOT / "app.py", tree)
    given = {"CDK_CONTEXT_JSON": json.dumps(context(**overrides)), "CDK_OUTDIR": str(tree / "cdk.out"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "app.py"], cwd=tree, env=os.environ | given, capture_output=True, check=False, text=True)
    assert done.returncode == 1
    return done.stderr.strip()


def test_what_is_wrong_with_the_tree_is_told_in_sentences_alone(tree: Path) -> None:
    (tree / "functions/agents/scout/prompt.md").unlink()
    (tree / "functions/agents/clerk/prompt.md").unlink()
    said = refused(tree)
    assert said.startswith("2 problems in what is declared:\nfunctions/agents/clerk/prompt.md: is missing")
    assert len(said.splitlines()) == 3


@pytest.mark.parametrize("environment", ["nowhere", ""])
def test_what_is_wrong_with_the_settings_is_told_in_a_sentence_alone(tree: Path, environment: str) -> None:
    (said,) = refused(tree, environment=environment).splitlines()
    assert said.startswith(f"environment {environment!r} is none of cdk.json's")
