"""What a machine in a hurry keeps, and what it says of itself; and which of its states have cells."""

from typing import Any

from jsonata import Jsonata  # type: ignore[import-untyped]  # it publishes no types

from tests.faults.cells import tasks
from tests.faults.hurry import LATE, SHORT, in_a_hurry, late


def task(name: str, seconds: Any, **more: Any) -> dict[str, Any]:
    called = f"arn:aws:lambda:us-east-1:000000000000:function:{name}:live"
    return {
        "Type": "Task",
        "TimeoutSeconds": seconds,
        "Arguments": {"FunctionName": called, "Payload": {"tenant": "{% $tenant %}", "run": "r"}},
        **more,
    }


RETRY = [{"ErrorEquals": ["StoreUnavailable"], "IntervalSeconds": 30, "BackoffRate": 2, "MaxDelaySeconds": 60, "MaxAttempts": 8}]


def machine(mode: str = "INLINE") -> dict[str, Any]:
    items = {"ProcessorConfig": {"Mode": mode}, "States": {"One works": task("worker", 75)}}
    return {
        "TimeoutSeconds": 1_000_000,
        "States": {
            "Somebody is asked": task("asker", 172_860, Retry=RETRY),
            "Somebody is asked for minutes": task("asker", "{% $seconds + 1 %}"),
            "A while passes": {"Type": "Wait", "Seconds": 15},
            "Each works": {"Type": "Map", "ItemProcessor": items},
        },
    }


def test_attempts_are_as_many_and_come_at_once() -> None:
    (rule,) = in_a_hurry(machine())["States"]["Somebody is asked"]["Retry"]
    assert rule == {"ErrorEquals": ["StoreUnavailable"], "IntervalSeconds": 1, "BackoffRate": 1.0, "MaxDelaySeconds": 2, "MaxAttempts": 8}


def test_only_what_waits_long_is_cut_short() -> None:
    quick = in_a_hurry(machine())
    states = quick["States"]
    assert quick["TimeoutSeconds"] == 1_000_000
    inner = states["Each works"]["ItemProcessor"]["States"]
    assert [waits(states, name) for name in list(states)[:2]] == [SHORT, 41]
    assert waits(inner, "One works") == 75
    assert states["A while passes"]["Seconds"] == 1


def test_a_state_runs_out_of_time_for_the_tenants_that_are_named_after_it_and_no_others() -> None:
    states = in_a_hurry(machine())["States"]
    one, other = list(states)[:2]
    assert waits(states, one, tenant=f"{late(one)}0123") == waits(states, other, tenant=f"{late(other)}0123") == LATE
    assert waits(states, one, tenant=f"{late(other)}0123") == SHORT


def waits(states: dict[str, Any], name: str, *, tenant: str = "t-0123") -> Any:
    """How long the state waits, as its expression says."""
    expression = states[name]["TimeoutSeconds"].removeprefix("{%").removesuffix("%}")
    return Jsonata(expression).evaluate({}, {"tenant": tenant, "seconds": 40})


def test_each_state_tells_its_function_its_name_also_within_a_map() -> None:
    states = in_a_hurry(machine())["States"]
    assert states["Somebody is asked"]["Arguments"]["Payload"] == {"tenant": "{% $tenant %}", "run": "r", "state": "Somebody is asked"}
    assert states["Each works"]["ItemProcessor"]["States"]["One works"]["Arguments"]["Payload"]["state"] == "One works"


def test_an_item_of_a_distributed_map_is_shown_by_the_map() -> None:
    both = [
        ("Somebody is asked", "asker", "Somebody is asked"),
        ("Somebody is asked for minutes", "asker", "Somebody is asked for minutes"),
    ]
    assert [*tasks(machine())] == [*both, ("One works", "worker", "One works")]
    assert [*tasks(machine("DISTRIBUTED"))] == [*both, ("One works", "worker", "Each works")]
