"""What runs have cost, over HTTP: sums of the tenant's own records, in pages that add up."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from septet.core.costs import PLATFORM, Line, Spent
from septet.integration.ports import Principal
from septet.integration.problems import Problem
from septet.integration.spending import TENANTS, By, Question, asked, summed
from tests.unit.integration.conftest import START, Office, principal

TODAY = datetime.fromtimestamp(START // 1000, UTC).date()
ADA = "acme/ada/auditor"


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


def spend(office: Any, run: str, *lines: Line, days: int = 0, workflow: str = "support", tenant: str = "acme", path: str = "main") -> None:
    office.costs.put(Spent(tenant=tenant, run=run, path=path, day=ago(days), workflow=workflow, lines=lines))


@pytest.fixture
def books(office: Any) -> Any:
    """Two runs, two workflows, three days, and somebody else's."""
    small, large = (
        Line(agent="triage", model="small", cost=7, calls=1, input=100, output=10, cached=40),
        Line(agent="writer", model="large", cost=90, calls=2, input=500, output=50),
    )
    spend(office, "run-1", small, large)
    spend(office, "run-1", small, days=1)
    spend(office, "run-2", large, days=6, workflow="research")
    spend(office, "run-2", Line(agent="", model="", cost=5, estimated=True), days=6, workflow="research", path=PLATFORM)
    spend(office, "run-3", large, days=7)
    spend(office, "run-4", large, tenant="other")
    return office


def look(client: Any, **query: str) -> Any:
    return client.as_(ADA).call("GET", "/v1/costs", query=query)


def costs(answer: Any) -> dict[str, int]:
    assert answer.status == 200, answer.body
    return {one["name"]: one["cost_microdollars"] for one in answer.body["sums"]}


@pytest.mark.usefixtures("books")
def test_without_a_question_it_is_this_weeks_by_workflow(client: Any) -> None:
    answer = look(client)
    assert (answer.body["since"], answer.body["until"]) == (ago(6), ago(0))
    assert costs(answer) == {"support": 104, "research": 90}
    assert list(costs(answer)) == ["support", "research"], "the dearest first"
    assert answer.body["total"] == {
        "cost_microdollars": 194,
        "platform_microdollars": 5,
        "endpoint_microdollars": 0,
        "model_calls": 6,
        "tokens_in": 1200,
        "tokens_out": 120,
        "tokens_cached": 80,
    }
    assert answer.body["next"] is None


@pytest.mark.parametrize(
    ("by", "found"),
    [
        ("run", {"run-1": 104, "run-2": 90}),
        ("agent", {"writer": 180, "triage": 14, "": 0}),
        ("model", {"large": 180, "small": 14, "": 0}),
        ("day", {ago(6): 90, ago(1): 7, ago(0): 97}),
    ],
)
@pytest.mark.usefixtures("books")
def test_sums_are_told_apart_by_what_is_asked_for(client: Any, by: str, found: dict[str, int]) -> None:
    assert list(costs(look(client, by=by)).items()) == list(found.items())


@pytest.mark.usefixtures("books")
def test_days_and_a_workflow_narrow_it_down(client: Any) -> None:
    assert costs(look(client, **{"from": ago(7), "to": ago(6)})) == {"research": 90, "support": 90}
    assert costs(look(client, **{"from": ago(7), "to": ago(1), "workflow": "support"})) == {"support": 97}
    assert costs(look(client, to=ago(6))) == {"research": 90, "support": 90}, "from is a week before"


@pytest.mark.usefixtures("books")
def test_what_is_estimated_is_never_in_the_cost(client: Any) -> None:
    (research,) = [one for one in look(client).body["sums"] if one["name"] == "research"]
    assert (research["cost_microdollars"], research["platform_microdollars"]) == (90, 5)


@pytest.mark.usefixtures("books")
def test_what_calls_took_of_instances_is_a_part_of_what_is_estimated(client: Any, office: Any) -> None:
    spend(
        office, "run-5", Line(agent="triage", model="tuned", cost=3, endpoint=40), Line(agent="writer", model="tuned", cost=0, endpoint=2)
    )
    spend(office, "run-5", Line(agent="", model="", cost=7, estimated=True), path=PLATFORM)
    found = {one["name"]: one for one in look(client, by="model").body["sums"]}
    assert [found["tuned"][name] for name in ("cost_microdollars", "platform_microdollars", "endpoint_microdollars")] == [3, 42, 42]
    assert (found[""]["platform_microdollars"], found[""]["endpoint_microdollars"]) == (12, 0)
    total = look(client, by="run").body["total"]
    assert (total["platform_microdollars"], total["endpoint_microdollars"]) == (54, 42)


