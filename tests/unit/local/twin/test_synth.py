"""The CDK app as the twin runs it; the app here is a stand-in."""

import os
from pathlib import Path

import pytest

from local.twin import synth
from local.twin.errors import TwinError

WAITS = """
import os, sys, time
for _ in range(1000):
    if os.path.exists("said"):
        break
    time.sleep(0.01)
os.makedirs(os.environ["CDK_OUTDIR"])
print("warning: dear", file=sys.stderr)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "cdk.json").write_text('{"context": {}}')
    return tmp_path


def test_an_app_that_takes_long_is_said_to_run_still_and_loses_no_word(root: Path) -> None:
    (root / "app.py").write_text(WAITS)
    said: list[str] = []

    def say(words: str) -> None:
        said.append(words)
        (root / "said").touch()

    warned = synth.synth(root, root / "out/cdk.out", context={}, inputs={"app.py": "1"}, ambient=os.environ, say=say, tick=0.2)
    assert warned == ("warning: dear",)
    assert said[0].startswith("the CDK app still runs (")
    assert synth.is_current(root / "out/cdk.out", {"app.py": "1"})


def test_an_app_that_is_quick_is_not_spoken_of_and_its_refusal_is_told(root: Path) -> None:
    (root / "app.py").write_text("raise ValueError('a tool has no policy')")
    said: list[str] = []
    with pytest.raises(TwinError, match="a tool has no policy"):
        synth.synth(root, root / "cdk.out", context={}, inputs={}, ambient=os.environ, say=said.append)
    assert said == []
