"""What the support workflow's declarations mean at the gateway: the real tool.toml files, judged by the real monitor."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from septet.execution.agents import Limits, agent
from septet.security.arguments import Schemas
from septet.security.manifests import Manifest, manifest
from septet.security.monitor import Monitor
from stacks.catalog import read
from stacks.catalog.declarations import Limits as Declared
from stacks.catalog.generated import bundle, grants, manifests
from tests.unit.security.questions import policies

CATALOG = read(Path(__file__).parents[3])
MANIFESTS: dict[str, Manifest] = {name: manifest(name, value) for name, value in manifests(CATALOG).items()}
REFUND = MANIFESTS["issue_refund"]
GOOD: dict[str, Any] = {"order_id": "A-1001", "amount_cents": 4_000, "reason": "It arrived broken."}


def read_order(owner: str = "customer-17", left: int = 50_000) -> Monitor:
    """A monitor of a run of customer 17's, in which this order was read."""
    found = nothing_read()
    order = {"order_id": "A-1001", "customer": owner, "refundable_cents": left}
    found.record("find_order", {"order_id": "A-1001"}, order, at=1, number=4)
    return found


def nothing_read() -> Monitor:
    found = Monitor(MANIFESTS, policies(), principal="customer-17")
    found.request({"message": "Please refund order A-1001."}, {"message": "external"})
    return found


@pytest.mark.parametrize(
    ("change", "known", "outcome"),
    [
        ({}, read_order(), "allow"),
        ({"amount_cents": 10_000}, read_order(), "allow"),
        ({"amount_cents": 10_001}, read_order(), "ask"),
        ({"amount_cents": 50_001}, read_order(), "deny"),
        ({}, read_order(owner="customer-18"), "deny"),
        ({}, read_order(left=0), "deny"),
        ({}, nothing_read(), "deny"),
    ],
)
def test_a_refund_needs_an_order_of_the_customer_s_own_and_a_person_above_the_limit(change: Any, known: Monitor, outcome: str) -> None:
    assert Schemas().problem(REFUND, GOOD | change) == ""
    assert known.decide("issue_refund", GOOD | change, now=2).outcome == outcome


@pytest.mark.parametrize(
    "change", [{"order_id": "1001"}, {"amount_cents": 0}, {"amount_cents": "1"}, {"reason": "x" * 501}, {"customer": "me"}]
)
def test_arguments_the_schema_does_not_know_are_refused(change: Any) -> None:
    assert Schemas().problem(REFUND, GOOD | change)


def test_only_the_refund_acts_among_what_support_s_agents_may_call() -> None:
    called = {name.removeprefix("Agent").lower() for name in CATALOG.workflows["support"].functions if name.startswith("Agent")}
    tools = {tool for name, agent in CATALOG.agents.items() if name.replace("_", "") in called for tool in agent.tools}
    assert {tool for tool in tools if not MANIFESTS[tool].reads} == {"issue_refund"}


def test_only_those_who_handle_refunds_may_issue_one() -> None:
    assert {name for name, tools in grants(CATALOG).items() if "issue_refund" in tools} == {"refunds", "refunds_fallback"}


@pytest.mark.parametrize("name", list(CATALOG.agents))
def test_every_agent_s_bundle_is_one_that_the_runtime_reads(name: str) -> None:
    read_back = agent(bundle(CATALOG, CATALOG.agents[name]))
    assert read_back.name == name
    assert read_back.models
    assert read_back.prompt.strip()


def test_the_synth_and_the_runtime_agree_on_every_limit_s_default() -> None:
    assert asdict(Declared()) == asdict(Limits())


def test_no_tool_runs_so_long_that_trying_it_twice_outlasts_the_gateway() -> None:
    longest = CATALOG.steps["gateway"].function.timeout
    assert all(2 * (tool.timeout + 1) + 2 < longest for tool in MANIFESTS.values())
