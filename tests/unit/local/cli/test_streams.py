"""The installed command with standard output that cannot be used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SEPTET = Path(sys.executable).with_name("septet")


@pytest.mark.parametrize(("redirection", "status"), [(">&-", 3), ("2>&-", 3), (">/dev/full", 1), (">&- 2>&- <&-", 3)])
def test_output_that_cannot_be_written_ends_without_a_traceback(redirection: str, status: int, tmp_path: Path) -> None:
    environment = {**os.environ, "SEPTET_TWIN_HOME": str(tmp_path), "SEPTET_PORT": "1", "SEPTET_DOUBLES_PORT": "2"}
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$0" status --json {redirection}', SEPTET],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert ("standard output cannot be used: No space left on device" in done.stderr) == (status == 1)
