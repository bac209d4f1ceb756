import json
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# The plug-in is a distribution of its own, installed into the twin's environment; its pure part is tested from its folder.
sys.path.insert(0, str(Path(__file__).parents[4] / "local" / "plugin"))

from septet_plugin.environment import Environment, Outcome, Request, Settings
from septet_plugin.process import Command


class Function:
    """A handler on a real runtime process, without LocalStack."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment

    def invoke(self, payload: object = None, **fields: str) -> Outcome:
        request = Request(
            request_id=str(uuid.uuid4()), payload=json.dumps(payload).encode(), function_arn="arn:aws:lambda:x:1:function:f", **fields
        )
        return self.environment.invoke(request)

    @property
    def pid(self) -> int | None:
        return self.environment.describe()["pid"]


@pytest.fixture
def function(tmp_path: Path) -> Iterator[Callable[..., Function]]:
    made: list[Environment] = []

    def make(
        source: str,
        *,
        timeout: float = 20,
        init_limit: float = 20,
        handler: str = "main.handler",
        variables: dict[str, str] | None = None,
        faults: tuple[str, str] | None = None,
    ) -> Function:
        code = tmp_path / f"code{len(made)}"
        home = tmp_path / f"home{len(made)}"
        code.mkdir()
        home.mkdir()
        (code / "main.py").write_text(source)
        command = Command(
            interpreter=sys.executable,
            handler=handler,
            folder=code,
            variables={"LAMBDA_TASK_ROOT": str(code), **(variables or {})},
            log=home / "output.log",
            faults=faults,
        )
        environment = Environment(
            Settings(
                id=f"environment{len(made)}",
                function="f",
                version="$LATEST",
                memory=128,
                timeout=timeout,
                init_limit=init_limit,
                command=command,
                home=home,
            )
        )
        made.append(environment)
        environment.start()
        return Function(environment)

    yield make
    for environment in made:
        environment.stop()
