import json
from typing import Any

import httpx
import pytest

from tests.unit.local.cli.fake_api import FakeApi, budget, entry, problem, report
from tests.unit.local.cli.fake_twin import FakeTwin
from tests.unit.local.cli.output import unwrapped
from tests.unit.local.cli.test_reaching import claims


def sent(api: FakeApi) -> Any:
    return json.loads(api.asked[-1].content)


def test_limits_and_the_day_are_shown(septet: Any) -> None:
    shown = unwrapped(septet("budget").stdout)
    assert "day $50.000000 all runs started on one day (UTC)" in shown
    assert "usual $1.000000" in shown
    assert "2026-11-22: $0.001612 spent, $1.000000 held by runs, $48.998388 left of $50.000000" in shown


def test_programs_get_them_as_the_api_tells_them(septet: Any) -> None:
    assert json.loads(septet("budget", "--json").stdout) == budget()


def test_limits_are_set_and_what_holds_then_is_shown(septet: Any, api: FakeApi) -> None:
    result = septet("budget", "set", "--day", "20", "--usual", "0.5")
    assert (result.exit_code, sent(api)) == (0, {"day": "20", "usual": "0.5"})
    assert (api.asked[-1].method, api.asked[-1].url.path) == ("PUT", "/live/v1/budget")
    assert "day $20.000000" in unwrapped(result.stdout)
    assert json.loads(septet("budget", "set", "--day", "20", "--json").stdout) == budget(day=20_000_000)


def test_on_the_twin_an_administrator_sets_and_an_operator_looks(septet: Any, api: FakeApi, twin: FakeTwin) -> None:
    twin.deploy()
    septet("budget", "set", "--day", "20", elsewhere=False)
    septet("budget", elsewhere=False)
    assert [claims(request)["roles"] for request in api.asked] == [["admin"], ["operator"]]


@pytest.mark.parametrize("amount", ["0", "-1", "1e3", "0.0000001", "twenty", "1,5", "$20"])
def test_what_is_no_amount_is_wrong_usage_and_not_sent(septet: Any, api: FakeApi, amount: str) -> None:
    for command in (("budget", "set", f"--day={amount}"), ("run", "support", "x", f"--budget={amount}")):
        result = septet(*command)
        assert result.exit_code == 2
        assert "is no amount" in result.stderr
        assert "dollars as decimal text" in unwrapped(result.stderr)
    assert api.asked == []


def test_setting_nothing_is_wrong_usage(septet: Any, api: FakeApi) -> None:
    result = septet("budget", "set")
    assert (result.exit_code, api.asked) == (2, [])
    assert "septet budget set --day 20" in unwrapped(result.stderr)


@pytest.mark.parametrize("word", ["set", "history"])
def test_an_option_that_would_not_hold_is_refused(septet: Any, api: FakeApi, word: str) -> None:
    result = septet("budget", "--token", "another", word)
    assert (result.exit_code, api.asked) == (2, [])
    assert f"write it after: septet budget {word}" in unwrapped(result.stderr)


def test_the_history_says_who_changed_what(septet: Any, api: FakeApi) -> None:
    assert "Nobody has changed a limit" in septet("budget", "history").stdout
    api.changes = [entry(0, 1, "limit_set", name="day", before=50_000_000, after=20_000_000, by="boss\x1b[2J")]
    shown = septet("budget", "history").stdout
    assert "boss\\x1b[2J" in shown
    assert "day $50.000000 $20.000000" in unwrapped(shown)
    assert json.loads(septet("budget", "history", "--json").stdout) == {"entries": api.changes}


def test_a_run_asks_for_its_budget(septet: Any, api: FakeApi) -> None:
    septet("run", "support", "x", "--no-watch", "--budget", "0.25")
    assert sent(api) == {"workflow": "support", "input": {"message": "x"}, "budget": "0.25"}


def test_what_a_run_cost_is_shown_with_its_budget(septet: Any, api: FakeApi) -> None:
    share = {"limit_microdollars": 250_000, "spent_microdollars": 1_612, "reserved_microdollars": 0, "available_microdollars": 0}
    ended = report(status="succeeded", ended_at="2026-11-22T21:00:09.000Z", cost_microdollars=1_612, budget=share)
    api.stages = [(ended, [])]
    assert "$0.001612 of $0.250000" in unwrapped(septet("run", "support", "x").stdout)


def test_a_tenant_without_money_is_told_what_to_do_and_not_asked_again_meanwhile(septet: Any, api: FakeApi, waits: list[float]) -> None:
    answer = problem(429, "the budget of today is used up", type="urn:septet:problem:exhausted")
    answer.headers["Retry-After"] = "8700"
    api.failures = [answer]
    result = septet("run", "support", "x", "--no-watch")
    assert (result.exit_code, len(api.asked), waits) == (3, 1, [])
    assert "the budget of today is used up" in unwrapped(result.stderr)
    assert "septet budget set --day" in unwrapped(result.stderr)


def test_too_many_requests_are_a_matter_of_waiting(septet: Any, api: FakeApi, waits: list[float]) -> None:
    api.failures = [httpx.Response(429, json={"message": "Too Many Requests"})]
    assert septet("run", "support", "x", "--no-watch").exit_code == 0
    assert len(waits) == 1
