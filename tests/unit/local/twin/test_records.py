import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.twin import deployed, files
from local.twin.deployed import Deployed


def test_what_is_written_about_a_deployment_is_read_again(tmp_path: Path) -> None:
    made = Deployed(at=datetime(2026, 1, 2, tzinfo=UTC), api="http://127.0.0.1:1/live", outputs={"S": {"K": "v"}}, inputs={"stacks": "ab"})
    deployed.write(tmp_path / "deployed.json", made)
    assert deployed.read(tmp_path / "deployed.json") == made
    assert [path.name for path in tmp_path.iterdir()] == ["deployed.json"]


@pytest.mark.parametrize(
    "content",
    ["[]", "3", "{}", '{"at": "2026-01-02T00:00:00+00:00", "api": "x", "more": 1}', '{"at": "2026-01-02T00:00:00+00:00", "api": 3}'],
)
def test_a_damaged_record_means_that_nothing_is_deployed(tmp_path: Path, content: str) -> None:
    (tmp_path / "deployed.json").write_text(content)
    assert deployed.read(tmp_path / "deployed.json") is None


def test_nothing_deployed_is_none(tmp_path: Path) -> None:
    assert deployed.read(tmp_path / "deployed.json") is None


def test_a_lock_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    hold = "import sys, fcntl; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()"
    waited: list[bool] = []
    with subprocess.Popen([sys.executable, "-c", hold, str(tmp_path / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"

        def waiting() -> None:
            waited.append(True)
            holder.kill()

        with files.locked(tmp_path / "lock", waiting=waiting):
            assert waited
