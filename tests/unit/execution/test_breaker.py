from septet.execution.breaker import Streaks


def test_the_first_failure_of_a_row_is_not_told_the_others_are() -> None:
    streaks = Streaks()
    assert [streaks.note("a", well=False) for _ in range(3)] == [False, True, True]
    assert streaks.note("b", well=False) is False, "every model has a row of its own"


def test_a_call_that_went_well_ends_the_row_and_is_told_where_the_failures_were() -> None:
    streaks = Streaks()
    assert not streaks.note("a", well=True)
    assert not streaks.note("a", well=False)
    assert not streaks.note("a", well=True), "nobody was told of the one failure"
    assert [streaks.note("a", well=False) for _ in range(2)] == [False, True]
    assert streaks.note("a", well=True)
    assert not streaks.note("a", well=False)
