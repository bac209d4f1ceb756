"""The environment of a function's process; names as in "Working with Lambda environment variables"."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from septet_plugin import variables


def made(
    given: dict[str, object] | None = None, *, layers: Sequence[Path] = (), model_server: str | None = "http://127.0.0.1:4580"
) -> dict[str, str]:
    return variables.of_process(
        given or {},
        interpreter=Path("/venv/bin/python"),
        runtime="python3.13",
        folder=Path("/code"),
        layers=layers,
        scratch=Path("/home/tmp"),
        compiled=Path("/compiled"),
        model_server=model_server,
    )


def test_what_lambda_sets_is_there() -> None:
    result = made({"AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": 128})
    assert result["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "128"
    assert result["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert result["LAMBDA_TASK_ROOT"] == "/code"
    assert result["TMPDIR"] == result["HOME"] == "/home/tmp"


def test_nothing_of_localstacks_own_gets_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SHELL", "1")
    result = made({"LOCALSTACK_RUNTIME_ID": "x", "EDGE_PORT": "4566", "MINE": "1"})
    assert "MINE" in result
    assert not {"LOCALSTACK_RUNTIME_ID", "EDGE_PORT", "SECRET_OF_THE_SHELL"} & set(result)


def test_models_are_asked_at_the_model_server_unless_the_function_says_otherwise() -> None:
    assert made()["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] == "http://127.0.0.1:4580"
    assert made()["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"] == "http://127.0.0.1:4580"
    assert made()["SEPTET_TRACES_URL"] == "http://127.0.0.1:4580/v1/traces"
    assert made({"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://own"})["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] == "http://own"
    assert "AWS_ENDPOINT_URL_BEDROCK_RUNTIME" not in made(model_server=None)


def test_a_later_layer_comes_before_an_earlier_one_and_both_before_the_functions_own_path(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    packages = first / "python" / "lib" / "python3.13" / "site-packages"
    packages.mkdir(parents=True)
    (second / "python").mkdir(parents=True)
    path = made({"PYTHONPATH": "/own"}, layers=[first, second])["PYTHONPATH"].split(":")
    assert path == [str(packages), str(second / "python"), str(first / "python"), "/own"]
