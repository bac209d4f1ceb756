"""The life of a real twin: LocalStack and the doubles, on ports and in a folder of its own."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from local.twin import aws, ports, processes, record
from local.twin.parts import DOUBLES, LOCALSTACK
from local.twin.twin import Twin
from tests.conftest import free_port
from tests.twin.aws import archive, until

UP = """
import sys
from pathlib import Path
from local.twin.twin import Twin
Twin(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), say=lambda line: print(line, flush=True)).up()
"""
SLEEPS = "import subprocess, time\ndef handler(event, context):\n    subprocess.Popen(['sleep', '600'])\n    time.sleep(600)\n"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Twin]:
    twin = Twin(tmp_path / "twin", free_port(), free_port())
    yield twin
    twin.down()


@contextmanager
def started_elsewhere(twin: Twin, until_said: str) -> Iterator[subprocess.Popen[str]]:
    """Run `up` in a process of its own, as the command line does; go on once it has said something."""
    numbers = [address.rsplit(":", 1)[1] for address in (twin.endpoint, twin.doubles)]
    command = [sys.executable, "-c", UP, str(twin.layout.home), *numbers]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout
        assert any(until_said in line for line in process.stdout)
        yield process


def nothing_is_left(twin: Twin) -> bool:
    home = twin.layout.home
    found = [*processes.marked(home, LOCALSTACK), *processes.marked(home, DOUBLES), *processes.handlers(home)]
    return not found and all(ports.is_free(int(address.rsplit(":", 1)[1])) for address in (twin.endpoint, twin.doubles))


def handler_at_work(twin: Twin) -> list[psutil.Process]:
    """Invoke a function that never answers; return its processes, among them one that it started itself."""
    client = aws.client(twin.endpoint, "lambda")
    role = "arn:aws:iam::000000000000:role/any"
    code = {"ZipFile": archive({"main.py": SLEEPS})}
    client.create_function(FunctionName="sleeps", Runtime="python3.13", Role=role, Handler="main.handler", Timeout=900, Code=code)
    until(lambda: client.get_function_configuration(FunctionName="sleeps")["State"] == "Active")
    threading.Thread(target=lambda: client.invoke(FunctionName="sleeps", InvocationType="Event")).start()
    return until(lambda: len(found := processes.handlers(twin.layout.home)) > 1 and found)


def test_a_life(own: Twin) -> None:
    own.up()
    assert own.up().found
    status = own.status()
    assert status.healthy
    assert status.model is not None
    assert status.model.backend == "scenario"
    listening = [c for part in status.parts for c in psutil.Process(part.pid).net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}
    handlers = handler_at_work(own)
    assert own.status().handlers == len(handlers)
    own.down()
    assert not any(processes.is_alive(one) for one in handlers)
    assert nothing_is_left(own)


def test_a_killed_localstack_leaves_no_handlers_after_down(own: Twin) -> None:
    own.up()
    handlers = handler_at_work(own)
    os.kill((record.read(own.layout.parts) or {})[LOCALSTACK].pid, signal.SIGKILL)
    own.down()
    assert not any(processes.is_alive(one) for one in handlers)
    assert nothing_is_left(own)


def test_an_interrupt_in_the_middle_of_up_leaves_nothing(own: Twin) -> None:
    with started_elsewhere(own, f"starting the {DOUBLES}") as command:
        os.killpg(command.pid, signal.SIGINT)
        assert command.wait(timeout=60) != 0
    assert nothing_is_left(own)


def test_a_command_killed_in_the_middle_of_up_is_made_good_by_the_next(own: Twin) -> None:
    with started_elsewhere(own, f"starting {LOCALSTACK}") as command:
        command.kill()
    assert not own.up().found
    assert own.status().healthy
    assert len(processes.marked(own.layout.home, LOCALSTACK)) == 1
    own.down()
    assert nothing_is_left(own)
