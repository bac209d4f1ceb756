"""What holds for every rule, whatever branches say: the candidates here are generated, hostile ones among them."""

from collections.abc import Sequence
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.core.canonical import unfit
from septet.core.errors import NoAnswer
from septet.orchestration.ends import Ended, Sought, candidates
from septet.orchestration.resolving.candidates import SURE, Candidate, Group, Verdict, groups, weight
from septet.orchestration.resolving.deciding import METHODS, Evidence, decide
from septet.orchestration.resolving.gathering import Keys, together
from septet.orchestration.resolving.judging import judged, presented
from septet.orchestration.resolving.voting import vote, weigh
from tests.unit.strategies import hostile, quick

weights = st.integers(0, SURE)
sayings = st.sampled_from(["red", "green", "blue", "grey"])
confidences = st.one_of(st.floats(), st.integers(), st.text(max_size=3), st.none(), st.booleans(), st.lists(st.floats(), max_size=2))


def made(said: Sequence[tuple[str, int]]) -> list[Candidate]:
    return [Candidate(path=f"b-{number}", value=value, form=value, weight=sure) for number, (value, sure) in enumerate(said)]


several = st.lists(st.tuples(sayings, weights), min_size=1, max_size=12).map(made)
methods = st.sampled_from(METHODS)


def stands(method: str, found: Sequence[Candidate], evidence: Evidence | None = None) -> Verdict:
    return decide(method, found, keys=Keys(), evidence=evidence or Evidence())


@quick
@given(methods, several, st.randoms())
def test_the_order_of_branches_makes_no_difference(method: str, found: list[Candidate], chance: Any) -> None:
    shuffled = list(found)
    chance.shuffle(shuffled)
    evidence = Evidence(claimed="b-1", shown={"answer_1": ["b-1", "b-0"]}, choice="answer_1")
    assert stands(method, shuffled, evidence) == stands(method, found, evidence)


@quick
@given(st.permutations([("red", 0), ("red", 0), ("blue", SURE)]))
def test_a_lone_dissenter_never_wins_a_vote_of_three(said: list[tuple[str, int]]) -> None:
    assert vote(made(said)).value == "red"


@quick
@given(st.sampled_from(["vote", "weighted"]), several, weights, st.integers(0, 99))
def test_one_more_that_agrees_never_makes_the_winner_lose(method: str, found: list[Candidate], sure: int, number: int) -> None:
    won = stands(method, found)
    form = next(one.form for one in found if one.path == won.winner)
    more = Candidate(path=f"c-{number}", value=won.value, form=form, weight=sure)
    assert stands(method, [*found, more]).value == won.value


@quick
@given(st.sampled_from(["vote", "weighted"]), several)
def test_what_is_written_is_enough_to_check_the_decision(method: str, found: list[Candidate]) -> None:
    """Recomputed from the rationale alone."""
    verdict = stands(method, found)
    told = verdict.rationale["groups"]
    best = max((group["sure"], group["votes"]) if method == "weighted" else (group["votes"],) for group in told)
    strongest = [group for group in told if ((group["sure"], group["votes"]) if method == "weighted" else (group["votes"],)) == best]
    assert strongest[0]["by"][0] == verdict.winner
    assert verdict.rationale["tied"] == (len(strongest) > 1)
    assert verdict.rationale["agreed"] == strongest[0]["votes"]
    assert sorted(path for group in told for path in group["by"]) == sorted(one.path for one in found)


