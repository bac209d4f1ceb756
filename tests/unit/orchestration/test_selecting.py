"""The step that chooses and the follower that learns, over doubles of their ports."""

from collections.abc import Collection
from copy import replace
from typing import Any

import pytest

from septet.core.choices import Tally
from septet.core.entries import Answer, Body, Erased, Failure, HandOver, ModelCall, Request, Routed
from septet.core.errors import InputRejected
from septet.core.journal import MAIN, Branch, Pen, after
from septet.core.runs import Run
from septet.local.choices import MemoryChoices, MemoryLoads
from septet.local.clock import ManualClock
from septet.local.journal import MemoryJournal
from septet.orchestration.learning import Learner, tallies
from septet.orchestration.mainline import Mainline
from septet.orchestration.routes import Flow, Pool, Routes, Worker
from septet.orchestration.selecting import Selector, Wish

ROUTES = Routes(
    workers={
        "orders": Worker(name="orders", skills=("orders",), models=("small",), price=1),
        "refunds": Worker(name="refunds", skills=("refunds",), models=("small",), price=1),
        "senior": Worker(name="senior", skills=("refunds", "orders"), models=("large",), price=9),
        "elsewhere": Worker(name="elsewhere", skills=("refunds",), models=("small",), price=0),
    },
    pools={"desk": Pool(agents=("refunds", "senior"), full=2)},
    flows={"support": Flow(agents=("orders", "refunds", "senior"))},
)
REFUND = Wish(purpose="skill", of="refunds")


