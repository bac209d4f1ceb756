from functools import partial
from typing import Any

import pytest

from septet.core.entries import Answer, Failure, ModelFailed, ModelReply, Resolved
from septet.core.errors import InputRejected, NoAnswer
from septet.orchestration.comparing import Comparing
from septet.orchestration.ends import Sought
from septet.orchestration.resolution import Resolving
from septet.orchestration.resolving.gathering import Keys
from tests.unit.orchestration.parted import MAIN, World
from tests.unit.perils import Fuse, Killed, Perilous


def asked(method: str = "all", field: str = "") -> Resolving:
    return Resolving(step="specialists", method=method, sought=Sought(field=field), keys=Keys())


def ended(*ends: Any, **options: Any) -> World:
    """A run with three branches, each with one of *ends*."""
    world = World(**options)
    for path, end in zip(world.part(), ends, strict=True):
        if end is not None:
            world.write(world.branch(path), end)
    return world


def found(world: World) -> Resolved:
    (body,) = [body for body in world.bodies() if isinstance(body, Resolved)]
    return body


def finding(key: str, value: Any) -> Answer:
    return Answer(value=[{"key": key, "value": value}])


class TestAll:
    def test_what_each_found_is_kept_and_who_is_missing_is_named(self) -> None:
        world = ended(finding("height", "8848 m"), Failure(error="LoopDetected", message="m"), finding("height", "8,849 m"))
        told = world.resolver.resolve(MAIN, asked())
        assert told == {"winner": "", "answered": 2, "missing": ["specialists-1"], "agreed": 0, "tied": False, "conflicts": 1}
        body = found(world)
        assert body.paths == ("specialists-0", "specialists-1", "specialists-2")
        assert set(body.value["findings"]) == {"specialists-0", "specialists-2"}
        (conflict,) = body.value["conflicts"]
        assert conflict == {
            "key": "height",
            "values": [{"value": "8848 m", "by": ["specialists-0"]}, {"value": "8,849 m", "by": ["specialists-2"]}],
        }
        assert body.missing == {"specialists-1": "LoopDetected"}
        assert body.rationale["unanswered"] == {"specialists-1": "Who made it?"}

    def test_values_that_say_the_same_are_no_conflict(self) -> None:
        world = ended(finding("Height", 8849), finding("height ", "8,849.0"), finding("width", 3))
        assert world.resolver.resolve(MAIN, asked())["conflicts"] == 0

    def test_it_is_labelled_as_the_worst(self) -> None:
        world = ended(finding("a", 1), None, None)
        world.resolver.resolve(MAIN, asked())
        assert set(list(world.journal.read(MAIN))[-1].labels.values()) == {"unknown"}


class TestMissing:
    @pytest.mark.parametrize(
        ("end", "error"),
        [
            (Failure(error="AnswerInvalid", message=""), "AnswerInvalid"),
            (ModelFailed(model="m", error="ModelThrottled", message=""), "ModelThrottled"),
            (None, "Lost"),
            (ModelReply(model="m", text="thinking", calls=(), stop="end"), "Lost"),
            (Answer(value=None), "AnswerInvalid"),
            (Answer(value="x" * 100_000), "AnswerInvalid"),
        ],
    )
    def test_why_is_told(self, end: Any, error: str) -> None:
        world = ended(finding("a", 1), finding("a", 1), end)
        world.resolver.resolve(MAIN, asked())
        assert found(world).missing == {"specialists-2": error}

    def test_a_branch_that_was_stopped_says_so(self) -> None:
        world = ended(finding("a", 1), finding("a", 1), None)
        world.ledger.stop("acme", "run-1", "an operator")
        world.resolver.resolve(MAIN, asked())
        assert found(world).missing == {"specialists-2": "RunStopped"}

    def test_of_several_turns_the_last_end_counts(self) -> None:
        world = ended(Failure(error="LoopDetected", message=""), finding("a", 1), finding("a", 1))
        world.write(world.branch("specialists-0"), finding("a", 1), agent="another")
        world.write(world.branch("specialists-1"), Failure(error="CheckFailed", message=""), agent="checker")
        world.resolver.resolve(MAIN, asked())
        assert found(world).missing == {"specialists-1": "CheckFailed"}

    def test_a_field_that_is_not_there_is_no_answer(self) -> None:
        world = ended(Answer(value={"it": 1}), Answer(value={}), Answer(value="text"))
        assert world.resolver.resolve(MAIN, asked(field="it"))["missing"] == ["specialists-1", "specialists-2"]

    def test_when_all_are_there_is_no_answer_and_nothing_is_written(self) -> None:
        world = ended(None, None, Failure(error="LoopDetected", message=""))
        with pytest.raises(NoAnswer):
            world.resolver.resolve(MAIN, asked())
        assert not any(isinstance(body, Resolved) for body in world.bodies())

    @pytest.mark.parametrize("empty", [[], {}, ""])
    def test_who_looked_and_found_nothing_is_missing_where_every_answer_is_kept(self, empty: Any) -> None:
        world = ended(Answer(value={"claims": empty, "note": "looked"}), Answer(value={"claims": [{"key": "a", "value": 0}]}), None)
        assert world.resolver.resolve(MAIN, asked(field="claims"))["missing"] == ["specialists-0", "specialists-2"]
        assert found(world).missing == {"specialists-0": "NoAnswer", "specialists-2": "Lost"}
        assert list(found(world).value["findings"]) == ["specialists-1"]
        assert found(world).rationale["unanswered"].keys() == {"specialists-0", "specialists-2"}

    def test_when_nobody_found_anything_there_is_no_answer(self) -> None:
        world = ended(*[Answer(value={"claims": []})] * 2, Failure(error="LoopDetected", message="m"))
        with pytest.raises(NoAnswer):
            world.resolver.resolve(MAIN, asked(field="claims"))
        assert not any(isinstance(body, Resolved) for body in world.bodies())

    def test_nothing_is_an_answer_that_can_be_voted_for(self) -> None:
        world = ended(*[Answer(value=[])] * 3)
        assert world.resolver.resolve(MAIN, asked("vote"))["agreed"] == 3


