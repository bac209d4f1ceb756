"""What every store of the projector's checkpoints promises."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from septet.aws.progress import DynamoProgresses
from septet.core.errors import Fenced
from septet.core.journal import Branch
from septet.local.observing import MemoryProgresses
from septet.observability.progress import ENDS, Progress, Progresses


@pytest.fixture(params=["memory", pytest.param("aws", marks=pytest.mark.twin)])
def progresses(request: pytest.FixtureRequest) -> Progresses:
    if request.param == "memory":
        return MemoryProgresses()
    return DynamoProgresses(request.getfixturevalue("aws").dynamodb, "contracts-projections")


@pytest.fixture
def main(tenant: str) -> Branch:
    return Branch(tenant=tenant, run="run-1")


def test_what_was_kept_is_there_and_nothing_of_another_branch(progresses: Progresses, main: Branch, tenant: str) -> None:
    assert progresses.get(main) == Progress()
    kept = Progress(next=3, states={"spans": {"open": [1, "ä", None]}})
    progresses.keep(main, kept, before=Progress())
    assert progresses.get(main) == kept
    assert progresses.get(Branch(tenant=tenant, run="run-1", path=ENDS)) == Progress()


def test_only_who_knows_how_far_it_was_moves_it_on(progresses: Progresses, main: Branch) -> None:
    first = Progress(next=1)
    progresses.keep(main, first, before=Progress())
    for before in (Progress(), Progress(next=2)):
        with pytest.raises(Fenced):
            progresses.keep(main, Progress(next=9), before=before)
    progresses.keep(main, Progress(next=2), before=first)
    assert progresses.get(main).next == 2


def test_tries_are_counted_where_nothing_was_taken_yet_and_forgotten_with_what_is(progresses: Progresses, main: Branch) -> None:
    progresses.keep(main, Progress(tries=1), before=Progress())
    assert progresses.get(main) == Progress(tries=1)
    progresses.keep(main, Progress(next=2), before=progresses.get(main))
    assert progresses.get(main) == Progress(next=2)
    with pytest.raises(Fenced):
        progresses.keep(main, Progress(tries=2), before=Progress())


def test_of_many_at_once_one_moves_it(progresses: Progresses, main: Branch) -> None:
    def move(number: int) -> int:
        try:
            progresses.keep(main, Progress(next=number), before=Progress())
        except Fenced:
            return 0
        return number

    with ThreadPoolExecutor(8) as pool:
        moved = [number for number in pool.map(move, range(1, 17)) if number]
    assert moved == [progresses.get(main).next]