class Office:
    """A run, and everything a choice is made with."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.journal = MemoryJournal()
        self.choices, self.loads = MemoryChoices(), MemoryLoads()
        self.ill: set[str] = set()
        self.selector = Selector(routes=ROUTES, choices=self.choices, loads=self.loads, sick=self._sick)

    def _sick(self, models: Collection[str]) -> Collection[str]:
        return self.ill & set(models)

    def line(self, run: str = "run-1", path: str = MAIN) -> Mainline:
        line = Mainline(journal=self.journal, branch=Branch(tenant="acme", run=run, path=path), clock=self.clock)
        if not list(self.journal.read(line.branch)):
            self.write(line, "", Request(workflow="support", input={}, submitter="s"))
        return line

    def write(self, line: Mainline, agent: str, body: Body) -> None:
        head = after(self.journal.read(line.branch))
        Pen(journal=self.journal, branch=line.branch, clock=self.clock, head=head, agent=agent, turn=agent).write(body)

    def select(self, run: str, wish: Wish = REFUND, *stopped: str) -> str:
        return self.selector.select(self.line(run), wish, stopped)

    def ended(self, run: str, *paths: str) -> None:
        Learner(journal=self.journal, choices=self.choices, clock=self.clock).follow(
            Run(tenant="acme", run=run, workflow="support", submitter="s", digest="", created_at=0, status="succeeded", paths=paths)
        )


@pytest.fixture
def office() -> Office:
    return Office()


def rationale(office: Office, run: str) -> Any:
    body = office.line(run).entries()[-1].body
    assert isinstance(body, Routed)
    return body.rationale


def test_the_cheapest_with_the_skill_that_the_workflow_calls_is_chosen_and_the_journal_says_why(office: Office) -> None:
    assert office.select("run-1") == "refunds"
    assert rationale(office, "run-1") == {
        "confidence": 100,
        "least": 0,
        "why": "cheapest",
        "candidates": {
            "refunds": {"price": 1, "load": 0, "expected_per_mille": 500},
            "senior": {"price": 9, "load": 0, "expected_per_mille": 500},
        },
    }


def test_who_is_stopped_or_sick_is_passed_over(office: Office) -> None:
    assert office.select("run-1", REFUND, "refunds") == "senior"
    office.ill = {"small"}
    assert office.select("run-2") == "senior"
    office.ill = {"small", "large"}
    assert office.select("run-3") == "refunds"
    assert office.select("run-4", REFUND, "refunds", "senior") == ""


@pytest.mark.parametrize("said", [59, 0, -1, "sure", None, float("nan"), True])
def test_who_is_not_sure_enough_chooses_nobody(office: Office, said: Any) -> None:
    assert office.select("run-1", Wish(purpose="skill", of="refunds", confidence=said, least=60)) == ""
    assert rationale(office, "run-1")["why"] == "not sure enough"
    assert not office.choices.unlearnt("acme", "run-1")


def test_just_sure_enough_is_enough_and_a_skill_that_nobody_has_leads_to_nobody(office: Office) -> None:
    assert office.select("run-1", Wish(purpose="skill", of="refunds", confidence=60, least=60)) == "refunds"
    assert office.select("run-2", Wish(purpose="skill", of="cooking")) == ""


def test_a_step_that_is_repeated_finds_what_it_chose(office: Office) -> None:
    assert office.select("run-1") == "refunds"
    office.ill = {"small"}
    assert office.select("run-1") == "refunds"
    assert len(office.line("run-1").entries()) == 2
    office.write(office.line("run-1"), "refunds", ModelCall(model="small", step=0))
    assert office.select("run-1") == "senior", "somebody has worked since: this is another choice"


def test_a_pool_has_its_own_measure_of_full(office: Office) -> None:
    wish = Wish(purpose="pool", of="desk")
    assert [office.select(f"run-{number}", wish) for number in range(4)] == ["refunds", "refunds", "senior", "senior"]
    office.clock.pause(120_000)
    assert office.select("run-9", wish) == "refunds"
    with pytest.raises(InputRejected, match="there is no pool 'kitchen'"):
        office.select("run-10", Wish(purpose="pool", of="kitchen"))


@pytest.mark.parametrize(
    "wrong", [{"purpose": "mood", "of": "x"}, {"purpose": "skill", "of": None}, {"purpose": "skill", "of": "x", "least": 101}]
)
def test_a_wish_that_is_none_is_refused(wrong: Any) -> None:
    with pytest.raises(InputRejected):
        Wish(**wrong)


def test_who_fails_again_and_again_is_passed_over_after_a_while_and_another_tenant_s_runs_say_nothing(office: Office) -> None:
    for number in range(4):
        run = f"run-{number}"
        office.select(run, Wish(purpose="skill", of="refunds"), "senior")
        office.write(office.line(run), "refunds", Failure(error="CheckFailed", message="m"))
        office.ended(run)
        office.ended(run)  # told again, it learns nothing more
    assert office.choices.pasts("acme", "refunds")["refunds"].bad == pytest.approx(4)
    chosen = [office.select(f"later-{number}") for number in range(40)]
    assert chosen.count("senior") > 20, "its history speaks against it"
    assert "refunds" in chosen, "and it gets another try"
    assert office.choices.pasts("other", "refunds") == {}


def test_what_a_run_teaches() -> None:
    office = Office()
    line = office.line()
    for agent, body in (
        ("triage", Answer(value={})),
        ("", Routed(purpose="skill", of="orders", to="orders", error="", rationale={})),
        ("orders", HandOver(to="refunds", reason="r")),
        ("", Routed(purpose="skill", of="refunds", to="refunds", error="", rationale={})),
        ("", Routed(purpose="take_over", of="refunds", to="senior", error="States.Timeout", rationale={})),
        ("senior", Answer(value={})),
        ("", Routed(purpose="pool", of="desk", to="senior", error="", rationale={})),
        ("senior", Failure(error="AgentStopped", message="m")),
        ("", Routed(purpose="skill", of="general", to="orders", error="", rationale={})),
    ):
        office.write(line, agent, body)
    assert tallies(line.entries(), succeeded=False) == {
        ("orders", "orders"): Tally(good=1),
        ("refunds", "refunds"): Tally(bad=1),
        ("senior", "desk"): Tally(),
    }


def test_an_answer_that_could_not_be_read_counts_in_a_run_that_succeeded(office: Office) -> None:
    office.select("run-1")
    office.write(office.line("run-1"), "refunds", Erased())
    assert tallies(office.line("run-1").entries(), succeeded=True) == {("refunds", "refunds"): Tally(good=1)}
    assert tallies(office.line("run-1").entries(), succeeded=False) == {}


def test_a_run_in_which_nobody_was_chosen_teaches_nothing(office: Office) -> None:
    office.line("run-1")
    office.ended("run-1")
    assert not office.choices.unlearnt("acme", "run-1")


def test_what_is_chosen_in_branches_is_learnt_and_who_was_cut_off_there_did_neither_well_nor_badly(office: Office) -> None:
    wish = Wish(purpose="pool", of="desk")
    ends: dict[str, Body] = {
        "s-0": Answer(value={}),
        "s-1": Failure(error="RunStopped", message="s-0 answered first"),
        "s-2": ModelCall(model="small", step=0),
        "s-3": Failure(error="CheckFailed", message="m"),
    }
    office.line("run-1")
    for path, end in ends.items():
        line = office.line("run-1", path)
        assert office.selector.select(line, wish, ["senior"]) == "refunds"
        office.write(line, "refunds", end)
    office.ended("run-1", *ends)
    past = office.choices.pasts("acme", "desk")["refunds"]
    assert (past.good, past.bad) == (pytest.approx(1), pytest.approx(1))


def test_branches_of_a_run_draw_each_for_themselves(office: Office) -> None:
    """Equals share what comes at once: nobody has counted anybody's choice yet."""
    office.selector = replace(office.selector, routes=replace(ROUTES, workers=TWINS), loads=NoLoads())
    chosen = {office.selector.select(office.line("run-1", f"s-{number}"), REFUND, ()) for number in range(20)}
    assert chosen == {"refunds", "senior"}


TWINS = {name: Worker(name=name, skills=("refunds",), models=("small",), price=1) for name in ("refunds", "senior")}


class NoLoads(MemoryLoads):
    """A double in which no choice has been counted yet."""

    def chosen(self, agent: str, *, now: int) -> None:
        """Count nothing."""
