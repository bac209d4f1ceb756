from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.core.canonical import digest
from septet.core.money import Price
from septet.execution.agents import Agent, ModelSpec
from septet.execution.routing import BASE, CALLS, CALLS_ELSE, CAP, pause, route
from tests.unit.shop import agent

THROTTLED, UNAVAILABLE, OVERFLOW, REFUSED = "ModelThrottled", "ModelUnavailable", "ContextOverflow", "ModelRefused"


def model(id_: str, *, weight: int = 1, dollars: int = 1, context: int = 200_000, tools: bool = True) -> ModelSpec:
    return ModelSpec(
        id=id_,
        provider="bedrock",
        price=Price(input=dollars * 1_000_000, output=dollars * 4_000_000),
        max_output=1_000,
        context=context,
        capabilities=frozenset({"tools"} if tools else ()),
        weight=weight,
    )


def ids(*models: ModelSpec, share: float = 0.0, failures: tuple[tuple[str, str], ...] = (), sick: tuple[str, ...] = ()) -> str | None:
    chosen = route(agent(models=models), share=share, failures=failures, sick=sick)
    return chosen.id if chosen else None


def rest(declared: Agent, *failures: tuple[str, str]) -> list[str]:
    """The ids that are tried after *failures* when every further call is unavailable."""
    so_far, found = list(failures), []
    while following := route(declared, share=0.0, failures=so_far, sick=()):
        found.append(following.id)
        so_far.append((following.id, UNAVAILABLE))
    return found


def test_turns_are_split_by_weight_within_two_points_over_a_thousand_turns() -> None:
    declared = agent(models=(model("most", weight=9), model("some", weight=1)))
    drawn = [int(digest(f"run-{number}".encode(), b"triage")[:13], 16) / 16**13 for number in range(1_000)]
    picked = Counter(route(declared, share=share, failures=(), sick=()) for share in drawn)
    split = {chosen.id: count for chosen, count in picked.items() if chosen}
    assert split["most"] == pytest.approx(900, abs=20)
    assert split["some"] == pytest.approx(100, abs=20)


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, "a"), (0.249, "a"), (0.25, "b"), (0.749, "b"), (0.75, "c"), (0.9999999999999999, "c")]
)
def test_each_share_lies_in_one_candidate_s_part(share: float, expected: str) -> None:
    assert ids(model("a"), model("b", weight=2), model("still", weight=0), model("c"), share=share) == expected


def test_a_sick_candidate_s_share_goes_to_the_well_ones() -> None:
    models = model("a", weight=9), model("b"), model("spare", weight=0, dollars=0)
    assert {ids(*models, share=number / 100, sick=("a",)) for number in range(100)} == {"b"}


def test_the_cheapest_stands_in_when_every_candidate_is_sick() -> None:
    models = model("a"), model("dear", weight=0, dollars=9), model("cheap", weight=0, dollars=3)
    assert ids(*models, sick=("a",)) == "cheap"


def test_when_all_are_sick_one_is_tried_all_the_same_and_only_one() -> None:
    models = model("a"), model("b"), model("spare", weight=0)
    sick = "a", "b", "spare"
    assert ids(*models, share=0.6, sick=sick) == "b"
    assert ids(*models, share=0.6, sick=sick, failures=(("b", UNAVAILABLE),)) is None


def test_a_model_that_takes_no_tools_is_never_asked_for_them() -> None:
    plain, able = model("plain", tools=False), model("able", weight=0)
    assert ids(plain, able) == "able"
    assert ids(plain) is None


@pytest.mark.parametrize("needs", [{"answer_schema": {"type": "object"}}, {"hand_over_to": ("other",)}])
def test_structured_answers_and_hand_overs_are_tools_to_a_model(needs: dict[str, object]) -> None:
    plain = model("plain", tools=False)
    declared = agent(models=(plain,), tools=())
    assert route(declared, share=0, failures=(), sick=()) == plain
    assert route(replace(declared, **needs), share=0, failures=(), sick=()) is None  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(("error", "calls"), [*CALLS.items(), ("Lost", CALLS_ELSE)])
def test_how_often_one_model_is_called_for_one_step(error: str, calls: int) -> None:
    models = model("a"), model("b", weight=0)
    again = [ids(*models, failures=(("a", error),) * so_far) for so_far in range(1, calls)]
    assert again == ["a"] * (calls - 1)
    assert ids(*models, failures=(("a", error),) * calls) != "a"


def test_a_model_that_has_become_sick_is_not_called_again() -> None:
    assert ids(model("a"), model("b"), failures=(("a", THROTTLED),), sick=("a",)) == "b"


def test_a_model_that_overflowed_is_not_called_again_whatever_came_after() -> None:
    assert ids(model("a"), failures=(("a", OVERFLOW), ("a", THROTTLED))) is None


