from functools import partial
from typing import Any

import pytest

from septet.core.entries import Answer, Branched, Failure, Request, Resolved
from septet.core.errors import BudgetExhausted, InputRejected, NoAnswer
from septet.core.ledger import of_branch
from septet.orchestration.comparing import Compared, Comparing
from septet.orchestration.ends import Sought
from septet.orchestration.resolution import Resolving
from septet.orchestration.resolving.gathering import Keys
from tests.unit.orchestration.parted import MAIN, World
from tests.unit.perils import Fuse, Killed, Perilous

JUDGE = "specialists-judge"
RESOLVING = Resolving(step="specialists", method="judge", sought=Sought(field="is"), keys=Keys())


def asked(percent: int = 50) -> Comparing:
    return Comparing(step="specialists", sought=Sought(field="is"), percent=percent)


def answered(*values: Any, **options: Any) -> World:
    world = World("Which colour?", **options)
    for path, value in zip(world.part(), values, strict=False):
        world.write(world.branch(path), Failure(error="Lost", message="") if value is None else Answer(value={"is": value}))
    return world


def judged(world: World, choice: Any) -> Resolved:
    world.comparer.compare(MAIN, asked())
    world.write(world.branch(JUDGE), Answer(value={"choice": choice, "why": "because"}), agent="judge")
    world.resolver.resolve(MAIN, RESOLVING)
    (body,) = [body for body in world.bodies() if isinstance(body, Resolved)]
    return body


def shown(world: World) -> dict[str, Any]:
    (body,) = [body for body in world.bodies(JUDGE) if isinstance(body, Resolved)]
    return body.value  # type: ignore[no-any-return]  # verdicts by name


def test_a_judge_sees_what_was_said_once_and_not_by_whom() -> None:
    world = answered("red", "blue", None, "Red")
    assert world.comparer.compare(MAIN, asked()) == Compared(branch=JUDGE, answers=2)
    request, compared = world.bodies(JUDGE)
    assert isinstance(request, Request)
    assert isinstance(compared, Resolved)
    assert request.input == {"question": "Which colour?"}
    assert sorted(compared.value.items()) in ([("answer_1", "red"), ("answer_2", "blue")], [("answer_1", "blue"), ("answer_2", "red")])
    assert compared.missing == {}


def test_its_branch_has_an_account_and_is_noted_as_any_other() -> None:
    world = answered("red", "blue")
    world.comparer.compare(MAIN, asked(50))
    account = world.ledger.account("acme", of_branch("run-1", JUDGE))
    assert account.limit == 200_000
    assert JUDGE in world.runs.get("acme", "run-1").paths
    assert [body.paths for body in world.bodies() if isinstance(body, Branched)][1] == (JUDGE,)
    assert [dict(entry.labels) for entry in world.journal.read(world.branch(JUDGE))] == [
        {"question": "unknown"},
        {"value": "unknown", "rationale": "unknown"},
    ]


def test_what_it_chooses_stands_and_its_branch_is_joined() -> None:
    world = answered("red", "blue", "red", "red")
    world.comparer.compare(MAIN, asked())
    body = judged(world, next(name for name, value in shown(world).items() if value == "blue"))
    assert (body.winner, body.value) == ("specialists-1", "blue")
    assert body.paths == ("specialists-0", "specialists-1", "specialists-2", "specialists-3", JUDGE)


@pytest.mark.parametrize("choice", ["answer_3", "specialists-1", "", None, ["answer_1"], 1])
def test_a_choice_that_is_none_leaves_it_to_the_vote(choice: Any) -> None:
    body = judged(answered("blue", "red", "red"), choice)
    assert body.value == "red"
    assert "so the vote decides" in body.rationale["rule"]


def test_a_judge_that_failed_leaves_it_to_the_vote() -> None:
    world = answered("blue", "red", "red")
    world.comparer.compare(MAIN, asked())
    world.write(world.branch(JUDGE), Failure(error="ModelRefused", message=""), agent="judge")
    assert world.resolver.resolve(MAIN, RESOLVING)["winner"] == "specialists-1"


def test_what_it_was_shown_counts_and_not_what_came_later() -> None:
    world = answered("red", "blue")
    world.comparer.compare(MAIN, asked())
    choice = next(name for name, value in shown(world).items() if value == "blue")
    world.write(world.branch("specialists-2"), Answer(value={"is": "a new one"}))
    assert judged(world, choice).winner == "specialists-1"


def test_where_all_say_the_same_there_is_nothing_to_judge() -> None:
    world = answered("red", "Red.", None)
    assert world.comparer.compare(MAIN, asked()) == Compared(branch="", answers=1)
    assert world.bodies(JUDGE) == []
    assert world.resolver.resolve(MAIN, RESOLVING)["winner"] == "specialists-0"


def test_without_an_answer_there_is_none_to_judge() -> None:
    with pytest.raises(NoAnswer):
        answered(None, None).comparer.compare(MAIN, asked())


def test_wherever_it_breaks_off_the_next_call_completes_it() -> None:
    at = 0
    while True:
        fuse = Fuse()
        world = answered("red", "blue", around=partial(Perilous, fuse=fuse))
        fuse.at = fuse.burnt + at
        try:
            world.comparer.compare(MAIN, asked())
            break
        except Killed:
            at += 1
        assert world.comparer.compare(MAIN, asked()).branch == JUDGE
        assert [type(body) for body in world.bodies(JUDGE)] == [Request, Resolved]
        assert sum(isinstance(body, Branched) for body in world.bodies()) == 2
    assert at >= 10


def test_an_event_that_makes_no_sense_is_refused() -> None:
    given: dict[str, Any] = {"step": "specialists", "percent": 1, "sought": Sought()}
    for wrong in ({"percent": 0}, {"percent": True}, {"step": ""}):
        with pytest.raises(InputRejected):
            Comparing(**given | wrong)
    world = answered("red", "blue", budget=40)
    with pytest.raises(BudgetExhausted):
        world.comparer.compare(MAIN, asked(1))
