"""An execution environment against a real process of AWS's runtime interface client."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from septet_plugin.environment import Outcome, StoppedError

type Make = Callable[..., Any]
"""The fixture `function`: source and settings to a `Function` of conftest.py."""


def body(outcome: Outcome) -> Any:
    return json.loads(outcome.body)


def until(condition: Callable[[], Any]) -> None:
    """Wait for what another process does, of which nothing tells us."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_event_goes_in_and_the_answer_comes_back_with_the_context(function: Make) -> None:
    made = function(
        "def handler(event, context):\n"
        "    return {'event': event, 'id': context.aws_request_id, 'arn': context.invoked_function_arn,\n"
        "            'left': context.get_remaining_time_in_millis(), 'client': context.client_context.custom}\n",
        timeout=30,
    )
    answer = body(made.invoke({"a": [1, "ü"]}, client_context='{"custom": {"k": "v"}}'))
    assert answer["event"] == {"a": [1, "ü"]}
    assert answer["arn"] == "arn:aws:lambda:x:1:function:f"
    assert answer["client"] == {"k": "v"}
    assert 25_000 < answer["left"] <= 30_000


def test_an_exception_is_answered_by_its_name(function: Make) -> None:
    outcome = function("class ToolFailed(Exception): ...\ndef handler(event, context): raise ToolFailed('no stock')").invoke()
    assert outcome.is_error
    assert body(outcome)["errorType"] == "ToolFailed"
    assert body(outcome)["errorMessage"] == "no stock"


def test_a_warm_environment_keeps_its_process_and_reports_its_start_once(function: Make) -> None:
    made = function("import os\ndef handler(event, context): return os.getpid()")
    first, second = made.invoke(), made.invoke()
    assert first.body == second.body
    assert "Init Duration" in first.logs
    assert "Init Duration" not in second.logs


def test_output_stands_between_start_and_end_and_only_once(function: Make) -> None:
    made = function("print('while loading')\ndef handler(event, context): print('said', event)")
    first, second = made.invoke(1).logs.splitlines(), made.invoke(2).logs.splitlines()
    assert [line.split()[0] for line in first] == ["while", "START", "said", "END", "REPORT"]
    assert [line.split()[0] for line in second] == ["START", "said", "END", "REPORT"]
    assert second[1] == "said 2"


def test_a_timeout_kills_everything_the_handler_started_and_the_next_invocation_starts_afresh(function: Make, tmp_path: Path) -> None:
    note = tmp_path / "child"
    made = function(
        "import os, subprocess, time\n"
        f"def handler(event, context):\n"
        "    if event == 'quick': return os.getpid()\n"
        "    child = subprocess.Popen(['sleep', '60'])\n"
        f"    open({str(note)!r}, 'w').write(str(child.pid))\n"
        "    time.sleep(60)\n",
        timeout=1,
    )
    before = body(made.invoke("quick"))
    outcome = made.invoke("slow")
    assert body(outcome)["errorType"] == "Sandbox.Timedout"
    assert body(outcome)["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert "Task timed out after 1.00 seconds" in outcome.logs
    child = int(note.read_text())
    until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)
    assert body(made.invoke("quick")) != before


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("os._exit(3)", "Runtime exited with error: exit status 3"),
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
    ],
)
def test_a_crash_is_answered_with_its_reason_and_the_next_invocation_works(function: Make, statement: str, reason: str) -> None:
    made = function(f"import os\ndef handler(event, context):\n    if event == 'crash': {statement}\n    return 'fine'")
    outcome = made.invoke("crash")
    assert body(outcome)["errorType"] == "Runtime.ExitError"
    assert body(outcome)["errorMessage"].endswith(reason)
    assert "Runtime.ExitError" in outcome.logs
    assert body(made.invoke("work")) == "fine"


def test_a_process_killed_while_idle_costs_no_invocation(function: Make) -> None:
    made = function("def handler(event, context): return 'fine'")
    made.invoke()
    os.kill(made.pid, signal.SIGKILL)
    until(lambda: made.environment.describe()["state"] == "Ended")
    assert body(made.invoke()) == "fine"


@pytest.mark.parametrize(
    ("source", "handler", "error"),
    [
        ("import no_such_module\ndef handler(e, c): ...", "main.handler", "Runtime.ImportModuleError"),
        ("def other(e, c): ...", "main.handler", "Runtime.HandlerNotFound"),
        ("def handler(e, c)", "main.handler", "Runtime.UserCodeSyntaxError"),
        ("def handler(e, c): ...", "main", "Runtime.MalformedHandlerName"),
        ("raise ValueError('broken')", "main.handler", "ValueError"),
        ("import os; os._exit(4)", "main.handler", "Runtime.ExitError"),
    ],
)
def test_a_failed_initialisation_answers_every_invocation(function: Make, source: str, handler: str, error: str) -> None:
    made = function(source, handler=handler)
    for _ in range(2):
        outcome = made.invoke()
        assert outcome.is_error
        assert body(outcome)["errorType"] == error


