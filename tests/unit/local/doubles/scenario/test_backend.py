from hypothesis import given
from hypothesis import strategies as st

from local.doubles.scenario.backend import Attempts
from tests.unit.local.doubles.spoiling import unhurried


@unhurried
@given(keys=st.lists(st.sampled_from("abcd")))
def test_attempts_are_counted_apart(keys: list[str]) -> None:
    attempts = Attempts()

    assert [attempts.next((key,)) for key in keys] == [keys[:at].count(key) for at, key in enumerate(keys)]


def test_the_count_untouched_longest_is_forgotten_first() -> None:
    attempts = Attempts(most=2)
    for key in ("a", "b", "a", "c"):
        attempts.next((key,))

    assert attempts.next(("a",)) == 2
    assert attempts.next(("b",)) == 0


def test_only_one_sources_counts_are_forgotten() -> None:
    attempts = Attempts()
    attempts.next(("one", "x"))
    attempts.next(("other", "x"))

    attempts.forget("one")

    assert attempts.next(("one", "x")) == 0
    assert attempts.next(("other", "x")) == 1
