import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.doubles.answer import CAME
from local.doubles.scenario.library import Loaded, read
from local.doubles.scenario.matching import UnexpectedCall, fault_at, find
from local.doubles.scenario.script import Fault, Scenario, Step
from septet.execution.calling import MESSAGE_CHARACTERS
from tests.unit.local.doubles.asking import asks, call, offering, tool_turn
from tests.unit.local.doubles.spoiling import unhurried

LOADED = read(
    """
scenario: refund
when: {contains: [refund for, A-1007]}
agents:
  triage: [{text: first}, {text: second}]
  caller: [{calls: [{tool: no_such}]}]
  writer:
    turns:
      "*-2": [{text: again}]
      "w-*": [{text: written}]
  reader:
    turns:
      "r-1": [{text: one}]
      "*": [{text: any}]
---
scenario: other
when: {contains: my order}
agents: {triage: [{text: other}]}
""",
    source="support.yaml",
)


def unexpected(text: str, **who: Any) -> str:
    with pytest.raises(UnexpectedCall) as refused:
        find(LOADED, call(asks(text, **who)))
    return refused.value.message


def answer(text: str, **who: Any) -> str | None:
    return find(LOADED, call(asks(text, **who))).step.text


def test_the_text_selects_the_scenario_whatever_its_spacing() -> None:
    assert answer("I want a refund\n  for order A-1007") == "first"
    assert answer("where is my order?") == "other"


def test_the_step_is_the_number_of_the_call_in_its_turn() -> None:
    assert answer("refund for A-1007", step=1) == "second"


def test_a_turn_is_told_from_another() -> None:
    assert answer("refund for A-1007", agent="writer", turn="x-2") == "again"
    assert answer("refund for A-1007", agent="writer", turn="w-1") == "written"
    assert answer("refund for A-1007", agent="reader", turn="r-1") == "one"
    assert answer("refund for A-1007", agent="reader", turn="r-9") == "any"


@pytest.mark.parametrize(
    ("result", "told"),
    [({"refund": "r-1"}, "paid"), ("PolicyDenied: worn", "declined"), ({"found": "refund"}, "declined")],
)
def test_a_step_may_answer_by_what_the_model_was_told_last(result: Any, told: str) -> None:
    loaded = read(
        """
scenario: refund
when: {contains: my order}
agents:
  triage: [{text: declined, instead: {contains: '"refund":', text: paid}}]
""",
        source="support.yaml",
    )
    assert find(loaded, call(tool_turn('my order {"refund": 1}', {"pay": result}, step=0))).step.text == told


def test_only_the_first_user_message_selects() -> None:
    later = tool_turn("where is my order?", {"find_order": "refund for A-1007"}, step=0)

    assert find(LOADED, call(later)).step.text == "other"


def test_guarded_words_select_too() -> None:
    guarded = asks("x")
    guarded["messages"][0]["content"] = [{"guardContent": {"text": {"text": "my order"}}}]

    assert find(LOADED, call(guarded)).step.text == "other"


@pytest.mark.parametrize(
    ("text", "who", "sentences"),
    [
        (
            "hello",
            {},
            ["selected: none", "a scenario is for ('refund for' and 'A-1007'; 'my order')", "load a scenario", "None holds 'hello'"],
        ),
        ("hello", {"agent": "writer"}, ["a scenario is for ('refund for' and 'A-1007'), or"]),
        ("hello", {"agent": "nobody"}, ["a scenario is for ('refund for' and 'A-1007'; 'my order'), or"]),
        ("refund for A-1007 of my order", {}, ["one scenario, but several fit", "'refund' (support.yaml), 'other' (support.yaml)"]),
        ("my order", {"agent": "writer"}, ["agent 'writer'", "one of the agents triage", "Add agents.writer to support.yaml"]),
        ("my order", {"agent": ""}, ["agent '(none given)'", "Name the agent in requestMetadata"]),
        ("my order", {"step": 1}, ["step 1", "agents.triage has 1 step, numbered from 0. Add step 1 there, in support.yaml"]),
        (
            "refund for A-1007",
            {"agent": "writer", "turn": "x"},
            ["turn 'x'", "a turn that fits one of ['*-2', 'w-*'] in agents.writer.turns"],
        ),
        ("refund for A-1007", {"agent": "writer", "turn": "w-2"}, ["one pattern of agents.writer.turns", "['*-2', 'w-*']"]),
        (
            "refund for A-1007",
            {"agent": "caller"},
            ["(find_order)", "the reply calls 'no_such'", "run 'r-1'", "last message: (user) 'refund for"],
        ),
    ],
)
def test_an_unexpected_call_says_what_came_what_was_expected_and_the_fix(text: str, who: dict[str, Any], sentences: list[str]) -> None:
    said = unexpected(text, **who)

    assert [sentence for sentence in sentences if sentence not in said] == []


