"""The twin for tests: started once for a session, beside any twin that a developer runs, and stopped at the end."""

import fcntl
import logging
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from local.doubles import issuer
from local.twin import aws, ports
from local.twin.parts import Ports
from local.twin.twin import Twin
from septet.entry.libraries import Redacting
from tests import elsewhere

# The same examples in each run, so that a run that fails says something of the change and not of its luck. To look for others:
# pytest --hypothesis-profile search
# No deadline: how long an example takes says how much else this machine does.
settings.register_profile("septet", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", settings.get_profile("septet"), derandomize=False)
settings.load_profile("septet")

REPOSITORY = Path(__file__).parents[1]
FOLDERS = {"twin", "scenarios", "faults"}
"""Every test in these folders needs the twin."""
USUAL = Ports(localstack=4666, doubles=4680)


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    """A function that was loaded by a test redacts what this process logs from then on; not what the next test logs."""
    yield
    for handler in logging.getLogger().handlers:
        for found in [one for one in handler.filters if isinstance(one, Redacting)]:
            handler.removeFilter(found)


@dataclass(frozen=True, kw_only=True)
class TestTwin:
    """A running twin, as tests use it."""

    __test__ = False

    twin: Twin
    endpoint: str
    """Where every AWS service answers."""
    doubles: str
    """Where the model server and the token issuer answer."""
    home: Path
    api: str = ""
    """Base URL of the deployed HTTP API; paths start with /v1. Empty while nothing is deployed."""

    prefix = "septet-twin"
    account = aws.ACCOUNT
    region = aws.REGION

    def token(self, *, tenant: str, subject: str, roles: Sequence[str], seconds: int = 3600, audience: str = "septet") -> str:
        """Sign a token; negative *seconds* make one that has expired."""
        url = f"{self.doubles}/issuer"
        return issuer.mint(self.home, issuer=url, tenant=tenant, subject=subject, roles=roles, seconds=seconds, audience=audience)

    def client(self, service: str) -> Any:
        """A client of one of its AWS services."""
        return _client(self.endpoint, service)


@cache
def _client(endpoint: str, service: str) -> Any:
    """Made once: making one takes longer than most requests, and threads may share it."""
    return aws.client(endpoint, service)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The scenarios can run on another deployment than a twin of their own."""
    told = "a TOML file that describes a deployment; only the scenarios run, there instead of on a twin of their own"
    parser.addoption(elsewhere.OPTION, type=Path, metavar="FILE", help=told)


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say where the scenarios run, and that this proves nothing yet."""
    file = config.getoption(elsewhere.OPTION)
    return f"scenarios run at: {elsewhere.read(file).label}. {elsewhere.ABOUT}." if file else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that need the twin by the folder they lie in; run those last that look back on what the others did."""
    if config.getoption(elsewhere.OPTION):
        left = [item for item in items if "scenarios" not in item.path.parts]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
        elsewhere.skip(items)
    for item in items:
        parts = item.path.relative_to(REPOSITORY / "tests").parts if item.path.is_relative_to(REPOSITORY / "tests") else ()
        if parts and parts[0] in FOLDERS:
            item.add_marker(pytest.mark.twin)
    items.sort(key=lambda item: item.get_closest_marker("afterwards") is not None)


@pytest.fixture(scope="session")
def bare_twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestTwin]:
    """LocalStack and the doubles, with nothing of ours deployed by this fixture."""
    with _place(tmp_path_factory) as (home, at):
        twin = Twin(home, at.localstack, at.doubles, say=lambda line: print(f"twin: {line}"))  # noqa: T201 pytest shows it with a failure
        twin.down()
        twin.up()
        try:
            yield TestTwin(twin=twin, endpoint=twin.endpoint, doubles=twin.doubles, home=home)
        finally:
            twin.down()


@pytest.fixture(scope="session")
def twin(request: pytest.FixtureRequest) -> TestTwin | elsewhere.Elsewhere:
    """The same, with the platform deployed; or the deployment that the command line names."""
    if file := request.config.getoption(elsewhere.OPTION):
        return elsewhere.read(file)
    bare_twin: TestTwin = request.getfixturevalue("bare_twin")
    done = bare_twin.twin.deploy()
    return TestTwin(twin=bare_twin.twin, endpoint=bare_twin.endpoint, doubles=bare_twin.doubles, home=bare_twin.home, api=done.api)


@contextmanager
def _place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Ports]]:
    """A home and ports: always the same, so that `cdk.out` is reused; other ones while another session has those."""
    usual = REPOSITORY / ".twin" / "test"
    usual.mkdir(parents=True, exist_ok=True)
    with (usual / "session").open("w") as session:
        try:
            fcntl.flock(session, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield tmp_path_factory.mktemp("twin"), Ports(localstack=free_port(), doubles=free_port())
        else:
            yield usual, Ports(localstack=_or_free(USUAL.localstack), doubles=_or_free(USUAL.doubles))


def _or_free(port: int) -> int:
    return port if ports.is_free(port) else free_port()


def free_port() -> int:
    """Find a port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
