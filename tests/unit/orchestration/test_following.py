import pytest

from septet.core.errors import StoreUnavailable
from septet.core.runs import Run
from septet.orchestration.following import follow

RUN = Run(tenant="acme", run="run-1", workflow="w", submitter="s", digest="", created_at=1, status="succeeded")


def test_everybody_is_told_in_order() -> None:
    told: list[tuple[str, Run]] = []
    follow(RUN, [lambda run: told.append(("first", run)), lambda run: told.append(("second", run))])
    assert told == [("first", RUN), ("second", RUN)]


def test_one_that_fails_keeps_no_other_and_all_that_failed_are_raised() -> None:
    told: list[Run] = []

    def fails(run: Run) -> None:
        raise StoreUnavailable(f"the store of {run.run} does not answer")

    with pytest.raises(ExceptionGroup, match="run-1") as group:
        follow(RUN, [fails, told.append, fails])
    assert told == [RUN]
    assert [str(error) for error in group.value.exceptions] == ["the store of run-1 does not answer"] * 2


def test_where_nobody_waits_nothing_is_to_do() -> None:
    follow(RUN, [])
