import json
from typing import Any

from tests.unit.local.cli.fake_api import FakeApi, moment, report


def test_runs_are_listed_with_status_and_length(septet: Any, api: FakeApi) -> None:
    api.runs = [report(status="timed_out", ended_at=moment(61.5))]
    result = septet("runs")
    assert result.exit_code == 0
    row = result.stdout.splitlines()[1]
    assert api.runs[0]["id"] in row
    assert "support" in row
    assert "61.5 s" in result.stdout
    assert "customer" in result.stdout


def test_no_runs_say_how_to_start_one(septet: Any) -> None:
    assert "septet run support" in septet("runs").stdout


def test_as_many_pages_are_read_as_were_asked_for(septet: Any, api: FakeApi) -> None:
    api.runs, api.page = [report(id=f"run-{number}") for number in range(250)], 100
    found = json.loads(septet("runs", "--limit", "220", "--json").stdout)["runs"]
    assert [run["id"] for run in found] == [f"run-{number}" for number in range(220)]
    assert all(int(request.url.params["limit"]) <= 100 for request in api.asked)


def test_only_runs_of_a_status_are_asked_for(septet: Any, api: FakeApi) -> None:
    septet("runs", "--status", "waiting")
    assert api.asked[0].url.params["status"] == "waiting"


def test_no_run_of_a_status_is_not_no_run_at_all(septet: Any) -> None:
    assert septet("runs", "--status", "running").stdout.strip() == "No run is running."
    assert septet("runs", "--status", "failed").stdout.strip() == "No run with status failed."
