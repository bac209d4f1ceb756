"""What every store of what is known of agents promises."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from septet.aws.choices import DynamoChoices, DynamoLoads
from septet.core.choices import HALF_LIFE, Choices, Loads, Tally
from septet.local.choices import MemoryChoices, MemoryLoads

NOW = 1_700_000_000_000
MINUTE = 60_000
WELL, BADLY = {("refunds", "money"): Tally(good=1)}, {("refunds", "money"): Tally(bad=1)}


@dataclass(frozen=True, kw_only=True)
class Stores:
    choices: Choices
    loads: Loads


@pytest.fixture(params=["memory", pytest.param("aws", marks=pytest.mark.twin)])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "memory":
        return Stores(choices=MemoryChoices(), loads=MemoryLoads())
    dynamodb: Any = request.getfixturevalue("aws").dynamodb
    return Stores(choices=DynamoChoices(dynamodb, "contracts-choices"), loads=DynamoLoads(dynamodb, "contracts-choices"))


def learn(choices: Choices, tenant: str, run: str, tallies: Any, *, now: int = NOW) -> bool:
    choices.awaiting(tenant, run, now=now)
    return choices.learn(tenant, run, tallies, now=now)


def test_a_run_teaches_once(stores: Stores, tenant: str) -> None:
    choices = stores.choices
    assert not choices.unlearnt(tenant, "run-1")
    assert not choices.learn(tenant, "run-1", WELL, now=NOW), "nobody was chosen in it"
    choices.awaiting(tenant, "run-1", now=NOW)
    choices.awaiting(tenant, "run-1", now=NOW)
    assert choices.unlearnt(tenant, "run-1")
    assert choices.learn(tenant, "run-1", WELL, now=NOW)
    assert not choices.unlearnt(tenant, "run-1")
    choices.awaiting(tenant, "run-1", now=NOW)
    assert not choices.learn(tenant, "run-1", WELL, now=NOW)
    assert (past := choices.pasts(tenant, "money")["refunds"]).good == 1
    assert (past.bad, past.at) == (0, NOW)


def test_what_is_learnt_is_added_and_older_things_count_less(stores: Stores, tenant: str) -> None:
    for number in range(4):
        assert learn(stores.choices, tenant, f"run-{number}", WELL)
    assert learn(stores.choices, tenant, "run-9", BADLY, now=NOW + HALF_LIFE)
    past = stores.choices.pasts(tenant, "money")["refunds"]
    assert (past.good, past.bad) == (2, 1)


def test_what_is_learnt_stays_with_its_tenant_and_its_skill(stores: Stores, tenant: str) -> None:
    both = {("refunds", "money"): Tally(bad=1), ("senior", "money"): Tally(good=1), ("refunds", "parcels"): Tally(good=1)}
    assert learn(stores.choices, tenant, "run-1", both)
    assert stores.choices.pasts(f"{tenant}-2", "money") == {}
    assert stores.choices.pasts(tenant, "parcels").keys() == {"refunds"}
    assert {agent: (past.good, past.bad) for agent, past in stores.choices.pasts(tenant, "money").items()} == {
        "refunds": (0, 1),
        "senior": (1, 0),
    }
    assert stores.choices.pasts(tenant, "run-1") == {}, "a run's mark is nobody's history"


def test_runs_that_end_at_the_same_time_all_count(stores: Stores, tenant: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        told = list(pool.map(lambda number: learn(stores.choices, tenant, f"run-{number % 3}", WELL), range(6)))
    assert told.count(True) == 3
    assert stores.choices.pasts(tenant, "money")["refunds"].good == 3


def test_a_load_is_the_choices_of_this_minute_and_the_one_before(stores: Stores, tenant: str) -> None:
    agent, loads, now = f"agent-{tenant}", stores.loads, NOW - NOW % MINUTE
    assert loads.of([agent], now=now) == {agent: 0}
    for _ in range(3):
        loads.chosen(agent, now=now)
    loads.chosen(agent, now=now + MINUTE)
    assert loads.of([agent], now=now + MINUTE) == {agent: 4}
    assert loads.of([agent], now=now + 2 * MINUTE) == {agent: 1}
    assert loads.of([agent], now=now + 3 * MINUTE) == {agent: 0}
    loads.chosen(agent, now=now + 9 * MINUTE)
    assert loads.of([agent], now=now + 9 * MINUTE) == {agent: 1}
