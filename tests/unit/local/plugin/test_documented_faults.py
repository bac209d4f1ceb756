"""What docs/twin.md prints about faults on purpose works: its Python makes the id that the API makes, and its plan is one."""

import builtins
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[4] / "local" / "plugin"))

from septet.integration.ports import Principal
from septet.integration.run_ids import keyed
from septet_plugin.plans import SIDES, checked

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs/twin.md").read_text()
(BLOCK,) = (block for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) if "_septet/faults" in block)
SECRET = "a secret"
ENDPOINT = "http://127.0.0.1:4566"


class Secrets:
    """Secrets Manager with the one secret that ids are made with."""

    def get_secret_value(self, *, SecretId: str) -> Mapping[str, str]:  # noqa: N803 -- boto3's name
        assert SecretId == "septet-twin-ids"
        return {"SecretString": SECRET}


def printed(code: str) -> list[str]:
    """What *code* prints where boto3 and the environment are doubles."""
    said: list[str] = []

    def client(service: str, *, endpoint_url: str, **_: str) -> Secrets:
        assert (service, endpoint_url) == ("secretsmanager", ENDPOINT)
        return Secrets()

    def imported(name: str, *rest: Any) -> Any:
        doubles: dict[str, Any] = {"boto3": SimpleNamespace(client=client), "os": SimpleNamespace(environ={"LOCALSTACK": ENDPOINT})}
        return doubles.get(name) or builtins.__import__(name, *rest)

    exec(code, {"__builtins__": {**vars(builtins), "__import__": imported, "print": said.append}})  # noqa: S102 -- our own page
    return said


def test_its_python_prints_the_id_of_the_run_that_it_submits_afterwards() -> None:
    (code,) = re.findall(r"python -c '(.*?)'\)", BLOCK, re.DOTALL)
    (key,) = re.findall(r"--idempotency-key (\S+)", BLOCK)
    submitter = Principal(tenant="demo", subject="customer-17", roles=frozenset({"submitter"}))
    assert printed(code) == [keyed(submitter, key, SECRET.encode())]


def test_its_plan_is_one_for_a_function_that_there_is() -> None:
    (plan,) = re.findall(r"-d '(.*?)'", BLOCK)
    functions = {f"septet-twin-agent-{path.name}" for path in (ROOT / "functions/agents").iterdir() if (path / "agent.toml").exists()}
    assert checked(plan.encode(), functions) == json.loads(plan)
    assert json.loads(plan)["kill"]["side"] in SIDES
    with pytest.raises(ValueError, match="orders"):
        checked(plan.encode(), functions - {"septet-twin-agent-orders"})
