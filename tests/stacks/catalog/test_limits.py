"""What a run may use."""

from pathlib import Path

import pytest

from tests.stacks.catalog.breaking import LIMITS, Case, add, swap, task, told

CASES: dict[str, Case] = {
    "more money than the limit": (
        swap(LIMITS, '"2"', '"0.5"'),
        f'{LIMITS}: errand.money: is "0.5", and the turns of a run can cost 1: lower their limits, or raise this',
    ),
    "more transitions than the limit": (
        swap(LIMITS, "transitions = 420", "transitions = 100"),
        f"{LIMITS}: errand.transitions: is 100, and a run can use 105",
    ),
    "more model calls than the limit": (
        swap(LIMITS, "model_calls = 40", "model_calls = 1"),
        "errand.model_calls: is 1, and a run can use ",
    ),
    "more time than the limit": (swap(LIMITS, "seconds = 600", "seconds = 599"), "errand.seconds: is 599, and a run can use 600"),
    "more events than a history holds": (
        task(lambda state: state["Retry"].append({"ErrorEquals": ["ModelUnavailable"], "MaxAttempts": 9_000, "JitterStrategy": "FULL"})),
        "and Step Functions ends an execution at 25000: retry less, or part the work",
    ),
    "a workflow without limits": (swap(LIMITS, "[errand]", "[other]"), f"{LIMITS}: errand: is missing: give a table [errand]"),
    "limits of no workflow": (add(LIMITS, "[arrand]\nmoney = '1'\n"), f"{LIMITS}: arrand: is no workflow, did you mean 'errand'?"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_named(tree: Path, case: str) -> None:
    told(tree, CASES[case])
