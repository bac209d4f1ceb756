from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[4]
LISTS = sorted([*REPOSITORY.glob("requirements/*.txt"), *REPOSITORY.glob("layers/dependencies/*/requirements.txt")])


@pytest.mark.parametrize("path", LISTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_locked_list_has_exact_versions_with_hashes_and_no_registry(path: Path) -> None:
    text = path.read_text()
    named = re.findall(r"^([A-Za-z0-9].*?)(?: \\)?$", text, flags=re.MULTILINE)
    assert named or not text.strip("# \n")
    assert all("==" in line for line in named)
    assert len(re.findall(r"^\S+==.* \\\n\s+--hash=sha256:", text, flags=re.MULTILINE)) == len(named)
    assert not re.search(r"index-url|find-links|https?://", text)


def test_nodes_lock_names_no_download_address_and_the_programs_exactly() -> None:
    text = (REPOSITORY / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    assert '"resolved"' not in text
    assert packages[""]["devDependencies"] == {"@viz-js/viz": "3.31.0", "asl-validator": "4.0.0", "aws-cdk": "2.1148.1"}
    assert all("integrity" in package for name, package in packages.items() if name)
