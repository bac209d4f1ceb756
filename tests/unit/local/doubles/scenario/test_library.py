from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.doubles.scenario.library import BadScenario, Library, read
from local.doubles.scenario.script import Turns
from tests.unit.local.doubles.spoiling import unhurried

EXAMPLE = Path(__file__).parent.parent / "example.yaml"
GOOD = "scenario: {name}\nwhen: {{contains: {contains}}}\nagents: {{a: [{{text: hello}}]}}\n"


def problems(text: str) -> list[str]:
    with pytest.raises(BadScenario) as bad:
        read(text, source="a.yaml")
    return bad.value.problems


def step(yaml: str) -> str:
    return f"scenario: s\nwhen: {{contains: x}}\nagents:\n  a:\n  - {yaml}\n"


def test_the_example_is_read_whole() -> None:
    over_limit, broken = read(EXAMPLE.read_text(), source="example.yaml")

    assert over_limit.scenario.scenario == "refund over the limit"
    assert isinstance(over_limit.scenario.agents["writer"], Turns)
    assert broken.scenario.when.texts == ["refund", "order A-2001"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("scenario: s\nwhen: {contain: x}\nagents: {a: []}", "a.yaml, line 2, at when: `contains` is missing: add it"),
        ("scenario: s\nwhen: {contains: x, contain: y}\nagents: {a: []}", "line 2, at when.contain: `contain` is not known here"),
        ("scenario: s\nwhen: {contains: x}\nagents: {a: hello}", "line 3, at agents.a: must be a list"),
        ("scenario: s\nwhen: {contains: x}\nagents: {a: {turns: {1: []}}}", "at agents.a.turns.1: must be text, not 1: quote it"),
        ("scenario: 7\nwhen: {contains: x}\nagents: {a: []}", "line 1, at scenario: must be text, not 7: quote it"),
        ("scenario: s\nwhen: {contains: ' '}\nagents: {a: []}", "is blank: write some words"),
        ("scenario: s\nwhen: {contains: x}\nagents: {}", "line 3, at agents: Dictionary should have at least 1 item"),
        (step("{txt: hi}"), "line 5, at agents.a[0].txt: `txt` is not known here"),
        (step("{text: 12}"), "line 5, at agents.a[0].text: must be text, not 12"),
        (step("{}"), "line 5, at agents.a[0]: answers nothing: add `text`, `calls`, or a fault without `times`"),
        (step("{faults: [{fault: throttling, times: 1}]}"), "answers nothing"),
        (step("{text: hi, faults: [{fault: throtling}]}"), "at agents.a[0].faults[0].fault: Input should be 'throttling', "),
        (step("{text: hi, faults: [{fault: throttling, times: 0}]}"), "faults[0].times: Input should be greater than or equal to 1"),
        (step("{text: hi, faults: [{fault: timeout}, {fault: internal}]}"), "the fault after it never does: give it `times`"),
        (step("{text: hi, faults: [{fault: malformed_arguments}]}"), "spoils a tool call, and there is none: add `calls`"),
        (step("{faults: [{fault: truncation}]}"), "spoils a reply, and there is none: add `text` or `calls`"),
        (step("{text: hi, faults: [{fault: slow}]}"), "a slow fault needs `delay`, in seconds"),
        (step("{text: hi, faults: [{fault: dropped, message: x}]}"), "a dropped fault has no message"),
        (step("{text: hi, faults: [{fault: stalled}]}"), "a stalled fault needs `delay`, in seconds"),
        (step("{faults: [{fault: usage_huge}]}"), "a usage_huge fault spoils a reply, and there is none: add `text` or `calls`"),
        (step("{faults: [{fault: stream_cut}]}"), "a stream_cut fault spoils a reply, and there is none"),
        (step("{calls: [{tool: a, repeat: 0}]}"), "agents.a[0].calls[0].repeat: Input should be greater than or equal to 1"),
        (step("{pad: 5_000_000}"), "line 5, at agents.a[0].pad: Input should be a valid integer"),
        (step("{pad: 50000000}"), "at agents.a[0].pad: Input should be less than or equal to 20000000"),
        (step("{text: hi, delay: 10000}"), "agents.a[0].delay: Input should be less than or equal to 900"),
        (step("{calls: [{tool: a b}]}"), "agents.a[0].calls[0].tool: String should match pattern"),
        (step("{calls: [{tool: a, arguments: {x: 1e999}}]}"), "not JSON compliant"),
        (step("{text: hi, stop: done}"), "agents.a[0].stop: Input should be 'end_turn'"),
        ("scenario: s\nscenario: t", "a.yaml: line 2: `scenario` stands here again, first on line 1: remove one"),
        ("when: &w {contains: x}\nagents: *w", "a.yaml: line 2: `*w` is an alias, which is not read here: write it out"),
        ("a: [1", "a.yaml: line 1, column 6: it is no YAML here"),
        ("a: \x00", "a.yaml: it holds the character 0x0"),
        ("[" * 5000, "it is no YAML"),
        ("? [a]\n: b", "it is no YAML"),
        ("- 1", "a.yaml, line 1: must be a mapping"),
        ("", "a.yaml: holds no scenario"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_the_fix(text: str, sentence: str) -> None:
    assert sentence in "\n".join(problems(text))


def test_everything_wrong_is_told_at_once() -> None:
    assert len(problems("scenario: s\nwhen: {}\nagents: {a: [{txt: 1}]}\n---\nscenario: t")) == 4


@unhurried
@given(cut=st.data())
def test_whatever_stands_in_a_file_it_is_read_or_refused_with_reasons(cut: st.DataObject) -> None:
    lines = EXAMPLE.read_text().splitlines(keepends=True)
    for at in cut.draw(st.lists(st.integers(0, len(lines) - 1), min_size=1, max_size=3)):
        odd = cut.draw(st.sampled_from(["", "[", "? ", "!!python/object:x ", "&a ", "7e999", '"', "\t"]) | st.text(max_size=8))
        lines[at] = lines[at].replace(cut.draw(st.sampled_from([":", "-", "{", "1", "A", " "])), odd)

    try:
        told = [one.source for one in read("".join(lines), source="a.yaml")]
    except BadScenario as bad:
        told = bad.problems
    assert told
    assert all(one.startswith("a.yaml") for one in told)


def test_words_that_other_yaml_takes_for_something_else_stay_words() -> None:
    (one,) = read(step("{text: no, calls: [{tool: t, arguments: {a: 0012, b: 2026-11-22, c: 12:30, d: yes, e: 1_000}}]}"), source="a.yaml")

    first = one.scenario.agents["a"][0]  # type: ignore[index] # a list here

    assert first.text == "no"
    assert first.calls[0].arguments == {"a": "0012", "b": "2026-11-22", "c": "12:30", "d": "yes", "e": "1_000"}


@pytest.mark.parametrize(
    ("one", "other", "sentence"),
    [
        ({"name": "s", "contains": "x"}, {"name": "s", "contains": "y"}, "'s' (one) and 's' (other) have the same name: rename one"),
        ({"name": "s", "contains": "order"}, {"name": "t", "contains": "my order"}, "any text that selects one also selects the other"),
        ({"name": "s", "contains": "my order"}, {"name": "t", "contains": "order"}, "any text that selects one also selects the other"),
        ({"name": "s", "contains": "[a, b]"}, {"name": "t", "contains": "a"}, "any text that selects one also selects the other"),
    ],
)
def test_scenarios_that_could_never_be_told_apart_are_refused_and_nothing_changes(
    one: dict[str, str], other: dict[str, str], sentence: str
) -> None:
    library = Library()
    library.put(GOOD.format(**one), source="one")

    with pytest.raises(BadScenario) as bad:
        library.put(GOOD.format(**other), source="other")

    assert sentence in str(bad.value)
    assert [loaded.source for loaded in library.loaded] == ["one"]


def test_a_source_is_replaced_and_removed_whole() -> None:
    library = Library()
    library.put(GOOD.format(name="s", contains="x") + "---\n" + GOOD.format(name="t", contains="y"), source="one")

    library.put(GOOD.format(name="s", contains="x y"), source="one")

    assert [loaded.scenario.scenario for loaded in library.loaded] == ["s"]
    assert library.remove("one")
    assert not library.remove("one")
    assert library.loaded == ()
