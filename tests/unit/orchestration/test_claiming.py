from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from septet.core.entries import Answer, Failure, Resolved, Routed
from septet.core.errors import InputRejected, RunStopped
from septet.core.ledger import of_branch
from septet.orchestration.claiming import Claimed, Claiming
from septet.orchestration.ends import Sought
from septet.orchestration.resolution import Resolving
from septet.orchestration.resolving.gathering import Keys
from tests.unit.orchestration.parted import MAIN, PARTING, World, forked
from tests.unit.perils import Fuse, Killed, Perilous

PATHS = ("specialists-0", "specialists-1", "specialists-2")
GOOD = Answer(value={"is": "red", "confidence": 0.9})
FIRST = Resolving(step="specialists", method="first", sought=Sought(), keys=Keys())


def world(*answered: str, end: Any = GOOD, around: Callable[[Any], Any] = lambda store: store) -> World:
    made = World(around=around)
    made.part()
    for path in answered:
        made.write(made.branch(path), end)
    return made


def claim(made: World, path: str, **asked: Any) -> Claimed:
    given: dict[str, Any] = {"step": "specialists", "branch": path, "sought": Sought()}
    return made.claimer.claim(MAIN, Claiming(**given | asked))


def stopped(made: World) -> list[str]:
    accounts = {path: made.ledger.account("acme", of_branch("run-1", path)) for path in PATHS}
    return [path for path, account in accounts.items() if account.stopped]


def claims(made: World) -> list[str]:
    return [body.to for body in made.bodies() if isinstance(body, Routed)]


def test_the_first_one_wins_and_the_others_are_stopped() -> None:
    made = world(*PATHS)
    assert claim(made, "specialists-1") == Claimed(won=True, good=True)
    assert stopped(made) == ["specialists-0", "specialists-2"]
    assert claim(made, "specialists-0") == Claimed(won=False, good=True)
    assert claim(made, "specialists-1") == Claimed(won=True, good=True)
    assert claims(made) == ["specialists-1"]
    assert made.resolver.resolve(MAIN, FIRST)["winner"] == "specialists-1"


def test_the_losers_reserve_nothing_more_and_the_winner_goes_on() -> None:
    made = world("specialists-1")
    claim(made, "specialists-1")
    with pytest.raises(RunStopped):
        made.ledger.reserve(made.branch("specialists-0"), 1, 1, until=9, settle={})
    made.ledger.reserve(MAIN, 9, 1, until=9, settle={})


@pytest.mark.parametrize(
    ("end", "asked"),
    [
        (Failure(error="CheckFailed", message=""), {}),
        (Answer(value={"confidence": 1}), {"sought": Sought(field="is")}),
        (GOOD, {"sought": Sought(by="verdict")}),
        (GOOD, {"least": 0.95}),
        (Answer(value={"is": "red", "confidence": "very"}), {"least": 0.1}),
        (Answer(value={"is": "red", "confidence": 10**9}), {"least": 0.1}),
    ],
)
def test_an_answer_that_is_not_good_neither_wins_nor_stops_anybody(end: Any, asked: dict[str, Any]) -> None:
    made = world("specialists-0", end=end)
    assert claim(made, "specialists-0", **asked) == Claimed(won=False, good=False)
    assert (claims(made), stopped(made)) == ([], [])


def test_of_many_at_once_exactly_one_wins() -> None:
    for _ in range(20):
        made = world(*PATHS)
        with ThreadPoolExecutor(max_workers=6) as pool:
            found = list(pool.map(lambda path, made=made: (path, claim(made, path).won), PATHS * 3))
        (winner,) = claims(made)
        assert {path for path, won in found if won} == {winner}
        assert stopped(made) == [path for path in PATHS if path != winner]


def test_wherever_it_breaks_off_the_next_call_completes_it() -> None:
    at = 0
    while True:
        fuse = Fuse()
        made = world("specialists-2", around=partial(Perilous, fuse=fuse))
        fuse.at = fuse.burnt + at
        try:
            claim(made, "specialists-2")
            break
        except Killed:
            at += 1
        assert claim(made, "specialists-2").won
        assert claims(made) == ["specialists-2"]
        assert stopped(made) == ["specialists-0", "specialists-1"]
    assert at >= 12


def test_one_that_breaks_off_before_it_has_stopped_the_others_is_completed_by_another() -> None:
    made = world(*PATHS)
    made.write(MAIN, Routed(purpose="first", of="specialists", to="specialists-0", error="", rationale={}), agent="")
    assert claim(made, "specialists-1") == Claimed(won=False, good=True)
    assert stopped(made) == ["specialists-1", "specialists-2"]


def test_in_a_fork_the_winner_of_before_claims_again_and_the_losers_have_no_account() -> None:
    made = world("specialists-1")
    claim(made, "specialists-1")
    fork = forked(made, PATHS)
    assert made.parter.part(fork, PARTING) == PATHS
    assert made.claimer.claim(fork, Claiming(step="specialists", branch="specialists-1", sought=Sought())) == Claimed(won=True, good=True)
    assert made.ledger.account("acme", of_branch("run-2", "specialists-1"))
    assert not made.ledger.account("acme", of_branch("run-2", "specialists-0"))


def test_what_an_agent_writes_is_no_claim() -> None:
    made = world(*PATHS)
    made.write(MAIN, Routed(purpose="first", of="specialists", to="specialists-0", error="", rationale={}), agent="planner")
    assert claim(made, "specialists-1").won


def test_why_the_losers_have_no_answer_is_in_the_resolution() -> None:
    made = world("specialists-2")
    claim(made, "specialists-2")
    made.resolver.resolve(MAIN, FIRST)
    (body,) = [body for body in made.bodies() if isinstance(body, Resolved)]
    assert body.missing == {"specialists-0": "RunStopped", "specialists-1": "RunStopped"}
    assert body.value == {"is": "red"}


@pytest.mark.parametrize("wrong", [{"branch": "specialists-9"}, {"branch": ""}, {"step": ""}, {"least": 2}, {"least": float("nan")}])
def test_an_event_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputRejected):
        claim(world(), "specialists-0", **wrong)
