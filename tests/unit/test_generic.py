"""Neither the runtime nor the policies know a suite: no tool, address or value of one stands in them."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SUITES = ("banking", "workspace", "slack", "travel")
PLACES = [*(ROOT / "layers/runtime/python/septet").rglob("*.py"), *(ROOT / "policies").glob("*.cedar")]
NAMES = sorted({name for suite in SUITES for name in tomllib.loads((ROOT / f"tests/suites/{suite}.toml").read_text()) if "_" in name})


def test_there_are_names_to_look_for() -> None:
    assert len(NAMES) > 50
    assert len(PLACES) > 100


@pytest.mark.parametrize("word", ["agentdojo", "bluesparrow", "emma.johnson", *NAMES])
def test_no_name_of_a_suite_is_known(word: str) -> None:
    assert [str(path) for path in PLACES if word in path.read_text().casefold()] == []
