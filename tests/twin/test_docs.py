"""The documents do what they say: their shell blocks run, in order, against the deployed twin, and what they name exists."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local.seed import seed
from septet.integration.http.operations import OPERATIONS

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
TARGET = re.compile(r"(?:^|`)make ([a-z]+)", re.MULTILINE)


def test_the_readmes_commands_run(twin: Any) -> None:
    blocks = BLOCK.findall((ROOT / "README.md").read_text())
    assert len(blocks) >= 2, "the README shows nothing that can be run"
    seed(twin.endpoint, "demo")  # as `make demo` does before
    script = "set -euo pipefail\n" + "\n".join(blocks)
    done = subprocess.run(
        ["/bin/bash", "-c", script], cwd=ROOT, env=os.environ | _chosen(twin), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("200"), "the API's document is public"


def _chosen(twin: Any) -> dict[str, str]:
    """The environment that makes `septet` take the tests' twin."""
    ports = {"SEPTET_PORT": twin.endpoint, "SEPTET_DOUBLES_PORT": twin.doubles}
    return {"SEPTET_TWIN_HOME": str(twin.home)} | {name: url.rpartition(":")[2] for name, url in ports.items()}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_links_to_exists(document: Path) -> None:
    missing = [link for link in LINK.findall(document.read_text()) if not (document.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_a_document_names_is_there(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(TARGET.findall(document.read_text())) <= targets


def test_the_api_page_names_every_route_there_is() -> None:
    described = set(re.findall(r"^\| `([A-Z]+ /v1/[^`]*)`", (ROOT / "docs/api.md").read_text(), re.MULTILINE))
    assert described == {f"{operation.method} {operation.path}" for operation in OPERATIONS}