class TestTies:
    def test_of_equally_many_the_first_branch_decides(self) -> None:
        verdict = vote(made([("red", 0), ("blue", SURE), ("red", 0), ("blue", SURE)]))
        assert (verdict.winner, verdict.rationale["tied"]) == ("b-0", True)

    def test_of_equally_sure_ones_the_more_do(self) -> None:
        verdict = weigh(made([("red", SURE), ("blue", SURE // 2), ("blue", SURE // 2)]))
        assert (verdict.value, verdict.rationale["tied"]) == ("blue", False)

    def test_when_nobody_is_sure_it_is_a_vote(self) -> None:
        assert weigh(made([("red", 0), ("blue", 0), ("blue", 0)])).value == "blue"

    def test_branches_are_in_the_order_of_their_numbers(self) -> None:
        found = [Candidate(path=f"b-{number}", value=number, form=str(number)) for number in (10, 9, 2)]
        assert vote(found).winner == "b-2"


class TestConfidence:
    @pytest.mark.parametrize(("said", "is_worth"), [(0, 0), (0.5, SURE // 2), (1, SURE), (1.2, SURE), (95, SURE), (100, SURE)])
    def test_it_counts_from_0_to_1(self, said: float, is_worth: int) -> None:
        assert weight(said) == is_worth

    @pytest.mark.parametrize("said", [nan, inf, -inf, -1, -0.1, 101, 1e308, 10**400, True, "1", None, [1], {"a": 1}])
    def test_what_makes_no_sense_counts_nothing(self, said: Any) -> None:
        assert weight(said) == 0

    @quick
    @given(confidences)
    def test_none_counts_for_more_than_one_branch(self, said: Any) -> None:
        assert 0 <= weight(said) <= SURE

    @quick
    @given(st.lists(st.tuples(sayings, confidences), min_size=1, max_size=8))
    def test_hostile_ones_change_nothing_beyond_their_weight(self, said: list[tuple[str, Any]]) -> None:
        """The same decision as with the numbers from 0 to 1 that they count as."""
        ends = [
            Ended(path=f"b-{number}", question="q", answer={"is": value, "confidence": sure}) for number, (value, sure) in enumerate(said)
        ]
        tame = [
            Ended(path=end.path, question="q", answer={**end.answer, "confidence": weight(end.answer["confidence"]) / SURE}) for end in ends
        ]
        assert weigh(candidates(ends, Sought(field="is"))[0]) == weigh(candidates(tame, Sought(field="is"))[0])

    def test_two_who_are_half_sure_outweigh_one_who_is_surer(self) -> None:
        assert weigh(made([("red", 500_000), ("blue", 900_000), ("red", 500_000)])).value == "red"

    def test_it_is_not_part_of_what_is_compared(self) -> None:
        ends = [Ended(path=f"b-{number}", question="q", answer={"is": 1, "confidence": sure}) for number, sure in enumerate([0.1, 0.9])]
        assert len(groups(candidates(ends, Sought())[0])) == 1


class TestUnusable:
    @quick
    @given(methods, st.lists(st.one_of(st.none(), hostile), max_size=6), sayings)
    def test_one_of_n_that_is_missing_or_absurd_never_raises(self, method: str, answers: list[Any], said: str) -> None:
        ends = [Ended(path=f"b-{number}", question="q", answer=answer) for number, answer in enumerate(answers)]
        ends.append(Ended(path="b-9", question="q", error="Lost"))
        ends.append(Ended(path="b-10", question="q", answer=said))
        found, missing = candidates(ends, Sought())
        verdict = stands(method, found)
        assert not unfit([verdict.value, dict(verdict.rationale)], 10_000_000)
        assert missing["b-9"] == "Lost"
        assert {one.path for one in found} | set(missing) == {end.path for end in ends}

    @pytest.mark.parametrize("method", METHODS)
    def test_when_all_are_missing_there_is_no_answer(self, method: str) -> None:
        with pytest.raises(NoAnswer):
            stands(method, [])


class TestJudge:
    @quick
    @given(several, st.randoms())
    def test_names_and_order_say_nothing_of_whose_an_answer_is(self, found: list[Candidate], chance: Any) -> None:
        paths = [one.path for one in found]
        chance.shuffle(paths)
        swapped = [Candidate(path=path, value=one.value, form=one.form) for path, one in zip(paths, found, strict=True)]

        def shown(candidates: list[Candidate]) -> dict[str, str]:
            return {name: group.members[0].form for name, group in presented(candidates).items()}

        assert shown(found) == shown(swapped)

    def test_equal_answers_are_shown_once(self) -> None:
        shown: dict[str, Group] = presented(made([("red", 0), ("blue", 0), ("red", 0)]))
        assert sorted(group.paths for group in shown.values()) == [["b-0", "b-2"], ["b-1"]]

    def test_its_choice_stands_against_the_most(self) -> None:
        found = made([("red", 0), ("blue", 0), ("red", 0)])
        verdict = judged(found, {"answer_1": ["b-1"], "answer_2": ["b-0", "b-2"]}, "answer_1")
        assert (verdict.winner, verdict.value) == ("b-1", "blue")

    @quick
    @given(several, hostile)
    def test_a_choice_of_none_of_them_leaves_it_to_the_vote(self, found: list[Candidate], choice: Any) -> None:
        verdict = judged(found, {"answer_1": ["b-99"]}, choice)
        assert verdict.value == vote(found).value
        assert "so the vote decides" in verdict.rationale["rule"]


class TestAll:
    def test_conflicts_name_who_says_what(self) -> None:
        found = [
            Candidate(path="b-2", value=[{"key": "Born", "value": "5 March 1912"}], form="x"),
            Candidate(path="b-0", value={"key": "born", "value": "1912-03-05"}, form="y"),
            Candidate(
                path="b-1", value=[{"key": "born", "value": 1913}, {"key": "died", "value": 1990}, "chatter", {"key": ["?"]}], form="z"
            ),
        ]
        assert together(found, Keys()).value["conflicts"] == [
            {"key": "born", "values": [{"value": "1912-03-05", "by": ["b-0", "b-2"]}, {"value": 1913, "by": ["b-1"]}]}
        ]

    @quick
    @given(st.lists(st.lists(st.fixed_dictionaries({"key": sayings, "value": hostile}), max_size=3), min_size=1, max_size=4))
    def test_every_answer_is_kept(self, answers: list[list[dict[str, Any]]]) -> None:
        ends = [Ended(path=f"b-{number}", question="q", answer=answer) for number, answer in enumerate(answers)]
        found, _ = candidates(ends, Sought())
        assert together(found, Keys()).value["findings"] == {one.path: one.value for one in found}

    def test_a_flood_of_one_branch_hides_nothing_that_another_found(self) -> None:
        flood = [{"key": "price", "value": 1}, *({"key": f"k{number}", "value": 0} for number in range(999))]
        two = [Candidate(path="a", value=flood, form="x"), Candidate(path="b", value=[{"key": "price", "value": 99}], form="y")]
        found = together(two, Keys())
        assert [one["key"] for one in found.value["conflicts"]] == ["price"]
        assert (found.rationale["compared"], found.rationale["not_compared"]) == (501, 500)
        assert found.rationale["conflicts"] == 2, "what was not compared may contradict anything"


class TestFirst:
    def test_who_claimed_stands_before_who_comes_first(self) -> None:
        assert stands("first", made([("red", 0), ("blue", 0)]), Evidence(claimed="b-1")).value == "blue"

    def test_without_a_claim_the_first_branch_stands(self) -> None:
        assert stands("first", made([("red", 0), ("blue", 0)])).winner == "b-0"
