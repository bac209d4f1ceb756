"""What was spent, on what, and when: the sum is the ledger's."""

from copy import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from septet.core.costs import Line
from septet.core.entries import LOST, Body, ModelCall, ModelFailed, ModelReply, Request
from septet.core.journal import Branch, Head, Pen
from septet.core.money import Usage
from septet.core.runs import Run
from septet.local.costs import MemoryCosts
from septet.local.journal import MemoryJournal
from septet.observability import costing
from septet.observability.costing import Books, State
from septet.observability.places import Place

RUN = Run(tenant="acme", run="run-1", workflow="support", submitter="ann", digest="d", created_at=0)
REQUEST = Request(workflow="support", input={}, submitter="ann")
REPLY = ModelReply(model="m", text="secret", calls=(), stop="end")
HOUR = 3_600_000
MORNING = 1_795_392_000_000  # 2026-11-23
USED = Usage(input=5, output=7, cache_read=11, cache_write=13)


def played(*told: tuple[Body, str, int], run: Run = RUN, every: int = HOUR) -> State:
    """What bodies, each with its agent and cost, come to; the state goes through JSON between any two."""
    at = iter(range(MORNING, MORNING + 10_000 * every, every))
    pen = Pen(journal=MemoryJournal(), branch=Branch(tenant="acme", run="run-1"), clock=lambda: next(at), head=Head())
    state = costing.from_json(None)
    for body, agent, cost in told:
        pen.agent = agent
        entry = pen.write(body, cost=cost, usage=USED if isinstance(body, ModelReply) else None)
        state, _ = costing.take(state, Place(run=run), entry)
        state = costing.from_json(costing.to_json(state))
    return state


def test_what_an_agent_spent_on_a_model_is_a_line() -> None:
    state = played(
        (REQUEST, "", 0), (ModelCall(model="m", step=0), "triage", 0), (REPLY, "triage", 20), (REPLY, "triage", 30), (REPLY, "writer", 5)
    )
    (one,) = costing.spent(Place(run=RUN), state)
    assert (one.day, one.workflow, one.cost) == ("2026-11-23", "support", 55)
    assert one.lines == (
        Line(agent="triage", model="m", cost=50, calls=2, input=58, output=14, cached=22),
        Line(agent="writer", model="m", cost=5, calls=1, input=29, output=7, cached=11),
    )


def test_a_call_that_was_charged_without_a_reply_is_in_the_sum() -> None:
    state = played(
        (ModelFailed(model="m", error="Lost", message=""), "triage", 99),
        (ModelFailed(model="m", error="ModelThrottled", message=""), "triage", 0),
    )
    (one,) = costing.spent(Place(run=RUN), state)
    assert one.lines == (Line(agent="triage", model="m", cost=99),)


def test_a_reply_of_the_cache_costs_nothing() -> None:
    assert not costing.spent(Place(run=RUN), played((replace(REPLY, cached=True), "triage", 0)))


def test_each_day_has_its_own() -> None:
    state = played((REPLY, "a", 1), (REPLY, "a", 2), (REPLY, "a", 4), every=24 * HOUR)
    assert [(one.day, one.cost) for one in costing.spent(Place(run=RUN), state)] == [
        ("2026-11-23", 1),
        ("2026-11-24", 2),
        ("2026-11-25", 4),
    ]


def test_what_a_fork_took_over_was_paid_by_its_origin() -> None:
    fork = replace(RUN, copied=(("main", 1),))
    assert [one.cost for one in costing.spent(Place(run=fork), played((REPLY, "a", 7), (REPLY, "a", 2), run=fork))] == [2]


def test_writing_it_again_changes_nothing_and_no_day_is_left_out() -> None:
    costs, state = MemoryCosts(), played((REPLY, "a", 1), (REPLY, "a", 2), (REPLY, "a", 4), every=24 * HOUR)
    books = Books(costs=costs)
    for _ in range(2):
        books.keep(Place(run=RUN), state)
    assert [one.cost for one in costs.page("acme", since="2026-11-01", until="2026-11-30", limit=9)[0]] == [1, 2, 4]
    books.close(RUN, {"main": state})
    assert [one.cost for one in costs.page("acme", since="2026-11-01", until="2026-11-30", limit=9)[0]] == [1, 2, 4]


