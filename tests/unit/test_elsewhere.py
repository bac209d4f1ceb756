"""The description of a deployment that the scenarios run on: read strictly, and said to be unverified."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.elsewhere import OPTION, read

TESTS = Path(__file__).parents[1]
BOUND = re.compile(r"septet-twin|septet/twin|\b0{12}\b|\bus-east-1\b|\.twin\.(twin|home)\b|\btwin\.endpoint\b")
"""What is so on a twin of its own only: names, its account and region, and what the tests' process knows of it."""
WHOLE = 'label = "stock LocalStack"\napi = "http://127.0.0.1:4566/x"\ndoubles = "http://127.0.0.1:4580"\n'


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "place.toml"
    file.write_text(text)
    return file


def test_a_place_is_read_with_what_follows_from_it(tmp_path: Path) -> None:
    found = read(written(tmp_path, WHOLE + 'issuer_home = "."\nenvironment = "staging"\n'))
    assert (found.label, found.prefix, found.endpoint) == ("stock LocalStack", "septet-staging", "")


def test_a_token_is_what_the_command_prints(tmp_path: Path) -> None:
    code = "import sys; print(' '.join(sys.argv[1:]))"
    found = read(written(tmp_path, WHOLE + f"token_command = [{sys.executable!r}, '-c', {code!r}]\n"))
    assert found.token(tenant="acme", subject="boss", roles=["approver", "admin"]) == "acme boss approver,admin"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (WHOLE + 'token_comand = ["x"]\n', "token_comand is no key here; there is: label"),
        ('label = "x"\ndoubles = "y"\nissuer_home = "."\n', "api is missing"),
        (WHOLE, "give issuer_home .* or token_command"),
    ],
)
def test_a_place_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read(written(tmp_path, text))


@pytest.mark.parametrize(
    "file", [*sorted((TESTS / "scenarios").glob("*.py")), TESTS / "desk.py", TESTS / "faults/books.py"], ids=lambda one: one.name
)
def test_no_scenario_is_bound_to_a_twin_of_its_own(file: Path) -> None:
    lines = file.read_text().splitlines()
    assert [(number, line) for number, line in enumerate(lines, 1) if BOUND.search(line)] == []


def test_what_only_a_twin_of_its_own_shows_is_skipped_elsewhere_with_a_reason(tmp_path: Path) -> None:
    place = written(tmp_path, WHOLE + 'issuer_home = "."\n')
    asked = [
        sys.executable,
        "-m",
        "pytest",
        "tests/scenarios/test_support.py",
        "-m",
        "own_twin",
        OPTION,
        str(place),
        "-p",
        "no:cacheprovider",
    ]
    said = subprocess.run(asked, cwd=TESTS.parent, capture_output=True, text=True, check=True, timeout=120).stdout
    assert "shown on a twin of its own only: its plug-in lets a function fail" in said
    assert re.search(r"= 1 skipped, \d+ deselected", said), said