@pytest.mark.usefixtures("books")
def test_another_tenants_are_not_there(client: Any) -> None:
    assert costs(client.as_("other/ada/auditor").call("GET", "/v1/costs", query={"by": "run"})) == {"run-4": 90}


@pytest.mark.parametrize(
    ("query", "field", "told"),
    [
        ({"from": "2026-02-30"}, "from", "is no day"),
        ({"to": "yesterday"}, "to", "write a day as 2026-11-23"),
        ({"from": ago(0), "to": ago(1)}, "from", "after the last day"),
        ({"from": ago(92)}, "from", "ask for 92 at most"),
        ({"by": "person"}, "by", "'run', 'agent'"),
        ({"since": ago(1)}, "since", "known are: from, to, by"),
        ({"limit": "1001"}, "limit", "1000"),
    ],
)
def test_what_cannot_be_asked_is_said(client: Any, query: dict[str, str], field: str, told: str) -> None:
    answer = look(client, **query)
    assert (answer.status, answer.fields) == (422, [field])
    assert told in answer.body["detail"]


def test_a_quarter_of_a_year_can_be_asked_for(client: Any) -> None:
    assert costs(look(client, **{"from": ago(91)})) == {}
    assert costs(look(client, **{"from": "0001-01-01", "to": "0001-01-02"})) == {}
    assert costs(look(client, to="0001-01-02")) == {}


@pytest.mark.usefixtures("books")
def test_pages_add_up(client: Any) -> None:
    whole, found, query = costs(look(client, by="model")), Counter[str](), {"by": "model", "limit": "1"}
    pages: list[Any] = []
    while not pages or (query := {**query, "cursor": pages[-1].body["next"]})["cursor"]:
        pages.append(look(client, **query))
        found.update(costs(pages[-1]))
    assert found == whole
    assert len(pages) == 4


@pytest.mark.parametrize("cursor", ["x", "é", "MjAyNS0xMS0yMg", "!!!!"])
def test_a_cursor_that_is_none_leads_nowhere(client: Any, cursor: str) -> None:
    assert (look(client, cursor=cursor).status, look(client, cursor=cursor).fields) == (404, ["cursor"])


@pytest.mark.usefixtures("books")
def test_a_cursor_is_good_for_its_own_days_only(client: Any) -> None:
    cursor = look(client, limit="1").body["next"]
    assert look(client, cursor=cursor, limit="1").status == 200
    answer = look(client, cursor=cursor, **{"from": ago(3)})
    assert (answer.status, answer.fields) == (404, ["cursor"])


@pytest.fixture
def tenants(books: Any) -> Any:
    """Three tenants that ran something, one of which cost nothing."""
    for tenant in ("acme", "other", "quiet"):
        books.start(principal("ann", tenant=tenant))
    return books


DUTY = ("operations/duty/auditor", "operations/duty/operator", "operations/duty/admin")


@pytest.mark.usefixtures("tenants")
@pytest.mark.parametrize("who", DUTY)
def test_whoever_operates_the_platform_sees_what_each_tenant_cost(client: Any, who: str) -> None:
    answer = client.as_(who).call("GET", "/v1/costs", query={"by": "tenant"})
    assert list(costs(answer).items()) == [("acme", 194), ("other", 90)]
    assert (answer.body["total"]["cost_microdollars"], answer.body["next"]) == (284, None)
    assert costs(client.as_(who).call("GET", "/v1/costs", query={"by": "tenant", "workflow": "research"})) == {"acme": 90}
    assert costs(client.as_(who).call("GET", "/v1/costs", query={"by": "run"})) == {}, "of its own it has none"


@pytest.mark.usefixtures("tenants")
@pytest.mark.parametrize(
    "who", ["operations/eve/approver,submitter", "acme/eve/admin,approver,auditor,operator,submitter", "other/eve/auditor"]
)
def test_nobody_else_sees_another_tenants_costs(office: Any, client: Any, who: str) -> None:
    cursor = client.as_(DUTY[0]).call("GET", "/v1/costs", query={"by": "tenant", "limit": "1"}).body["next"]
    for query in ({"by": "tenant"}, {"by": "tenant", "cursor": cursor}):
        assert client.as_(who).call("GET", "/v1/costs", query=query).status == 403
    assert client.as_(who).call("GET", "/v1/costs", query={"by": "run", "cursor": cursor}).status in (403, 404)
    with pytest.raises(Problem):
        asked(Question(by="tenant", limit=9), principal("duty", "operator", tenant="operations"), replace(office.ports, platform_tenant=""))