@pytest.mark.parametrize(
    ("error", "kind"), [(THROTTLED, "throttled"), (UNAVAILABLE, "unavailable"), (OVERFLOW, "overflow"), (REFUSED, "refused")]
)
def test_each_class_has_its_own_stand_ins_in_their_order(error: str, kind: str) -> None:
    models = model("a"), model("first", weight=0, dollars=9), model("second", weight=0, dollars=5)
    declared = agent(models=models, fallback={kind: ("first", "second")})
    assert list(dict.fromkeys(rest(declared, *[("a", error)] * CALLS[error])))[:1] == ["first"]
    assert route(declared, share=0, failures=[("a", error)] * CALLS[error] + [("first", error)] * CALLS[error], sick=()) == models[2]
    others = {"throttled", "unavailable", "overflow", "refused"} - {kind}
    elsewhere = agent(models=models[:2], fallback=dict.fromkeys(others, ("first",)))
    expected = models[1] if error in (THROTTLED, UNAVAILABLE) else None
    assert route(elsewhere, share=0, failures=[("a", error)] * CALLS[error], sick=()) == expected


def test_without_a_stand_in_the_others_follow_by_price() -> None:
    declared = agent(models=(model("a"), model("dear", dollars=9), model("spare", weight=0, dollars=2), model("cheap", dollars=1)))
    assert rest(declared, ("a", UNAVAILABLE), ("a", UNAVAILABLE)) == ["cheap", "cheap", "spare", "spare", "dear", "dear"]


def test_a_request_that_did_not_fit_goes_to_models_with_more_room_only() -> None:
    models = model("a", context=100), model("small", context=50), model("same", context=100), model("large", context=101, dollars=9)
    declared = agent(models=models)
    assert rest(declared, ("a", OVERFLOW)) == ["large", "large"]
    assert "a" not in rest(replace(declared, fallback={"overflow": ("a", "same")}), ("a", OVERFLOW)), "what overflowed is never asked again"
    assert rest(replace(declared, fallback={"overflow": ("same",)}), ("a", OVERFLOW))[0] == "same", "unless somebody knows better"


def test_a_refusal_goes_to_those_that_were_chosen_for_refusals_and_nowhere_else() -> None:
    models = model("a"), model("b"), model("lenient", weight=0)
    assert ids(*models, failures=(("a", REFUSED),)) is None
    declared = agent(models=models, fallback={"refused": ("nobody", "lenient")})
    chosen = route(declared, share=0, failures=[("a", REFUSED)], sick=())
    assert chosen == models[2]


NAMES = "abcde"
MODELS = st.builds(
    model,
    st.sampled_from(NAMES),
    weight=st.integers(0, 5),
    dollars=st.integers(0, 9),
    context=st.integers(1, 5),
    tools=st.booleans(),
)
AGENTS = st.builds(
    lambda models, fallback: agent(models=tuple(models), fallback=fallback),
    st.lists(MODELS, min_size=1, max_size=5, unique_by=lambda one: one.id),
    st.dictionaries(st.sampled_from(["throttled", "unavailable", "overflow", "refused"]), st.lists(st.sampled_from("abcdefg")).map(tuple)),
)
FAILURES = st.lists(st.tuples(st.sampled_from("abcdefg"), st.sampled_from([*CALLS, "Lost", "SomethingNew"])), max_size=12)
SHARES = st.floats(0, 1, exclude_max=True)


@given(AGENTS, SHARES, FAILURES, st.frozensets(st.sampled_from("abcdefg")))
def test_it_is_total_and_the_same_for_the_same_and_names_only_what_the_agent_may_use(
    declared: Agent, share: float, failures: list[tuple[str, str]], sick: frozenset[str]
) -> None:
    chosen = route(declared, share=share, failures=failures, sick=sick)
    assert chosen == route(declared, share=share, failures=list(failures), sick=set(sick))
    assert chosen is None or chosen in declared.models
    if chosen is not None:
        assert "tools" in chosen.capabilities
        assert not failures or chosen.id not in sick
        assert (chosen.id, OVERFLOW) not in failures


@given(AGENTS, SHARES, st.lists(st.sampled_from([*CALLS, "Lost"]), min_size=20, max_size=20), st.frozensets(st.sampled_from(NAMES)))
def test_every_step_ends_whatever_goes_wrong(declared: Agent, share: float, errors: list[str], sick: frozenset[str]) -> None:
    failures: list[tuple[str, str]] = []
    for error in errors:
        chosen = route(declared, share=share, failures=failures, sick=sick)
        if chosen is None:
            break
        assert (chosen.id, OVERFLOW) not in failures
        failures.append((chosen.id, error))
    assert route(declared, share=share, failures=failures, sick=sick) is None
    assert max(Counter(id_ for id_, _ in failures).values(), default=0) <= max(CALLS.values())


@given(st.integers(-5, 10_000), SHARES)
def test_a_pause_lies_anywhere_between_nothing_and_its_bound(attempt: int, chance: float) -> None:
    assert 0 <= pause(attempt, chance) <= CAP
    assert pause(attempt, 0.0) == 0


def test_the_bound_of_a_pause_doubles_up_to_its_cap() -> None:
    assert [pause(attempt, 0.5) * 2 for attempt in (1, 2, 3, 4, 5, 6, 7)] == [BASE, 2 * BASE, 4 * BASE, 8 * BASE, 16 * BASE, CAP, CAP]
