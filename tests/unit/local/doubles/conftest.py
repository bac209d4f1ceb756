from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from local.doubles.bootstrap import running
from local.doubles.forward.client import Upstream
from local.doubles.scenario.library import Library


@dataclass(frozen=True, kw_only=True)
class Doubles:
    """The doubles, served in this process, and the clients that talk to them."""

    url: str
    home: Path
    http: httpx.Client
    bedrock: Any
    """The unmodified boto3 client of bedrock-runtime, without retries."""
    sagemaker: Any
    """The unmodified boto3 client of sagemaker-runtime, without retries."""
    stack: ExitStack = field(repr=False)

    def client(self, **config: Any) -> Any:
        """Give another boto3 client with other settings."""
        return self.stack.enter_context(_closing(_client("bedrock-runtime", self.url, **config)))

    def load(self, text: str, source: str = "test") -> None:
        """Put scenarios in over HTTP."""
        answer = self.http.put(f"/scenarios/{source}", content=text)
        assert answer.status_code == 200, answer.text

    def calls(self, **wanted: str) -> list[dict[str, Any]]:
        """Give the recorded model calls."""
        found: list[dict[str, Any]] = self.http.get("/calls", params=wanted).json()["calls"]
        return found

    def model_status(self) -> dict[str, Any]:
        """Give what /status says of the model server."""
        found: dict[str, Any] = self.http.get("/status").json()["model"]
        return found


class _closing:  # noqa: N801 (reads as contextlib.closing does)
    def __init__(self, client: Any) -> None:
        self.client = client

    def __enter__(self) -> Any:
        return self.client

    def __exit__(self, *_: object) -> None:
        self.client.close()


@cache
def _session() -> boto3.Session:
    """Give one session for all tests: it reads botocore's data once."""
    return boto3.Session(aws_access_key_id="none", aws_secret_access_key="none", region_name="eu-central-1")


def _client(service: str, url: str, **config: Any) -> Any:
    settings = Config(**{"retries": {"total_max_attempts": 1}, "read_timeout": 10, **config})
    return _session().client(service, endpoint_url=url, config=settings)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Doubles]]:
    with ExitStack() as stack:

        def start(*, upstream: Upstream | None = None, home: Path = tmp_path) -> Doubles:
            served = stack.enter_context(running(home=home, port=0, library=Library(), upstream=upstream))
            http = stack.enter_context(httpx.Client(base_url=served.url, trust_env=False))
            bedrock, sagemaker = (
                stack.enter_context(_closing(_client(service, served.url))) for service in ("bedrock-runtime", "sagemaker-runtime")
            )
            return Doubles(url=served.url, home=home, http=http, bedrock=bedrock, sagemaker=sagemaker, stack=stack)

        yield start


@pytest.fixture
def doubles(serve: Callable[..., Doubles]) -> Doubles:
    return serve()
