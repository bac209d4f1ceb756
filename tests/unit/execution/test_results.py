import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.core.canonical import canonical
from septet.core.entries import ToolCall, ToolResult
from septet.execution.results import BEGINNING, READ_RESULT, Results
from tests.unit.strategies import json_values, quick

ROWS = {"rows": [{"id": number, "name": "Grüße 👋"} for number in range(500)], "total": 500}


def result(value: Any, call: str = "call-0-0", tool: str = "find_order") -> ToolResult:
    return ToolResult(call=call, tool=tool, value=value)


def read(results: Results, **arguments: Any) -> ToolResult:
    return results.read(ToolCall(id="call-1-0", tool=READ_RESULT, arguments={"call": "call-0-0"} | arguments))[0]


def kept(value: Any, *, most: int = 2_000) -> Results:
    results = Results(most)
    results.take(result(value), {"rows": "external"})
    return results


def test_a_small_result_is_shown_whole() -> None:
    assert Results(2_000).take(result({"a": 1}), {}) == ({"a": 1}, 8, False)


def test_a_result_is_large_by_its_bytes_as_json() -> None:
    value = "é" * 10
    assert Results(22).take(result(value), {})[0] == value
    assert Results(21).take(result(value), {})[2]


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (ROWS, "an object with the keys rows, total"),
        ([1] * 5_000, "a list of 5000"),
        ("x" * 5_000, "a text of 5000 characters"),
        (10**3_000, "a value"),
        (
            {f"k{number:02}": "x" * 200 for number in range(25)},
            f"an object with the keys {', '.join(f'k{n:02}' for n in range(20))} and 5 more",
        ),
    ],
)
def test_a_large_result_is_told_by_what_it_is_its_size_and_its_beginning(value: Any, what: str) -> None:
    summary, bound, more = Results(2_000).take(result(value), {})
    text = canonical(value)
    assert more
    assert summary == {"kept": "call-0-0", "is": what, "bytes": len(text), "begins": text[:BEGINNING].decode(errors="ignore")}
    assert bound == len(json.dumps(summary))


def test_names_in_a_summary_are_cut() -> None:
    summary, _, _ = Results(2_000).take(result({"x" * 5_000: 1}), {})
    assert summary["is"] == f"an object with the keys {'x' * 40}"


def test_a_piece_is_never_kept_again() -> None:
    piece = {"text": "x" * 5_000}
    assert Results(2_000).take(result(piece, tool=READ_RESULT), {})[0] == piece


@quick
@given(json_values, st.integers(1, 40))
def test_reading_on_gives_the_whole_result_in_pieces_of_whole_characters(value: Any, most: int) -> None:
    results = kept(value, most=most)
    text, start = "", 0
    while True:
        piece = read(results, **{"from": start, "bytes": most}).value
        assert piece["from"] == start
        assert len(piece["text"].encode()) <= max(most, 4)
        text, start = text + piece["text"], piece["to"]
        if not piece["remaining"]:
            break
    assert text == canonical(value).decode()


@given(st.integers(0, 200), st.integers(1, 50))
def test_a_piece_from_the_middle_of_a_character_begins_with_it(start: int, most: int) -> None:
    text = canonical("👋é" * 30)
    piece = read(kept("👋é" * 30), **{"from": min(start, len(text)), "bytes": most}).value
    assert piece["text"].encode() == text[piece["from"] : piece["to"]]
    assert piece["to"] + piece["remaining"] == len(text)


def test_a_piece_is_at_most_as_large_as_a_result_may_be() -> None:
    assert read(kept(ROWS, most=100), bytes=10**9).value["to"] == 100
    assert read(kept(ROWS, most=100)).value["to"] == 100


def test_a_piece_has_the_labels_of_what_it_is_from() -> None:
    _, labels = kept(ROWS).read(ToolCall(id="", tool=READ_RESULT, arguments={"call": "call-0-0"}))
    assert labels == {"rows": "external"}


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"call": "call-9-9"}, "call must be"),
        ({"call": ["call-0-0"]}, "call must be"),
        ({"from": -1}, "from must be"),
        ({"from": 10**9}, "from must be"),
        ({"from": "0"}, "from must be"),
        ({"from": True}, "from must be"),
        ({"bytes": 0}, "bytes must be"),
        ({"bytes": None}, "bytes must be"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_names_the_argument(arguments: Any, names: str) -> None:
    wrong = read(kept(ROWS), **arguments)
    assert wrong.error == "InputRejected"
    assert names in wrong.message


@pytest.mark.parametrize("arguments", [None, "call-0-0", [], 1])
def test_arguments_that_are_no_object_are_an_error(arguments: Any) -> None:
    assert kept(ROWS).read(ToolCall(id="", tool=READ_RESULT, arguments=arguments))[0].error == "InputRejected"


def test_a_result_in_one_line_can_still_be_read() -> None:
    results = kept({"a": "x" * 100})
    line = results.line("call-0-0")
    assert line == "(shortened: an object of 1 keys, 108 bytes; read_result shows it under call-0-0)"
    assert read(results).value["text"] == f'{{"a":"{"x" * 100}"}}'
    assert "\n" not in line
