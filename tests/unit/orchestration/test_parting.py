from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from septet.core.entries import Answer, Branched, Request
from septet.core.errors import AnswerInvalid, BudgetExhausted, InputRejected, RunStopped
from septet.core.ledger import of_branch
from septet.local.journal import MemoryJournal
from septet.orchestration.claiming import Claiming
from septet.orchestration.ends import Sought
from septet.orchestration.parting import Parting
from tests.unit.orchestration.parted import MAIN, PARTING, QUESTIONS, World, forked
from tests.unit.perils import Fuse, Killed, Perilous

PATHS = ("specialists-0", "specialists-1", "specialists-2")


def stands(world: World) -> None:
    """Everything of a parting is there, once."""
    assert world.runs.get("acme", "run-1").paths == PATHS
    assert [body.paths for body in world.bodies() if isinstance(body, Branched)] == [PATHS]
    for path, question in zip(PATHS, QUESTIONS, strict=True):
        assert world.bodies(path) == [Request(workflow="research", input={"question": question}, submitter="ann")]
        account = world.ledger.account("acme", of_branch("run-1", path))
        assert account
        assert account.limit == account.available == 200_000
    main = world.ledger.account("acme", of_branch("run-1"))
    assert main
    assert main.available == 400_000


def restarted(world: World) -> None:
    assert world.ledger.close("acme", "run-1")
    world.ledger.reopen(MAIN, 1_000_000, now=2_000)


class TestParting:
    def test_each_question_has_a_branch_with_an_equal_share(self) -> None:
        world = World()
        assert world.part() == PATHS
        stands(world)

    def test_asked_again_it_is_the_same(self) -> None:
        world = World()
        assert world.part() == world.part()
        stands(world)

    def test_what_is_asked_is_labelled_as_the_worst(self) -> None:
        world = World()
        world.part()
        first = next(world.journal.read(world.branch("specialists-0")))
        assert dict(first.labels) == {"question": "unknown"}

    def test_wherever_it_breaks_off_the_next_call_completes_it(self) -> None:
        """A port may end the process before it has done anything, or after it has done everything."""
        fuse = Fuse()
        World(around=partial(Perilous, fuse=fuse)).part()
        assert fuse.burnt >= 2 * (1 + 3 + 3 + 1), "the record, the accounts, the requests, and main"
        for at in range(fuse.burnt):
            world = World(around=partial(Perilous, fuse=Fuse(at=at)))
            with pytest.raises(Killed):
                world.part()
            assert world.part() == PATHS
            stands(world)

    def test_a_run_that_was_restarted_finds_its_branches_with_money_again(self) -> None:
        world = World()
        world.part()
        assert world.ledger.close("acme", "run-1")
        world.ledger.reopen(MAIN, 500_000, now=2_000)
        assert world.part() == world.part() == PATHS
        world.ledger.reserve(world.branch("specialists-2"), 1, 50_000, until=9, settle={})
        accounts = [world.ledger.account("acme", of_branch("run-1", path)) for path in PATHS]
        assert 0 < sum(account.limit for account in accounts) <= 300_000

    def test_a_run_that_was_stopped_finds_its_branches_at_work_again_after_its_restart(self) -> None:
        world = World()
        world.part()
        world.ledger.stop("acme", "run-1", "an operator said so")
        restarted(world)
        assert world.part() == PATHS
        for path in PATHS:
            world.ledger.reserve(world.branch(path), 1, 1, until=9, settle={})

    def test_a_branch_that_lost_to_a_first_answer_stays_stopped_after_a_restart(self) -> None:
        world = World()
        world.part()
        world.write(world.branch(PATHS[1]), Answer(value={"text": "x"}))
        world.claimer.claim(MAIN, Claiming(step="specialists", branch=PATHS[1], sought=Sought()))
        world.ledger.stop("acme", "run-1", "an operator said so")
        restarted(world)
        assert world.part() == PATHS
        world.ledger.reserve(world.branch(PATHS[1]), 1, 1, until=9, settle={})
        for path in (PATHS[0], PATHS[2]):
            with pytest.raises(RunStopped):
                world.ledger.reserve(world.branch(path), 1, 1, until=9, settle={})

    def test_a_fork_past_the_parting_finds_its_copied_branches_with_money(self) -> None:
        world = World()
        world.part()
        fork = forked(world, PATHS)
        assert world.parter.part(fork, PARTING) == world.parter.part(fork, PARTING) == PATHS
        accounts = [world.ledger.account("acme", of_branch("run-2", path)) for path in PATHS]
        assert [account.available for account in accounts] == [200_000] * 3

    def test_of_many_at_once_each_says_the_same(self) -> None:
        for _ in range(20):
            world = World()
            with ThreadPoolExecutor(max_workers=4) as pool:
                assert set(pool.map(lambda world: world.part(), [world] * 8)) == {PATHS}
            stands(world)

    def test_of_more_questions_the_first_count(self) -> None:
        assert World([f"q{number}" for number in range(9)]).part() == (*PATHS, "specialists-3")

    def test_one_question_goes_to_several(self) -> None:
        world = World()
        parting = Parting(step="voters", agent="", field="one", most=3, percent=30)
        assert world.part(parting) == ("voters-0", "voters-1", "voters-2")
        for number in range(3):
            (asked,) = world.bodies(f"voters-{number}")
            assert isinstance(asked, Request)
            assert asked.input == {"question": "Is it so?", "opinion": f"{number + 1} of 3"}, "the same, and not the very same request"

    def test_a_workflow_is_told_short_words_of_the_request_and_nothing_else(self) -> None:
        world = World()
        world.journal = MemoryJournal()
        given = {"method": "vote", "claim": "It is so.", "long": "a" * 41, "number": 7, "empty": ""}
        world.write(MAIN, Request(workflow="assess", input=given, submitter="ann"))
        assert world.parter.words(MAIN, ["method", "claim", "long", "number", "empty", "missing"]) == {
            "method": "vote",
            **dict.fromkeys(("claim", "long", "number", "empty", "missing"), ""),
        }
        for wrong in ("method", [1], None):
            with pytest.raises(InputRejected):
                world.parter.words(MAIN, wrong)  # type: ignore[arg-type]  # an event may hold anything


class TestRefused:
    @pytest.mark.parametrize("questions", [[], None, "", [1], [""], [{}], 7, [["nested"]]])
    def test_without_questions_nothing_is_parted(self, questions: Any) -> None:
        world = World(questions)
        with pytest.raises(AnswerInvalid):
            world.part()
        assert world.runs.get("acme", "run-1").paths == ()

    def test_too_little_money_for_a_share_is_said(self) -> None:
        with pytest.raises(BudgetExhausted):
            World(budget=2).part()

    def test_a_stopped_run_is_not_parted(self) -> None:
        world = World()
        world.ledger.stop("acme", "run-1", "an operator")
        with pytest.raises(RunStopped):
            world.part()

    @pytest.mark.parametrize(
        "wrong", [{"most": 0}, {"most": 41}, {"most": True}, {"percent": 101}, {"percent": 1.5}, {"step": ""}, {"field": None}]
    )
    def test_an_event_that_makes_no_sense_is_named(self, wrong: dict[str, Any]) -> None:
        given: dict[str, Any] = {"step": "s", "agent": "planner", "field": "questions", "most": 3, "percent": 60}
        with pytest.raises(InputRejected, match=next(iter(wrong))):
            Parting(**given | wrong)

    def test_a_run_that_was_not_started_has_nothing_to_part(self) -> None:
        world = World()
        world.journal = MemoryJournal()
        with pytest.raises(InputRejected):
            world.part()
