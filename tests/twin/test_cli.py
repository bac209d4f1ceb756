"""The commands and the demo as people run them: installed programs, the twin, and nothing patched."""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.demo.payments import Tables
from local.seed import orders, seed
from local.twin import ports, processes
from local.twin.parts import DOUBLES, LOCALSTACK
from tests.conftest import free_port
from tests.desk import until

REPOSITORY = Path(__file__).parents[2]
SEPTET = Path(sys.executable).with_name("septet")
type Septet = Callable[..., subprocess.CompletedProcess[str]]


def surroundings(home: Path, **more: str) -> dict[str, str]:
    """The environment of a person whose twin lies in *home*."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEPTET_")}
    return kept | {"SEPTET_TWIN_HOME": str(home), "COLUMNS": "80"} | more


@pytest.fixture
def tenant(twin: Any) -> str:
    name = f"cli-{uuid.uuid4().hex[:12]}"
    seed(twin.endpoint, name)
    return name


@pytest.fixture
def septet(twin: Any, tenant: str) -> Septet:
    """Run the installed command for a tenant of its own; whom it speaks for is its own default."""

    def run(*arguments: str, whose: str = tenant, **environment: str) -> subprocess.CompletedProcess[str]:
        given = (*arguments, "--tenant", whose) if whose else arguments
        return subprocess.run(
            [SEPTET, *given], env=surroundings(twin.home, **environment), capture_output=True, text=True, timeout=90, check=False
        )

    return run


def test_a_run_is_shown_to_its_answer(septet: Septet) -> None:
    done = septet("run", "support", "Where is my order A-1001?")
    assert done.returncode == 0, done.stderr
    assert "Hello! Your order A-1001 is on its way to you." in done.stdout
    assert "succeeded  triage → orders → writer" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_refund_waits_until_it_is_approved_from_another_terminal(septet: Septet) -> None:
    run = json.loads(septet("run", "support", "I want my money back for order A-1002.", "--no-watch", "--json").stdout)["id"]
    asked = until(lambda: json.loads(septet("approvals", "--json").stdout)["approvals"] or None, what="a question")[0]
    assert asked["run"] == run
    assert septet("approve", asked["id"], "--as", "customer-17").returncode == 3
    assert septet("approve", asked["id"], "--reason", "Checked").returncode == 0
    looks = [json.loads(line) for line in septet("watch", run, "--json").stdout.splitlines()]
    assert looks[-1]["run"]["status"] == "succeeded"
    given = [one["body"] for look in looks for one in look["entries"] if one["type"] == "approval_given"]
    assert [(one["by"], one["reason"]) for one in given] == [("agent-desk", "Checked")]


def test_a_platform_elsewhere_needs_no_twin(septet: Septet, twin: Any, tenant: str, tmp_path: Path) -> None:
    token = twin.token(tenant=tenant, subject="customer-17", roles=["submitter"])
    there = {"SEPTET_TWIN_HOME": str(tmp_path), "SEPTET_URL": twin.api, "SEPTET_TOKEN": token}
    done = septet("run", "support", "What are your opening hours?", "--json", whose="", **there)
    assert json.loads(done.stdout)["status"] == "succeeded"
    assert len(json.loads(septet("runs", "--json", whose="", **there).stdout)["runs"]) == 1


def test_a_tenant_sees_no_runs_of_another(septet: Septet) -> None:
    run = json.loads(septet("run", "support", "What are your opening hours?", "--json").stdout)["id"]
    assert run in septet("runs").stdout
    assert run not in septet("runs", whose="somebody-else").stdout
    refused = septet("watch", run, whose="somebody-else")
    assert refused.returncode == 3
    assert "404" in refused.stderr


def test_a_message_without_a_script_gets_the_prepared_answer_and_is_told_that_the_model_is_a_double(septet: Septet) -> None:
    done = septet("run", "support", "Sing me a song.")
    assert done.returncode == 0
    assert "a prepared answer: nobody could give one" in done.stdout
    assert "The twin's model is a test double" in done.stdout


def test_a_submission_with_the_same_key_is_the_same_run(septet: Septet) -> None:
    arguments = ("run", "support", "What are your opening hours?", "--no-watch", "--json", "--idempotency-key", "morning")
    first, second = (json.loads(septet(*arguments).stdout)["id"] for _ in range(2))
    assert first == second


def test_a_run_is_verified_on_this_machine_and_tampering_is_found(septet: Septet, twin: Any, tenant: str) -> None:
    run = json.loads(septet("run", "support", "What are your opening hours?", "--json").stdout)["id"]
    done = septet("verify", run)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verified: every entry is where and what it was" in done.stdout
    dynamodb = twin.client("dynamodb")
    key = {"pk": {"S": f"{tenant}#{run}#main"}, "number": {"N": "1"}}
    dynamodb.delete_item(TableName="septet-twin-journal", Key=key)
    found = septet("verify", run, "--json")
    assert found.returncode == 1
    assert "main: entry 1 is missing; 2 follows" in json.loads(found.stdout)["findings"]
    assert septet("verify", run, whose="somebody-else").returncode == 3


def test_a_limit_is_set_shown_and_holds(septet: Septet) -> None:
    assert septet("budget", "set", "--day", "1", "--run", "0.5", "--usual", "0.5", "--as", "boss").returncode == 0
    assert json.loads(septet("budget", "--json").stdout)["limits"]["day_microdollars"] == 1_000_000
    assert "boss" in septet("budget", "history").stdout
    assert septet("verify", "budget").returncode == 0
    assert septet("budget", "set", "--day", "2", "--role", "operator").returncode == 3
    given = ("run", "support", "What are your opening hours?", "--no-watch", "--json")
    assert septet(*given, "--budget", "0.75").returncode == 3
    budgets = [septet(*given, "--budget", "0.5").returncode for _ in range(2)]
    assert budgets == [0, 0]


def test_refused_input_names_the_field_and_starts_nothing(septet: Septet) -> None:
    done = septet("run", "support", "--input", "mesage=x")
    assert done.returncode == 3
    assert "input.mesage: is not known; known are: message" in done.stderr
    assert json.loads(septet("runs", "--json").stdout)["runs"] == []


def test_status_says_who_answers_and_what_is_deployed(septet: Septet, twin: Any) -> None:
    found = json.loads(septet("status", "--json", whose="").stdout)
    assert found["healthy"]
    assert found["model"]["double"]
    assert found["deployed"]["api"] == twin.api


def test_seeding_again_makes_every_order_as_it_was(twin: Any, tenant: str, septet: Septet) -> None:
    tables = Tables(twin.endpoint, tenant)
    septet("run", "support", "Please refund order A-1003, it arrived broken.", "--as", "customer-23")
    assert tables.left("A-1003") == 0
    assert seed(twin.endpoint, tenant) == len(orders())
    assert tables.left("A-1003") == 4990


def test_seeding_what_is_missing_leaves_a_refunded_order_as_it_is(twin: Any, tenant: str, septet: Septet) -> None:
    tables = Tables(twin.endpoint, tenant)
    septet("run", "support", "Please refund order A-1003, it arrived broken.", "--as", "customer-23")
    assert seed(twin.endpoint, tenant, missing_only=True) == 0
    assert tables.left("A-1003") == 0


def test_the_demo_plays_its_three_runs_and_leaves_the_twin_up(twin: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "local.demo"],
        cwd=REPOSITORY,
        env=surroundings(twin.home),
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✓") == 3
    assert "paid once: 129.00 EUR" in done.stdout
    assert twin.twin.status().healthy


def test_interrupting_the_demo_ends_the_twin_that_it_started(tmp_path: Path) -> None:
    at = {LOCALSTACK: free_port(), DOUBLES: free_port()}
    chosen = {"SEPTET_PORT": str(at[LOCALSTACK]), "SEPTET_DOUBLES_PORT": str(at[DOUBLES])}
    demo = subprocess.Popen(
        [sys.executable, "-u", "-m", "local.demo"],
        cwd=REPOSITORY,
        env=surroundings(tmp_path, **chosen),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert demo.stdout
    assert any("is ready" in line for line in demo.stdout)
    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert not [process for part in at for process in processes.marked(tmp_path, part)]
    assert all(ports.is_free(port) for port in at.values())