@pytest.mark.usefixtures("tenants")
@pytest.mark.parametrize("limit", ["1", "2", "4", "5", "9"])
def test_pages_of_every_tenants_add_up(client: Any, limit: str) -> None:
    found, query = Counter[str](), {"by": "tenant", "limit": limit}
    pages: list[Any] = []
    while not pages or (query := {**query, "cursor": pages[-1].body["next"]})["cursor"]:
        pages.append(client.as_(DUTY[0]).call("GET", "/v1/costs", query=query))
        assert pages[-1].status == 200, pages[-1].body
        found.update(costs(pages[-1]))
    assert found == {"acme": 194, "other": 90}


def test_an_answer_looks_at_so_many_tenants_and_goes_on_at_the_next(office: Any, client: Any) -> None:
    for number in range(TENANTS + 2):
        office.start(principal("ann", tenant=f"t-{number:03d}"))
    spend(office, "run-9", Line(agent="a", model="m", cost=8), tenant=f"t-{TENANTS:03d}")
    first = client.as_(DUTY[0]).call("GET", "/v1/costs", query={"by": "tenant"})
    assert (costs(first), bool(first.body["next"])) == ({}, True)
    second = client.as_(DUTY[0]).call("GET", "/v1/costs", query={"by": "tenant", "cursor": first.body["next"]})
    assert (costs(second), second.body["next"]) == ({f"t-{TENANTS:03d}": 8}, None)


@pytest.mark.usefixtures("tenants")
def test_a_cursor_of_ones_own_leads_nowhere_among_every_tenants(client: Any) -> None:
    cursor = client.as_("acme/ada/auditor").call("GET", "/v1/costs", query={"limit": "1"}).body["next"]
    assert client.as_(DUTY[0]).call("GET", "/v1/costs", query={"by": "tenant", "cursor": cursor}).status == 404


def test_an_approver_is_not_told(office: Any) -> None:
    with pytest.raises(Problem, match="auditor"):
        asked(
            Question(by="run", limit=1), Principal(tenant="acme", subject="eve", roles=frozenset({"approver", "submitter"})), office.ports
        )


names = st.sampled_from(["a", "b", ""])
lines = st.builds(
    Line,
    agent=names,
    model=names,
    cost=st.integers(0, 10**9),
    calls=st.integers(0, 9),
    input=st.integers(0, 99),
    estimated=st.booleans(),
    endpoint=st.integers(0, 99),
)
records = st.builds(
    Spent,
    tenant=st.just("acme"),
    run=st.sampled_from(["run-1", "run-2"]),
    path=st.sampled_from(["main", "part-0"]),
    day=st.integers(0, 9).map(ago),
    workflow=st.sampled_from(["support", "research"]),
    lines=st.lists(lines, max_size=4).map(tuple),
)
ways: st.SearchStrategy[By] = st.sampled_from(["run", "agent", "workflow", "model", "day"])


@given(st.lists(records, max_size=12), ways)
def test_however_they_are_told_apart_the_sums_come_to_the_same(found: list[Spent], by: By) -> None:
    sums = summed(found, by)
    assert len({one.name for one in sums}) == len(sums)
    assert sum(one.cost for one in sums) == sum(one.cost for one in found)
    assert sum(one.cost + one.estimated for one in sums) == sum(line.cost + line.endpoint for one in found for line in one.lines)
    assert sum(one.endpoint for one in sums) == sum(line.endpoint for one in found for line in one.lines)
    assert sum(one.calls for one in sums) == sum(line.calls for one in found for line in one.lines)


@settings(max_examples=50)
@given(st.lists(records, max_size=12), ways, st.integers(1, 5))
def test_pages_of_any_size_have_every_record_once(found: list[Spent], by: By, limit: int) -> None:
    office, ada = Office(), Principal(tenant="acme", subject="ada", roles=frozenset({"auditor"}))
    for one in found:
        office.costs.put(one)
    kept = list(office.costs.page("acme", since=ago(9), until=ago(0), limit=99)[0])
    assert {one.day for one in kept} <= {date.fromisoformat(ago(n)).isoformat() for n in range(10)}
    total, cursor = Counter[str](), None
    while True:
        answer = asked(Question(by=by, since=ago(9), limit=limit, cursor=cursor), ada, office.ports)
        total.update({one.name: one.cost for one in answer.sums})
        cursor = answer.next
        if cursor is None:
            break
    assert +total == +Counter({one.name: one.cost for one in summed(kept, by)})