def test_asked_again_it_is_the_same_whatever_has_happened_since() -> None:
    world = ended(finding("a", 1), None, None)
    first = world.resolver.resolve(MAIN, asked())
    world.write(world.branch("specialists-1"), finding("a", 2))
    assert world.resolver.resolve(MAIN, asked()) == first


def test_wherever_it_breaks_off_the_next_call_completes_it() -> None:
    at = 0
    while True:
        fuse = Fuse()
        world = ended(finding("a", 1), None, finding("a", 2), around=partial(Perilous, fuse=fuse))
        fuse.at = fuse.burnt + at
        try:
            world.resolver.resolve(MAIN, asked())
            break
        except Killed:
            at += 1
        assert world.resolver.resolve(MAIN, asked())["answered"] == 2
        found(world)
    assert at >= 10


def test_what_was_not_parted_cannot_be_resolved() -> None:
    with pytest.raises(InputRejected):
        World().resolver.resolve(MAIN, asked())


def test_a_method_that_there_is_not_is_named() -> None:
    with pytest.raises(InputRejected, match="dice"):
        asked("dice")


def verdict(said: str, sure: Any, why: str) -> Answer:
    return Answer(value={"verdict": said, "confidence": sure, "why": why})


class TestBy:
    """What is decided on may be more than what it is compared by."""

    def test_answers_that_say_the_same_by_one_field_are_one_with_the_reasons_of_the_first(self) -> None:
        world = ended(verdict("no", 1, "a"), verdict("Yes.", 1, "b"), verdict("yes", 1, "c"))
        assert world.resolver.resolve(MAIN, voting("vote"))["agreed"] == 2
        assert found(world).value == {"verdict": "Yes.", "why": "b"}

    @pytest.mark.parametrize("answer", [Answer(value={"why": "a"}), Answer(value={"verdict": None}), Answer(value="yes")])
    def test_an_answer_without_that_field_is_missing(self, answer: Answer) -> None:
        world = ended(answer, verdict("yes", 1, "b"), None)
        world.resolver.resolve(MAIN, voting("vote"))
        assert found(world).missing == {"specialists-0": "AnswerInvalid", "specialists-2": "Lost"}

    def test_what_is_too_large_to_compare_cannot_be_decided_on_either(self) -> None:
        world = ended(verdict("yes", 1, "b" * 70_000), verdict("yes", 1, "b"), None)
        world.resolver.resolve(MAIN, voting("vote"))
        assert found(world).missing["specialists-0"] == "AnswerInvalid"


def voting(method: str, **more: Any) -> Resolving:
    return Resolving(step="specialists", method=method, sought=Sought(by="verdict"), keys=Keys(), **more)


class TestTiesLeft:
    """A tie that a judge is to break stands nowhere until he has."""

    @pytest.mark.parametrize("method", ["vote", "weighted"])
    def test_a_tie_is_told_and_nothing_stands(self, method: str) -> None:
        world = ended(verdict("no", 0.8, "a"), verdict("yes", 0.8, "b"), None)
        for _ in range(2):
            told = world.resolver.resolve(MAIN, voting(method, leave_ties=True))
            assert (told["tied"], told["winner"], told["missing"]) == (True, "", ["specialists-2"])
        assert not [body for body in world.bodies() if isinstance(body, Resolved)]

    def test_then_a_judge_decides_and_the_tie_is_none_any_more(self) -> None:
        world = ended(verdict("no", 0.8, "a"), verdict("yes", 0.8, "b"), None)
        world.resolver.resolve(MAIN, voting("vote", leave_ties=True))
        compared = world.comparer.compare(MAIN, Comparing(step="specialists", sought=Sought(by="verdict"), percent=50))
        (shown,) = [body for body in world.bodies(compared.branch) if isinstance(body, Resolved)]
        assert {str(one) for one in shown.value.values()} == {
            str({"verdict": said, "why": why}) for said, why in (("no", "a"), ("yes", "b"))
        }
        choice = next(name for name, one in shown.value.items() if one["verdict"] == "yes")
        world.write(world.branch(compared.branch), Answer(value={"choice": choice}), agent="judge")
        assert world.resolver.resolve(MAIN, voting("judge"))["winner"] == "specialists-1"
        told = world.resolver.resolve(MAIN, voting("vote", leave_ties=True))
        assert (told["tied"], told["winner"]) == (False, "specialists-1"), "a restart finds what stands"

    def test_what_stands_by_the_rule_for_ties_is_no_tie_to_whoever_leaves_ties(self) -> None:
        world = ended(verdict("no", 0.8, "a"), verdict("yes", 0.8, "b"), None)
        assert world.resolver.resolve(MAIN, voting("vote"))["tied"]
        assert not world.resolver.resolve(MAIN, voting("vote", leave_ties=True))["tied"]

    def test_a_majority_stands_at_once(self) -> None:
        world = ended(verdict("no", 0.8, "a"), verdict("yes", 0.8, "b"), verdict("YES", 0.1, "c"))
        assert world.resolver.resolve(MAIN, voting("vote", leave_ties=True))["winner"] == "specialists-1"
        assert found(world).method == "vote"

    def test_it_is_yes_or_no(self) -> None:
        with pytest.raises(InputRejected):
            voting("vote", leave_ties="yes")