def test_a_slow_initialisation_is_tried_once_more_within_the_functions_time(function: Make, tmp_path: Path) -> None:
    marker = tmp_path / "seen"
    made = function(
        f"import os, time\nif not os.path.exists({str(marker)!r}):\n    open({str(marker)!r}, 'w').close()\n    time.sleep(60)\n"
        "def handler(event, context): return 'second'",
        init_limit=2,
    )
    assert body(made.invoke()) == "second"


def test_an_initialisation_that_never_ends_times_out_like_the_function(function: Make) -> None:
    outcome = function("import time; time.sleep(60)", init_limit=0.5, timeout=1).invoke()
    assert body(outcome)["errorType"] == "Sandbox.Timedout"
    assert "after 1.00 seconds" in body(outcome)["errorMessage"]


def test_a_response_over_the_limit_is_an_error_and_one_at_the_limit_is_not(function: Make) -> None:
    made = function("def handler(size, context): return 'x' * size")
    limit = 6 * 1024 * 1024 + 100 - len('""')
    assert len(made.invoke(limit).body) == limit + 2
    outcome = made.invoke(limit + 1)
    assert body(outcome) == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size (6291557 bytes) exceeded maximum allowed payload size (6291556 bytes).",
    }
    assert body(made.invoke(1)) == "x"


def test_the_process_sees_its_own_variables_and_no_others(function: Make) -> None:
    os.environ["SEPTET_LEAK"] = "from the test"
    try:
        answer = body(function("import os\ndef handler(e, c): return dict(os.environ)", variables={"MINE": "1"}).invoke())
    finally:
        del os.environ["SEPTET_LEAK"]
    assert answer["MINE"] == "1"
    assert set(answer) <= {"MINE", "LAMBDA_TASK_ROOT", "AWS_LAMBDA_RUNTIME_API", "_X_AMZN_TRACE_ID", "LC_CTYPE"}


def test_stopping_wakes_a_running_invocation_and_leaves_nothing(function: Make) -> None:
    made = function("import time\ndef handler(event, context): time.sleep(60)")
    outcomes = []

    def run() -> None:
        outcomes.append(made.invoke())

    thread = threading.Thread(target=run)
    thread.start()
    running = psutil.Process(made.pid)
    until(lambda: made.environment.describe()["state"] == "Running")
    made.environment.stop()
    thread.join(10)
    assert body(outcomes[0])["errorType"] == "Runtime.ExitError"
    assert not running.is_running()
    with pytest.raises(StoppedError):
        made.invoke()


def test_a_retired_environment_finishes_its_invocation_first(function: Make, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    made = function(f"def handler(event, context): return open({str(gate)!r}).read()")
    outcomes = []
    thread = threading.Thread(target=lambda: outcomes.append(made.invoke()))
    thread.start()
    with gate.open("w") as opened:  # returns once the handler reads
        made.environment.retire()
        opened.write("done")
    thread.join(10)
    assert body(outcomes[0]) == "done"
    with pytest.raises(StoppedError):
        made.invoke()


@pytest.mark.skipif(not Path("/proc").exists(), reason="only Linux ends a child with its parent; elsewhere `down` ends it")
def test_a_working_handler_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    code, home = tmp_path / "code", tmp_path / "home"
    code.mkdir()
    home.mkdir()
    working = tmp_path / "working"
    (code / "main.py").write_text(f"import time\ndef handler(event, context):\n    open({str(working)!r}, 'w').close()\n    time.sleep(60)")
    starter = (
        "import sys, os; sys.path[0] = sys.argv[1]\n"
        "from pathlib import Path\n"
        "from septet_plugin.environment import Environment, Request, Settings\n"
        "from septet_plugin.process import Command\n"
        "code, home = Path(sys.argv[2]), Path(sys.argv[3])\n"
        "command = Command(interpreter=sys.executable, handler='main.handler', folder=code, log=home / 'log',\n"
        "                  variables={'LAMBDA_TASK_ROOT': str(code)})\n"
        "one = Environment(Settings(id='1', function='f', version='1', memory=1, timeout=60, init_limit=60, command=command, home=home))\n"
        "one.start()\n"
        "one.invoke(Request(request_id='1', payload=b'1', function_arn='a'))\n"
    )
    plugin = Path(__file__).parents[4] / "local" / "plugin"
    process = psutil.Popen([sys.executable, "-c", starter, str(plugin), str(code), str(home)])
    until(working.exists)
    children = process.children()
    process.kill()
    process.wait(10)
    gone, alive = psutil.wait_procs(children, timeout=10)
    assert gone
    assert not alive
