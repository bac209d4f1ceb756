import json
from typing import Any

import pytest

from tests.unit.local.cli.fake_api import FakeApi
from tests.unit.local.cli.fake_twin import FakeTwin
from tests.unit.local.cli.output import unwrapped
from tests.unit.local.cli.test_reaching import claims


def figures(cost: int, platform: int = 0, **more: Any) -> dict[str, Any]:
    used = {"model_calls": 3, "tokens_in": 12_345, "tokens_out": 678, "tokens_cached": 90}
    return {"cost_microdollars": cost, "platform_microdollars": platform, "endpoint_microdollars": 0, **used, **more}


def page(*sums: dict[str, Any], following: str | None = None) -> dict[str, Any]:
    total = {name: sum(one[name] for one in sums) for name in figures(0)}
    return {"since": "2026-11-17", "until": "2026-11-23", "sums": list(sums), "total": total, "next": following}


@pytest.fixture(autouse=True)
def some(api: FakeApi) -> None:
    api.costs = [page(figures(7_500, name="support"), figures(2_499, name="research\x1b[2J"), figures(1, name="tiny"))]


def test_sums_their_shares_and_the_total_are_a_table(septet: Any, api: FakeApi) -> None:
    shown = septet("costs", COLUMNS="120").stdout
    assert "2026-11-17 to 2026-11-23 (UTC)" in shown
    assert "support $0.007500 75% ████████████ 3 12,345 678 90" in unwrapped(shown)
    assert "research\\x1b[2J $0.002499 25% ████" in unwrapped(shown)
    assert "tiny $0.000001 0% ▏" in unwrapped(shown), "what is above nothing shows"
    assert "total $0.010000 100%" in unwrapped(shown)
    assert "platform" not in shown
    assert dict(api.asked[-1].url.params) == {"by": "workflow"}


@pytest.mark.parametrize("columns", ["40", "60", "80"])
def test_a_narrow_terminal_shows_the_money_alone_and_breaks_no_line(septet: Any, columns: str) -> None:
    shown = septet("costs", COLUMNS=columns).stdout
    assert max(map(len, shown.splitlines())) <= int(columns)
    assert "support $0.007500 75%" in unwrapped(shown)
    assert "12,345" not in shown


def test_what_is_estimated_stands_beside_and_says_so(septet: Any, api: FakeApi) -> None:
    api.costs = [page(figures(10, name="triage"), figures(0, 420, name=""))]
    shown = unwrapped(septet("costs", "--by", "agent").stdout)
    assert "the platform $0.000000 0% $0.000420" in shown
    assert "~ estimated by list prices, and not in the cost" in shown


def test_what_has_no_estimate_of_its_own_has_no_figure_there(septet: Any, api: FakeApi) -> None:
    api.costs = [page(figures(10, name="triage"), figures(0, 420, name=""))]
    assert "triage $0.000010 100% the platform" in unwrapped(septet("costs", "--by", "agent").stdout)


def test_what_costs_are_not_told_apart_by_is_not_sent(septet: Any, api: FakeApi) -> None:
    result = septet("costs", "--by", "nothing")
    assert (result.exit_code, api.asked) == (2, [])
    assert "give one of: workflow, agent, model, run, day" in unwrapped(result.stderr)
    assert "Value error" not in result.stderr


def test_what_endpoints_took_of_it_has_a_column_where_there_is_any(septet: Any, api: FakeApi) -> None:
    api.costs = [page(figures(10, 420, endpoint_microdollars=400, name="triage"), figures(0, 20, name=""))]
    shown = unwrapped(septet("costs", "--by", "agent").stdout)
    assert "of it endpoints ~" in shown
    assert "triage $0.000010 100% $0.000420 $0.000400" in shown
    api.costs = [page(figures(10, 420, name="triage"))]
    assert "endpoints" not in septet("costs", "--by", "agent").stdout


def test_days_and_a_workflow_are_asked_for(septet: Any, api: FakeApi) -> None:
    septet("costs", "--from", "2026-11-01", "--to", "2026-11-02", "--by", "day", "--workflow", "support")
    assert dict(api.asked[-1].url.params) == {"from": "2026-11-01", "to": "2026-11-02", "by": "day", "workflow": "support"}


def test_pages_are_added_up(septet: Any, api: FakeApi) -> None:
    api.costs = [
        page(figures(5, name="a"), figures(1, name="b"), following="1"),
        page(figures(9, name="b"), figures(3, name="c")),
    ]
    found = json.loads(septet("costs", "--json").stdout)
    assert [(one["name"], one["cost_microdollars"], one["model_calls"]) for one in found["sums"]] == [
        ("b", 10, 6),
        ("a", 5, 3),
        ("c", 3, 3),
    ]
    assert (found["total"]["cost_microdollars"], found["next"], len(api.asked)) == (18, None, 2)


def test_days_stay_in_their_order(septet: Any, api: FakeApi) -> None:
    api.costs = [page(figures(5, name="2026-11-17"), following="1"), page(figures(1, name="2026-11-16"), figures(9, name="2026-11-18"))]
    found = json.loads(septet("costs", "--by", "day", "--json").stdout)
    assert [one["name"] for one in found["sums"]] == ["2026-11-16", "2026-11-17", "2026-11-18"]


def test_nothing_is_said_to_be_nothing(septet: Any, api: FakeApi) -> None:
    api.costs = [page()]
    assert "No run has cost anything: 2026-11-17 to 2026-11-23 (UTC)." in septet("costs").stdout


def test_shares_of_nothing_are_none(septet: Any, api: FakeApi) -> None:
    api.costs = [page(figures(0, name="support"))]
    assert "support $0.000000 0%" in unwrapped(septet("costs").stdout)


def test_sums_of_tenants_are_asked_for(septet: Any, api: FakeApi) -> None:
    api.costs = [page(figures(5, name="acme"), following="1"), page(figures(9, name="other"))]
    shown = unwrapped(septet("costs", "--by", "tenant").stdout)
    assert api.asked[0].url.params["by"] == "tenant"
    assert shown.index("other $0.000009 64%") < shown.index("acme $0.000005 36%")


def test_on_the_twin_an_operator_looks(septet: Any, api: FakeApi, twin: FakeTwin) -> None:
    twin.deploy()
    septet("costs", elsewhere=False)
    assert claims(api.asked[-1])["roles"] == ["operator"]