def test_what_is_to_be_done_is_told_before_the_platform_cuts_the_message_off() -> None:
    texts = [[f"{n} {'x' * 80}", "y" * 80] for n in range(9)]
    loaded = [
        Loaded(
            source=f"{n}",
            scenario=Scenario.model_validate({"scenario": f"{n}", "when": {"contains": text}, "agents": {"a": [{"text": "x"}]}}),
        )
        for n, text in enumerate(texts)
    ]
    with pytest.raises(UnexpectedCall) as refused:
        find(loaded, call(asks("z" * 200, agent="a")))
    before = "An error occurred (ValidationException) when calling the Converse operation (reached max retries: 0): "
    told, came, _ = (before + refused.value.message)[:MESSAGE_CHARACTERS].partition(CAME)
    assert came
    assert "6 more), or load a scenario for this one. None holds 'zzz" in told


def test_the_last_message_is_shown_when_it_is_a_tool_result() -> None:
    with pytest.raises(UnexpectedCall, match=r"last message: \(user\) 'toolResult .*total"):
        find(LOADED, call(tool_turn("hello", {"find_order": {"total": 3}})))


_WORDS = st.text(alphabet="ab ", min_size=1, max_size=4).filter(str.strip)
_SCENARIOS = st.lists(_WORDS, min_size=1, max_size=4).map(
    lambda texts: [
        Loaded(
            source=f"{n}",
            scenario=Scenario.model_validate({"scenario": f"{n}", "when": {"contains": text}, "agents": {"a": [{"text": "x"}]}}),
        )
        for n, text in enumerate(texts)
    ]
)


@unhurried
@given(loaded=_SCENARIOS, said=_WORDS, step=st.integers(min_value=0, max_value=2), order=st.randoms())
def test_matching_is_a_function_of_what_is_loaded_and_the_request(loaded: list[Loaded], said: str, step: int, order: Any) -> None:
    asked = call(offering(asks(said, agent="a", step=step), "t"))
    spaced = " ".join(said.split())
    fitting = [one for one in loaded if all(text in spaced for text in one.scenario.when.texts)]
    shuffled = order.sample(loaded, len(loaded))

    if len(fitting) == 1 and step == 0:
        assert find(loaded, asked) == find(shuffled, asked) == find(loaded, asked)
        assert find(loaded, asked).source == fitting[0].source
    else:
        with pytest.raises(UnexpectedCall):
            find(shuffled, asked)


@unhurried
@given(times=st.lists(st.integers(min_value=1, max_value=4), max_size=4), for_ever=st.booleans())
def test_faults_come_in_order_each_so_many_times_and_then_the_reply(times: list[int], *, for_ever: bool) -> None:
    kinds = itertools.cycle(["throttling", "internal", "timeout"])
    faults = [Fault.model_validate({"fault": next(kinds), "times": count}) for count in times]
    expected: list[Fault | None] = [fault for fault in faults for _ in range(fault.times or 0)]
    last = Fault.model_validate({"fault": "not_found"}) if for_ever else None
    step = Step(text="x", faults=[*faults, *([last] if last else [])])

    assert [fault_at(step, attempt) for attempt in range(len(expected) + 3)] == [*expected, last, last, last]
