"""The program as the twin starts it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[4]
EXAMPLE = Path(__file__).parent / "example.yaml"


@contextmanager
def started(*arguments: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "local.doubles", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SEPTET_")} | variables
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def announced(process: subprocess.Popen[str]) -> tuple[str, str]:
    assert process.stdout is not None
    return process.stdout.readline(), process.stdout.readline()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_what_answers_and_ends_when_told(tmp_path: Path, number: signal.Signals) -> None:
    with started("--home", str(tmp_path), "--port", "0", "--scenario", str(EXAMPLE)) as process:
        model, tokens = announced(process)
        url = model.split()[3]

        assert (
            model
            == f"model server on {url} answers by scenario: 2 scenarios from example.yaml; a test double that plays a script, no model\n"
        )
        assert tokens == f"token issuer on {url}/issuer: a double of an identity provider\n"
        assert httpx.get(f"{url}/status", trust_env=False).json()["model"]["double"] is True

        process.send_signal(number)
        assert process.wait(10) == 0
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/status", trust_env=False)


def test_with_a_model_url_the_model_answers_and_no_key_is_shown(tmp_path: Path) -> None:
    variables = {"SEPTET_MODEL_URL": "http://127.0.0.1:9", "SEPTET_MODEL_NAME": "qwen3", "SEPTET_MODEL_KEY": "hidden-key"}
    with started("--home", str(tmp_path), "--port", "0", **variables) as process:
        model, _ = announced(process)
        url = model.split()[3]
        status = httpx.get(f"{url}/status", trust_env=False).text
        put = httpx.put(f"{url}/scenarios/x", content="", trust_env=False)
        process.terminate()
        out, err = process.communicate(timeout=10)

    assert "answers by forward: qwen3 at http://127.0.0.1:9/v1" in model
    assert "hidden-key" not in model + status + out + err
    assert put.status_code == 409


@pytest.mark.parametrize(
    ("arguments", "variables", "status", "sentence"),
    [
        (["--scenario", "{home}/none.yaml"], {}, 2, "none.yaml: cannot be read"),
        (["--scenario", "{home}/bad.yaml"], {}, 2, "bad.yaml, line 1: `when` is missing: add it"),
        ([], {"SEPTET_MODEL_URL": "ollama"}, 2, "SEPTET_MODEL_URL is 'ollama': give an address such as http://127.0.0.1:11434/v1"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence_and_the_exit_status(
    tmp_path: Path, arguments: list[str], variables: dict[str, str], status: int, sentence: str
) -> None:
    (tmp_path / "bad.yaml").write_text("scenario: s")
    with started(
        "--home", str(tmp_path), "--port", "0", *(argument.format(home=tmp_path) for argument in arguments), **variables
    ) as process:
        _, err = process.communicate(timeout=30)

    assert process.returncode == status
    assert sentence in err
    assert "Traceback" not in err


def test_a_busy_port_is_said_with_the_fix(tmp_path: Path) -> None:
    with started("--home", str(tmp_path), "--port", "0") as first:
        port = announced(first)[0].split()[3].rsplit(":", 1)[1]
        with started("--home", str(tmp_path), "--port", port) as second:
            _, err = second.communicate(timeout=30)

    assert second.returncode == 1
    assert err == f"port {port} is busy: end what listens there, or give another --port\n"
