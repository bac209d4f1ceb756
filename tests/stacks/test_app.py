"""The app as the CDK command runs it."""

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.stacks.templates import ROOT, context


def ran(tree: Path, **overrides: str) -> "subprocess.CompletedProcess[str]":
    """The app in *tree*, run to its end."""
    shutil.copy(ROOT / "app.py", tree)
    given = {"CDK_CONTEXT_JSON": json.dumps(context(**overrides)), "CDK_OUTDIR": str(tree / "cdk.out"), "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "app.py"], cwd=tree, env=os.environ | given, capture_output=True, check=False, text=True)


def refused(tree: Path, **overrides: str) -> str:
    """What the app in *tree* says when it does not synthesise."""
    done = ran(tree, **overrides)
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


def test_a_model_that_ends_soon_is_warned_of_where_the_synth_is_run(tree: Path) -> None:
    file, end = tree / "policies/models.toml", datetime.now(tz=UTC).date() + timedelta(days=30)
    file.write_text(file.read_text().replace("context = 100_000", f"end_of_life = {end}\ncontext = 100_000"))
    done = ran(tree)
    assert done.returncode == 0, done.stderr
    assert f"\nwarning: policies/models.toml: models.small-model.end_of_life: is {end}" in f"\n{done.stderr}"
