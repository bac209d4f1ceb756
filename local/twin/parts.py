"""The two servers a twin is made of, and how each is started."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.twin.layout import REPOSITORY, Layout

LOCALSTACK = "LocalStack"
DOUBLES = "doubles"
MARK = "SEPTET_TWIN_PART"
"""The variable by which a process says whose it is: `<part>:<home>`."""

HOST = "127.0.0.1"
_INDEX = Path("usr/lib/localstack")
"""Where LocalStack keeps its index of AWS's APIs. Set-up makes it once; each start would take seconds and 350 MB."""
_MACHINE = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "USER", "LOGNAME", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""What LocalStack gets of the user's environment. The rest could change how it behaves: AWS_*, DEBUG, proxies."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One server of a twin."""

    name: str
    port: int
    port_variable: str
    """By which variable the user chooses the port."""
    health: str
    """The path that answers 200 when it can be used."""
    arguments: tuple[str, ...]
    """The program, with its whole path, and what it is told."""
    environment: Mapping[str, str]
    log: Path
    links: Mapping[Path, Path] = field(default_factory=dict)
    """Links that must be there before it starts, and where they lead."""
    patience: float = 60.0
    """Seconds it may take to become healthy."""
    answer_within: float = 10.0
    """Seconds a running one may take to answer, being at work, before it counts as hung."""

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The ports of a twin on 127.0.0.1."""

    localstack: int = 4566
    doubles: int = 4580


def twin_parts(layout: Layout, ports: Ports, scenarios: tuple[Path, ...], ambient: Mapping[str, str]) -> tuple[Part, ...]:
    """Return the parts of a real twin; *ambient* is the environment that the user's own settings are taken from."""
    return (_localstack(layout, ports, ambient), _doubles(layout, ports, scenarios, ambient))


def _localstack(layout: Layout, ports: Ports, ambient: Mapping[str, str]) -> Part:
    address = f"{HOST}:{ports.localstack}"
    return Part(
        name=LOCALSTACK,
        port=ports.localstack,
        port_variable="SEPTET_PORT",
        health="/_localstack/health",
        arguments=(str(REPOSITORY / ".venv-twin/bin/python"), "-m", "localstack.runtime.main"),
        environment={
            **{name: ambient[name] for name in _MACHINE if name in ambient},
            MARK: f"{LOCALSTACK}:{layout.home}",
            "HOME": str(layout.state),
            "TMPDIR": str(layout.temporary),
            "FILESYSTEM_ROOT": str(layout.state),
            "GATEWAY_LISTEN": address,
            "GATEWAY_SERVER": "listening",  # our plug-in's: LocalStack's own would listen on every address
            "LOCALSTACK_HOST": address,
            "SQS_ENDPOINT_STRATEGY": "path",  # the other strategies make addresses that need DNS
            "OVERRIDE_IN_DOCKER": "0",  # inside a container it would otherwise listen on every address
            "LAMBDA_RUNTIME_EXECUTOR": "process",
            "LAMBDA_IGNORE_ARCHITECTURE": "1",
            "PROVIDER_OVERRIDE_DYNAMODB": "moto",
            "PROVIDER_OVERRIDE_DYNAMODBSTREAMS": "moto",
            "SKIP_SSL_CERT_DOWNLOAD": "1",
            "DISABLE_EVENTS": "1",
            "DNS_ADDRESS": "0",
            "SEPTET_FUNCTIONS_PYTHON": str(REPOSITORY / ".venv-functions/bin/python"),
            "SEPTET_MODEL_SERVER": f"http://{HOST}:{ports.doubles}",
            "SEPTET_TWIN_HOME": str(layout.home),
        },
        log=layout.logs / "localstack.log",
        links={layout.state / _INDEX: REPOSITORY / ".venv-twin" / "filesystem" / _INDEX},
    )


def _doubles(layout: Layout, ports: Ports, scenarios: tuple[Path, ...], ambient: Mapping[str, str]) -> Part:
    files = [argument for scenario in scenarios for argument in ("--scenario", str(scenario))]
    return Part(
        name=DOUBLES,
        port=ports.doubles,
        port_variable="SEPTET_DOUBLES_PORT",
        health="/status",
        arguments=(sys.executable, "-m", "local.doubles", "--home", str(layout.home), "--port", str(ports.doubles), *files),
        environment={**ambient, MARK: f"{DOUBLES}:{layout.home}"},
        log=layout.logs / "doubles.log",
    )
