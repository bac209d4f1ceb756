"""Starting a case of the demo from the command line."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from socket import socket

import pytest

from local.graphs import __main__ as graphs
from local.supplies import main


def test_an_order_that_the_demo_does_not_have_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["P-9999"])
    assert ended.value.code == 2
    assert "P-1001" in capsys.readouterr().err


def test_where_nothing_is_up_a_sentence_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SEPTET_TWIN_HOME", str(tmp_path))
    with closing(socket()) as unheard:  # bound, and nobody listens
        unheard.bind(("127.0.0.1", 0))
        monkeypatch.setenv("SEPTET_PORT", str(unheard.getsockname()[1]))
        assert main(["P-1001"]) == 1
    told = capsys.readouterr().err
    assert "run `septet up`" in told
    assert "Traceback" not in told


@pytest.mark.parametrize("command", [main, graphs.main])
def test_help_is_help(command: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command(["--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("usage: python -m local.")
