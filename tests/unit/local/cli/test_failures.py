import json
from typing import Any

import httpx
import pytest

from tests.unit.local.cli.fake_api import RUN, FakeApi, moment, problem, report
from tests.unit.local.cli.output import unwrapped


def group(**changed: Any) -> dict[str, Any]:
    """Failures that are alike."""
    return {
        "kind": "tool",
        "error": "ToolFailed",
        "workflow": "support",
        "agent": "refunds",
        "count": 3,
        "cost_microdollars": 4_500,
        "flagged": 0,
        "first": moment(0),
        "last": moment(60),
        "runs": [RUN],
    } | changed


def answers(api: FakeApi, *groups: dict[str, Any], counted_from: str | None = None) -> dict[str, Any]:
    count = sum(one["count"] for one in groups)
    told = {"since": "2026-11-16", "until": "2026-11-22", "count": count, "groups": list(groups), "counted_from": counted_from}
    api.failures = [httpx.Response(200, json=told)]
    return told


def test_failures_are_shown_with_what_their_kinds_mean_and_a_way_on(septet: Any, api: FakeApi) -> None:
    answers(api, group(), group(kind="loop", error="LoopDetected", agent="triage", count=1))
    result = septet("failures", COLUMNS="160")
    shown = unwrapped(result.stdout)
    assert result.exit_code == 0
    assert "4 runs failed from 2026-11-16 to 2026-11-22." in shown
    assert "3 tool ToolFailed support refunds $0.004500" in shown
    assert "1 loop LoopDetected support triage" in shown
    assert "loop: Agents repeated themselves." in shown
    assert "model:" not in shown
    assert f"septet explain {RUN}" in shown


def test_what_was_asked_for_is_asked_for(septet: Any, api: FakeApi) -> None:
    told = answers(api)
    result = septet("failures", "--from", "2026-11-01", "--to", "2026-11-22", "--workflow", "support", "--json")
    assert json.loads(result.stdout) == told
    (request,) = api.asked
    assert request.url.path == "/live/v1/failures"
    assert dict(request.url.params) == {"from": "2026-11-01", "to": "2026-11-22", "workflow": "support"}


def test_no_failure_is_said(septet: Any, api: FakeApi) -> None:
    answers(api)
    assert septet("failures").stdout.strip() == "No run failed from 2026-11-16 to 2026-11-22."


def test_what_was_not_counted_is_said(septet: Any, api: FakeApi) -> None:
    answers(api, group(), counted_from=moment(5))
    assert "ask for fewer days" in septet("failures").stdout


def test_a_refusal_is_told_in_the_platforms_words(septet: Any, api: FakeApi) -> None:
    api.failures = [problem(422, "from: asks for 365 days: ask for 92 at most")]
    result = septet("failures", "--from", "2025-11-01")
    assert result.exit_code == 3
    assert "ask for 92 at most" in unwrapped(result.stderr)


@pytest.mark.parametrize("narrow", ["40", "80", "160"])
def test_it_can_be_read_on_any_terminal(septet: Any, api: FakeApi, narrow: str) -> None:
    answers(api, group(error="E" * 90))
    assert "EEE" in septet("failures", COLUMNS=narrow).stdout


LONG = "run-" + "0123456789abcdefghjkmnpqrs"


def test_at_80_columns_no_id_and_no_name_is_broken_and_no_line_is_longer(septet: Any, api: FakeApi) -> None:
    answers(api, group(runs=[LONG], error="ModelUnavailable", agent="refunds_fallback"), group(error="AnswerInvalid", count=1_200))
    shown = septet("failures", "--from", "2026-01-01").stdout
    for whole in (f"  ModelUnavailable: septet explain {LONG}", "ModelUnavailable support  refunds_fallback"):
        assert whole in shown, shown
    assert all(len(line.rstrip()) <= 80 for line in shown.splitlines())
    api.runs = [report(id=LONG, status="timed_out", ended_at=moment(61.5), error="ModelUnavailable", submitter="customer-170")]
    row = septet("runs", "--error", "ModelUnavailable").stdout.splitlines()[1]
    assert row.startswith(f"{LONG} timed out ")
    assert row.rstrip().endswith("ModelUnavailable")
    assert len(row.rstrip()) <= 80


@pytest.mark.parametrize(("columns", "there"), [("80", False), ("160", True)])
def test_what_is_spare_is_there_where_it_fits(septet: Any, api: FakeApi, columns: str, *, there: bool) -> None:
    api.runs = [report(id=LONG, status="failed", ended_at=moment(61.5), error="ModelUnavailable")]
    assert ("61.5 s" in septet("runs", "--error", "ModelUnavailable", COLUMNS=columns).stdout) is there


def test_runs_are_searched_for(septet: Any, api: FakeApi) -> None:
    api.runs = [report(status="failed", ended_at=moment(61.5), error="ToolFailed")]
    options = ["--workflow", "support", "--error", "ToolFailed", "--kind", "tool", "--agent", "refunds", "--from", "2026-11-01"]
    result = septet("runs", *options, "--to", "2026-11-22", "--status", "failed", COLUMNS="160")
    assert "ToolFailed" in result.stdout
    assert dict(api.asked[0].url.params) == {
        "limit": "20",
        "status": "failed",
        "workflow": "support",
        "error": "ToolFailed",
        "kind": "tool",
        "agent": "refunds",
        "from": "2026-11-01",
        "to": "2026-11-22",
    }


def test_what_was_flagged_is_a_column_where_there_is_any(septet: Any, api: FakeApi) -> None:
    api.runs = [report(status="failed", ended_at=moment(61.5), flagged=["cost", "steps"]), report()]
    shown = septet("runs", "--flagged", "any", COLUMNS="160").stdout
    assert api.asked[0].url.params["flagged"] == "any"
    assert [line.split()[-2:] for line in shown.splitlines()[:2]] == [["by", "flagged"], ["cost,", "steps"]]
    answers(api, group(flagged=2), group(error="AnswerInvalid"))
    shown = septet("failures", COLUMNS="160").stdout
    assert ["flagged" in shown.splitlines()[1], shown.splitlines()[2].split()[-1]] == [True, "2"]
    assert "septet runs --flagged any --status failed" in shown
    answers(api, group())
    assert "flagged" not in septet("failures", COLUMNS="160").stdout


def test_nothing_found_is_not_no_run_at_all(septet: Any) -> None:
    assert septet("runs", "--agent", "nobody").stdout.strip() == "No such run."
