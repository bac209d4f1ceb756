"""Every tenant's runs, as operators of the platform see them and nobody else does."""

from dataclasses import replace
from typing import Any

import pytest

from septet.core.summaries import Summary
from septet.integration.http.operations import OPERATIONS
from septet.integration.ports import ROLES
from septet.integration.problems import Kind, Problem
from septet.integration.reading import listing
from septet.integration.stopping import lift, proof, stop_all
from tests.unit.integration.conftest import Office, principal

DUTY = principal("duty", "operator", tenant="operations")
OTHERS = [
    *(principal("eve", role, tenant="operations") for role in sorted(ROLES - {"operator", "admin"})),
    principal("eve", *sorted(ROLES)),
    principal("eve", "operator", tenant="globex"),
]
"""Everybody else of the tenant that operates the platform, and others with every role."""


def runs(office: Office) -> list[tuple[str, str]]:
    """Runs of two tenants, the newest first."""
    tenants = ["acme", "globex", "acme", "globex", "acme"]
    return [(tenant, office.start(principal("ann", tenant=tenant))) for tenant in tenants][::-1]


def test_an_operator_of_the_platform_sees_what_runs_page_by_page(office: Office) -> None:
    wanted = runs(office)
    office.ask(wanted[0][1])
    found: list[Any] = []
    cursor = None
    while True:
        page = listing(DUTY, office.ports, limit=2, cursor=cursor, status="running", everybody=True)
        found += page.runs
        if (cursor := page.next) is None:
            break
    assert [(run.tenant, run.run) for run, _ in found] == wanted
    assert [status for _, status in found] == ["waiting", *["running"] * 4]
    waiting = listing(DUTY, office.ports, limit=10, status="waiting", everybody=True)
    assert [run.run for run, _ in waiting.runs] == [wanted[0][1]]
    assert [run.tenant for run, _ in listing(DUTY, office.ports, limit=10, status="running").runs] == [], "its own has none"


@pytest.mark.parametrize("who", OTHERS, ids=lambda who: f"{who.tenant}: {', '.join(sorted(who.roles))}")
def test_nobody_else_sees_them_nor_what_a_stop_of_the_platform_covered(office: Office, who: Any) -> None:
    runs(office)
    stop = stop_all("platform", "", "a drill", DUTY, office.ports).order.stop
    asked = (
        lambda: listing(who, office.ports, limit=10, status="running", everybody=True),
        lambda: proof(stop, who, office.ports),
        lambda: lift(stop, who, office.ports),
    )
    for ask in asked:
        with pytest.raises(Problem) as refused:
            ask()
        assert refused.value.kind in (Kind.FORBIDDEN, Kind.NOT_FOUND)
    assert len(proof(stop, DUTY, office.ports).runs) == 5


def test_where_no_tenant_operates_the_platform_nobody_sees_them(office: Office) -> None:
    with pytest.raises(Problem) as refused:
        listing(DUTY, replace(office.ports, platform_tenant=""), limit=10, status="running", everybody=True)
    assert refused.value.kind is Kind.FORBIDDEN


def test_what_has_ended_is_its_tenant_s_alone(office: Office) -> None:
    _, over = runs(office)[-1]
    office.runs.close("acme", over, status="failed", ended_at=office.clock())
    with pytest.raises(Problem) as refused:
        listing(DUTY, office.ports, limit=10, status="failed", everybody=True)
    assert refused.value.kind is Kind.INVALID
    listed = {run.run for run, _ in listing(DUTY, office.ports, limit=10, everybody=True).runs}
    assert len(listed) == 4
    assert over not in listed


def test_over_http_each_line_says_whose_it_is(office: Office, client: Any) -> None:
    wanted = runs(office)
    asked = {"everybody": "true"}
    answer = client.as_("operations/duty/operator").call("GET", "/v1/runs", query=asked)
    assert (answer.status, [(run["tenant"], run["id"]) for run in answer.body["runs"]]) == (200, wanted)
    assert client.as_("acme/eve/operator").call("GET", "/v1/runs", query=asked).status == 403
    own = client.as_("acme/eve/operator").call("GET", "/v1/runs", query={"status": "running"})
    assert not any("flagged" in run for run in (*answer.body["runs"], *own.body["runs"]))
    assert len(own.body["runs"]) == 3
    assert not any("tenant" in run for run in own.body["runs"])
    office.summaries.put(Summary(tenant="acme", run=wanted[0][1], workflow="support", submitter="ann", status="running", created=0))
    office.summaries.flag("acme", wanted[0][1], "steps")
    unusual = client.as_("operations/duty/operator").call("GET", "/v1/runs", query=asked | {"flagged": "any"})
    assert [(run["id"], run["flagged"]) for run in unusual.body["runs"]] == [(wanted[0][1], ["steps"])]
    assert client.as_("acme/eve/operator").call("GET", "/v1/runs", query={"flagged": "money"}).status == 422
    assert [one.id for one in OPERATIONS if one.path == "/v1/runs" and one.method == "GET"] == ["listRuns"]
