from collections.abc import Callable
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from local.cli.application import application
from local.cli.surroundings import Surroundings
from tests.unit.local.cli.fake_api import TOKEN, URL, FakeApi
from tests.unit.local.cli.fake_twin import FakeTwin

type Septet = Callable[..., Any]


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def twin(tmp_path: Any) -> FakeTwin:
    return FakeTwin(tmp_path)


@pytest.fixture
def waits() -> list[float]:
    """The seconds that commands waited."""
    return []


@pytest.fixture
def septet(api: FakeApi, twin: FakeTwin, waits: list[float]) -> Septet:
    """Run a command on the fake platform; with ``elsewhere=False`` no address and token are in the environment."""
    outside = Surroundings(
        twin=twin.saying, seed=twin.seed, transport=httpx.MockTransport(api), wait=waits.append, now=lambda: 1_795_381_800.0
    )

    def run(*arguments: str, elsewhere: bool = True, stdin: str | None = None, **environment: str) -> Result:
        given = {"SEPTET_URL": URL, "SEPTET_TOKEN": TOKEN} if elsewhere else {"SEPTET_URL": "", "SEPTET_TOKEN": ""}
        settings = {"NO_COLOR": "", "COLUMNS": "80", **given, **environment}
        return CliRunner().invoke(application(), arguments, obj=outside, env=settings, input=stdin, catch_exceptions=False)

    return run
