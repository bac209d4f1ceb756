"""Repairs of LocalStack that only chance would show: each is looked at in the twin's own interpreter."""

import subprocess

from tests.conftest import REPOSITORY

IDLE = """
from localstack.config import HostAndPort
from rolo.gateway import Gateway
from septet_plugin import listening
made = []
listening.reactor.listenTCP = lambda port, site, interface: made.append(site)
listening.ListeningServer().register(Gateway(), [HostAndPort("127.0.0.1", 1)])
print([site.buildProtocol(None).timeOut for site in made])
"""
BEGINNING = """
from localstack.services.lambda_.invocation.assignment import AssignmentService
from septet_plugin import functions
functions.repair()
environments = AssignmentService().environments["version"]
environments["one"] = 1
for number in environments.values():
    environments["another"] = number + 1
print(sorted(environments.values()))
"""


def said(code: str) -> str:
    program = REPOSITORY / ".venv-twin" / "bin" / "python"
    return subprocess.run([program, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_idle_connections_are_not_ended_from_here() -> None:
    assert said(IDLE) == "[None]"


def test_an_environment_that_begins_disturbs_nobody_who_looks_for_one() -> None:
    assert said(BEGINNING) == "[1, 2]"
