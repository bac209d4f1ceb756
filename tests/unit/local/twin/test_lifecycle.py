import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from local.twin import ports, processes, record, synth
from local.twin.errors import TwinError
from local.twin.parts import DOUBLES, LOCALSTACK, MARK
from local.twin.twin import Twin


def pids(twin: Twin) -> dict[str, int]:
    return {part: running.pid for part, running in (record.read(twin.layout.parts) or {}).items()}


def nothing_is_left(stage: Any) -> bool:
    return (
        not processes.marked(stage.home, LOCALSTACK)
        and not processes.marked(stage.home, DOUBLES)
        and not processes.handlers(stage.home)
        and ports.is_free(stage.ports.localstack)
        and ports.is_free(stage.ports.doubles)
    )


def kill(pid: int) -> None:
    process = psutil.Process(pid)
    process.kill()
    process.wait(timeout=10)


@pytest.fixture
def sleeper() -> Any:
    """Start a process with an environment; it sleeps until it is ended."""
    started: list[subprocess.Popen[bytes]] = []

    def start(environment: dict[str, str]) -> psutil.Process:
        sleeps = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]
        process = subprocess.Popen(sleeps, env=environment, start_new_session=True, stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout
        process.stdout.readline()  # until it runs, it has this process's environment
        process.stdout.close()
        return psutil.Process(process.pid)

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_up_starts_everything_in_sessions_of_their_own_and_status_sees_it(stage: Any) -> None:
    up = stage.twin().up()
    assert not up.found
    status = stage.twin().status()
    assert status.healthy
    assert {part.pid for part in status.parts} == set(pids(stage.twin()).values())
    assert all(os.getsid(part.pid) == part.pid for part in status.parts)
    assert all(part.memory > 0 and part.since for part in status.parts)
    assert status.model is not None
    assert status.model.backend == "scenario"
    assert "services in use: s3" in status.parts[0].detail
    assert status.parts[1].detail == "model server, token issuer and collector of traces, all doubles"


def test_a_second_up_finds_the_first(stage: Any) -> None:
    stage.twin().up()
    first = pids(stage.twin())
    again = stage.twin().up()
    assert again.found
    assert again.repaired == ()
    assert pids(stage.twin()) == first


def test_two_ups_at_once_start_one_twin(stage: Any) -> None:
    with ThreadPoolExecutor(3) as pool:
        done = [future.result() for future in [pool.submit(stage.twin().up) for _ in range(3)]]
    assert sorted(up.found for up in done) == [False, True, True]
    assert len(processes.marked(stage.home, LOCALSTACK)) == 1


def test_a_running_twin_keeps_its_ports_whatever_a_later_command_would_choose(stage: Any) -> None:
    stage.twin().up()
    other = Twin(stage.home, 1, 2, make_parts=stage.parts)
    assert other.up().found
    assert other.endpoint == f"http://127.0.0.1:{stage.ports.localstack}"
    assert other.down().ended == (LOCALSTACK, DOUBLES)
    assert nothing_is_left(stage)


@pytest.mark.parametrize(("part", "variable"), [("localstack", "SEPTET_PORT"), ("doubles", "SEPTET_DOUBLES_PORT")])
def test_a_busy_port_is_named_with_who_has_it_and_how_to_choose_another(stage: Any, part: str, variable: str) -> None:
    port = getattr(stage.ports, part)
    with socket.create_server(("127.0.0.1", port)), pytest.raises(TwinError) as caught:
        stage.twin().up()
    assert f"Port {port}" in caught.value.what
    assert f"(pid {os.getpid()})" in caught.value.what
    assert f"{variable}=" in caught.value.remedy
    assert nothing_is_left(stage)


def test_another_twin_on_the_port_is_called_that(stage: Any, tmp_path: Path) -> None:
    stage.twin().up()
    other = Twin(tmp_path / "other", stage.ports.localstack, stage.ports.doubles, make_parts=stage.parts)
    with pytest.raises(TwinError, match="by the twin in") as caught:
        other.up()
    assert str(stage.home) in caught.value.what
    assert stage.twin().status().healthy


@pytest.mark.parametrize("part", [LOCALSTACK, DOUBLES])
def test_a_dead_server_is_started_anew_and_the_other_is_kept(stage: Any, part: str) -> None:
    stage.twin().up()
    before = pids(stage.twin())
    kill(before[part])
    assert not stage.twin().status().healthy
    up = stage.twin().up()
    after = pids(stage.twin())
    assert up.repaired == (f"{part} (pid {before[part]}) has ended: starting it anew, without what was in it.",)
    assert {name for name in after if after[name] != before[name]} == {part}
    assert stage.twin().status().healthy


def test_a_dead_localstack_takes_its_state_with_it_and_a_dead_doubles_server_does_not(stage: Any) -> None:
    twin = stage.twin()
    twin.up()
    twin.layout.deployed.write_text("null")
    kill(pids(twin)[DOUBLES])
    twin.up()
    assert twin.layout.deployed.exists()
    kill(pids(twin)[LOCALSTACK])
    twin.up()
    assert not twin.layout.deployed.exists()


def test_a_server_that_runs_but_does_not_answer_is_replaced(stage: Any) -> None:
    stage.answer_within = 0.3
    stage.twin().up()
    hung = pids(stage.twin())[LOCALSTACK]
    os.kill(hung, signal.SIGSTOP)
    up = stage.twin().up()
    assert "does not answer" in up.repaired[0]
    assert processes.find(hung, 0) is None
    assert pids(stage.twin())[LOCALSTACK] != hung


def test_state_without_a_record_is_removed_and_said(stage: Any) -> None:
    layout = stage.twin().layout
    (layout.home / "tmp" / "old").mkdir(parents=True)
    layout.deployed.write_text("{}")
    assert stage.twin().up().repaired == ("An earlier twin left state behind: it is removed.",)
    assert not layout.deployed.exists()
    assert not (layout.home / "tmp" / "old").exists()


@pytest.mark.parametrize(
    "content",
    ["", "{", "[1]", '{"LocalStack": {"pid": "x"}}', '{"LocalStack": 3}', '{"LocalStack": {"pid": -5, "started": 1, "port": 4566}}'],
)
def test_a_record_that_cannot_be_read_is_said_and_replaced(stage: Any, content: str) -> None:
    layout = stage.twin().layout
    layout.home.mkdir()
    layout.parts.write_text(content)
    assert "cannot be read" in stage.twin().up().repaired[0]
    assert stage.twin().status().healthy


def test_a_server_that_lost_its_record_is_ended_not_met_on_its_port(stage: Any) -> None:
    stage.twin().up()
    old = pids(stage.twin())
    stage.twin().layout.parts.unlink()
    up = stage.twin().up()
    assert any("runs without a record" in repair for repair in up.repaired)
    assert not set(old.values()) & set(pids(stage.twin()).values())


def test_a_process_that_got_the_pid_of_a_dead_part_is_left_alone(stage: Any, sleeper: Callable[[dict[str, str]], psutil.Process]) -> None:
    stranger = sleeper({})
    layout = stage.twin().layout
    layout.home.mkdir()
    recorded = {"pid": stranger.pid, "started": stranger.create_time() - 60, "port": stage.ports.localstack}
    layout.parts.write_text(json.dumps({LOCALSTACK: recorded}))
    stage.twin().up()
    stage.twin().down()
    assert processes.is_alive(stranger)


def test_down_leaves_no_process_and_no_port_and_keeps_keys_and_logs(stage: Any) -> None:
    twin = stage.twin()
    twin.up()
    keys = twin.layout.home / "issuer"
    keys.mkdir()
    (keys / "keys.json").write_text("{}")
    assert twin.down().ended == (LOCALSTACK, DOUBLES)
    assert nothing_is_left(stage)
    assert {path.name for path in twin.layout.home.iterdir()} == {"issuer", "logs", "lock"}
    assert twin.down().ended == ()


def test_down_ends_the_whole_group_of_a_part(stage: Any) -> None:
    stage.behaviour[LOCALSTACK] = "has a child"
    stage.twin().up()
    child = psutil.Process(pids(stage.twin())[LOCALSTACK]).children()[0]
    stage.twin().down()
    assert not processes.is_alive(child)


def test_down_ends_a_cdk_app_whose_deployment_was_killed(stage: Any, sleeper: Callable[[dict[str, str]], psutil.Process]) -> None:
    stage.home.mkdir()
    orphan = sleeper({MARK: f"{synth.PART}:{stage.home}"})
    assert stage.twin().down().ended == (synth.PART,)
    assert not processes.is_alive(orphan)


def test_a_part_that_ignores_the_request_to_end_is_killed(stage: Any) -> None:
    stage.behaviour[DOUBLES] = "stubborn"
    stage.twin().up()
    processes.end(processes.marked(stage.home, DOUBLES), grace=0.2)
    assert not processes.marked(stage.home, DOUBLES)


def test_down_ends_this_twins_handler_processes_and_nobody_elses(
    stage: Any, sleeper: Callable[[dict[str, str]], psutil.Process], tmp_path: Path
) -> None:
    stage.twin().up()
    ours = sleeper({"LAMBDA_TASK_ROOT": str(stage.home / "functions" / "triage")})
    others = sleeper({"LAMBDA_TASK_ROOT": str(tmp_path / "twin-of-another" / "functions")})
    others_part = sleeper({MARK: f"{LOCALSTACK}:{tmp_path}/other"})
    assert stage.twin().status().handlers == 1
    assert "1 handler process" in stage.twin().down().ended
    assert not processes.is_alive(ours)
    assert processes.is_alive(others)
    assert processes.is_alive(others_part)


def test_a_part_that_ends_at_once_is_quoted_and_nothing_is_left(stage: Any) -> None:
    stage.behaviour[DOUBLES] = "dies"
    with pytest.raises(TwinError, match=r"ended while it was starting.*no such scenario: orders\.yaml"):
        stage.twin().up()
    assert nothing_is_left(stage)


def test_a_part_that_is_never_ready_is_given_up_and_nothing_is_left(stage: Any) -> None:
    stage.behaviour[LOCALSTACK] = "never ready"
    stage.patience = 0.3
    with pytest.raises(TwinError, match="not ready"):
        stage.twin().up()
    assert nothing_is_left(stage)


def test_a_failed_repair_does_not_cost_the_part_that_runs(stage: Any) -> None:
    stage.twin().up()
    before = pids(stage.twin())
    kill(before[DOUBLES])
    stage.behaviour[DOUBLES] = "dies"
    with pytest.raises(TwinError):
        stage.twin().up()
    assert pids(stage.twin()) == {LOCALSTACK: before[LOCALSTACK]}
    assert processes.is_alive(psutil.Process(before[LOCALSTACK]))


def test_an_interrupt_between_the_two_starts_leaves_nothing(stage: Any) -> None:
    def interrupted(line: str) -> None:
        if DOUBLES in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stage.twin(say=interrupted).up()
    assert nothing_is_left(stage)
    assert not stage.twin().layout.parts.exists()


@pytest.mark.parametrize("command", ["up", "down"])
def test_a_folder_in_the_place_of_the_record_is_removed(stage: Any, command: str) -> None:
    layout = stage.twin().layout
    layout.parts.mkdir(parents=True)
    getattr(stage.twin(), command)()
    assert not layout.parts.is_dir()


def test_damaged_issuer_keys_are_told_with_what_to_remove(stage: Any) -> None:
    keys = stage.home / "issuer" / "keys.json"
    keys.parent.mkdir(parents=True)
    keys.write_bytes(b"\xff")
    with pytest.raises(TwinError) as caught:
        stage.twin().up()
    assert f"rm -r {keys}" in caught.value.remedy


def test_a_part_whose_program_is_not_installed_says_so_and_nothing_is_left(stage: Any) -> None:
    stage.programs[DOUBLES] = str(stage.home / "none" / "python")
    with pytest.raises(TwinError, match=r"doubles cannot be started: .*No such file") as caught:
        stage.twin().up()
    assert caught.value.remedy == "Run: make setup"
    assert nothing_is_left(stage)


@pytest.mark.parametrize("command", ["up", "down", "status"])
def test_a_state_folder_that_cannot_be_one_is_said(stage: Any, command: str) -> None:
    stage.home.write_text("a file")
    with pytest.raises(TwinError, match="cannot be used") as caught:
        getattr(stage.twin(), command)()
    assert "SEPTET_TWIN_HOME" in caught.value.remedy
    stage.home.unlink()


def test_status_of_a_twin_that_was_never_started(stage: Any) -> None:
    status = stage.twin().status()
    assert not status.healthy
    assert [(part.running, part.pid) for part in status.parts] == [(False, None)] * 2
    assert status.model is None
    assert status.deployed is None


def test_the_environment_chooses_home_and_ports(tmp_path: Path) -> None:
    twin = Twin.chosen({"SEPTET_TWIN_HOME": str(tmp_path), "SEPTET_PORT": "4666"})
    assert (twin.layout.home, twin.endpoint, twin.doubles) == (tmp_path, "http://127.0.0.1:4666", "http://127.0.0.1:4580")
    with pytest.raises(TwinError, match="SEPTET_DOUBLES_PORT is 'x'"):
        Twin.chosen({"SEPTET_DOUBLES_PORT": "x"})


def test_after_an_unfinished_deployment_the_next_begins_with_an_empty_localstack(stage: Any, tmp_path: Path) -> None:
    (tmp_path / "cdk.json").write_text('{"context": {}}')
    (tmp_path / "app.py").write_text("raise ValueError('refused')")
    stage.twin().up()
    before = pids(stage.twin())
    twin = Twin(stage.home, make_parts=stage.parts, root=tmp_path)
    twin.layout.unfinished.touch()
    for _ in range(2):
        with pytest.raises(TwinError, match="ValueError: refused"):
            twin.deploy()
        after = pids(stage.twin())
        assert after[DOUBLES] == before[DOUBLES]
        assert after[LOCALSTACK] != before[LOCALSTACK]
        assert not twin.layout.unfinished.exists()
    assert pids(stage.twin()) == after


def test_nothing_is_deployed_to_a_twin_that_is_not_up(stage: Any) -> None:
    with pytest.raises(TwinError, match="not up") as caught:
        stage.twin().deploy()
    assert "septet up" in caught.value.remedy


def test_a_deployment_brings_the_scenario_files_first(stage: Any, tmp_path: Path) -> None:
    (tmp_path / "local" / "scenarios").mkdir(parents=True)
    (tmp_path / "local" / "scenarios" / "mine.yaml").write_text("scenario: mine")
    stage.twin().up()
    with pytest.raises(TwinError, match="scenario file"):  # the stand-in takes none
        Twin(stage.home, make_parts=stage.parts, root=tmp_path).deploy()


def test_the_doubles_are_several(stage: Any) -> None:
    stage.twin().up()
    assert any(line.startswith("starting the doubles on ") for line in stage.said)
    assert any(line.startswith("the doubles are ready after ") for line in stage.said)
    assert any(line.startswith("LocalStack is ready after ") for line in stage.said)