@given(st.lists(st.tuples(st.sampled_from([REQUEST, REPLY]), st.sampled_from(["a", "b", ""]), st.integers(0, 10**9)), max_size=40))
def test_the_sum_of_the_lines_is_the_sum_of_the_entries(told: list[tuple[Body, str, int]]) -> None:
    assert sum(one.cost for one in costing.spent(Place(run=RUN), played(*told))) == sum(cost for _, _, cost in told)


def test_figures_say_the_last_entry_that_is_in_them() -> None:
    state = played((REQUEST, "", 0), (REPLY, "triage", 20), (REPLY, "triage", 30), (ModelCall(model="m", step=0), "triage", 0))
    (one,) = costing.spent(Place(run=RUN), state)
    assert one.through == 2


CALL = ModelCall(model="m", step=0)
FAILED = ModelFailed(model="m", error="ModelUnavailable", message="")
HOURS = {"m": 1_408_000}
"""A dollar and forty cents an hour, about what a small GPU costs."""


def shares(state: State, hours: dict[str, int] = HOURS) -> list[int]:
    return [line.endpoint for one in costing.spent(Place(run=RUN), state, hours) for line in one.lines]


def test_the_time_of_calls_is_what_they_cost_on_an_instance_paid_by_the_hour() -> None:
    state = played((CALL, "triage", 0), (REPLY, "triage", 20), (CALL, "writer", 0), (REPLY, "writer", 5), every=1_000)
    (one,) = costing.spent(Place(run=RUN), state, HOURS)
    assert one.lines == (
        Line(agent="triage", model="m", cost=20, calls=1, input=29, output=7, cached=11, endpoint=392),  # 391.1, rounded up
        Line(agent="writer", model="m", cost=5, calls=1, input=29, output=7, cached=11, endpoint=392),
    )
    assert one.cost == 25, "never in the cost"
    assert shares(state, {"other": 1}) == [0, 0] == shares(state, {})


def test_a_call_that_failed_took_its_time_too_and_is_a_line_only_where_that_costs() -> None:
    state = played((CALL, "a", 0), (FAILED, "a", 0), every=HOUR)
    assert shares(state) == [1_408_000]
    (one,) = costing.spent(Place(run=RUN), state, HOURS)
    assert (one.lines, one.through) == ((Line(agent="a", model="m", cost=0, endpoint=1_408_000),), 1)
    assert costing.spent(Place(run=RUN), state) == []


def test_what_nobody_knows_the_time_of_is_not_estimated() -> None:
    assert shares(played((CALL, "a", 0), (replace(FAILED, error=LOST), "a", 9))) == [0], "when it was lost is not when it ended"
    assert shares(played((CALL, "a", 0), (replace(REPLY, cached=True), "a", 0))) == []
    assert shares(played((REPLY, "a", 9))) == [0], "nobody saw it begin"
    assert shares(played((replace(CALL, model="n"), "a", 0), (REPLY, "a", 9))) == [0]
    assert shares(played((CALL, "a", 0), (REPLY, "a", 9), (REPLY, "a", 9), every=3_600)) == [1_408], "each call once"


def test_a_fork_took_no_time_that_its_origin_took() -> None:
    fork = replace(RUN, copied=(("main", 1),))
    assert shares(played((CALL, "a", 0), (REPLY, "a", 9), run=fork)) == [0], "the call is its origin's"


def test_the_books_write_the_share_and_write_it_again() -> None:
    costs, state = MemoryCosts(), played((CALL, "a", 0), (REPLY, "a", 1), every=3_600)
    for _ in range(2):
        Books(costs=costs, hours=HOURS).keep(Place(run=RUN), state)
    ((one,), _) = costs.page("acme", since="2026-11-01", until="2026-11-30", limit=9)
    assert [line.endpoint for line in one.lines] == [1_408]


def test_a_checkpoint_of_before_calls_were_timed_is_read() -> None:
    state = costing.from_json([2, [["2026-11-23", "a", "m", 5, 1, 2, 3, 4]]])
    assert state == State(
        through=2, lines={("2026-11-23", "a", "m"): Line(agent="a", model="m", cost=5, calls=1, input=2, output=3, cached=4)}
    )


@given(st.lists(st.sampled_from([CALL, REPLY, FAILED, REQUEST]), max_size=40))
def test_only_what_is_between_a_call_and_its_end_takes_time(told: list[Body]) -> None:
    state = played(*((body, "a", 0) for body in told), every=1)
    ended = sum(one is CALL and other in (REPLY, FAILED) for one, other in pairwise(body for body in told if body is not REQUEST))
    between = sum(state.busy.values())
    assert ended <= between <= len(told)
    assert bool(ended) == bool(between)
