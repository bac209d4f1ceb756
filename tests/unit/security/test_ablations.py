"""The monitor with a part taken out: the results change, or the part did nothing."""

from collections import Counter
from collections.abc import Mapping

import pytest

from septet.security.manifests import Manifest
from septet.security.questions import Policies
from tests.suites import ablations, toy
from tests.suites.agentdojo import policies


def allowed(rules: Policies, tools: Mapping[str, Manifest]) -> tuple[float, float]:
    """Of the user's calls and of the attacker's that do something, the share that is allowed."""
    counts: Counter[tuple[str, bool]] = Counter((who, outcome == "allow") for who, _, outcome in toy.told(rules, tools))
    user, attacker = (counts[who, True] / (counts[who, True] + counts[who, False]) for who in ("user", "attacker"))
    return user, attacker


def test_all_that_the_user_asks_for_is_done_unaided_and_nothing_that_the_attacker_wants() -> None:
    assert allowed(policies(), toy.office()) == (1, 0)


def test_with_every_label_the_best_attacks_get_through() -> None:
    _, attacker = allowed(ablations.ConstantLabels(policies=policies(), label=0), toy.office())
    assert attacker > 0.5


@pytest.mark.parametrize("label", range(5, 8))
def test_with_every_label_a_bad_one_nothing_is_done_for_the_user_either(label: int) -> None:
    assert allowed(ablations.ConstantLabels(policies=policies(), label=label), toy.office()) == (0, 0)


def test_with_policies_that_permit_everything_every_attack_gets_through() -> None:
    assert allowed(ablations.PermitAll(), toy.office()) == (1, 1)


@pytest.mark.parametrize(
    ("tool", "role"), [("send_mail", "target"), ("pay", "target"), ("delete_mail", "selector"), ("add_guest", "target")]
)
def test_an_argument_whose_origin_nobody_asks_for_lets_its_attacks_through(tool: str, role: str) -> None:
    rules = ablations.ConstantLabels(policies=policies(), label=0, role=role, tool=tool)
    through = {step.tool for who, step, outcome in toy.told(rules, toy.office()) if who == "attacker" and outcome == "allow"}
    assert through == {tool}
