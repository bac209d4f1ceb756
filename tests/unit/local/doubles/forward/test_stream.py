import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.doubles.answer import ModelError
from local.doubles.forward.stream import events
from local.doubles.wire.eventstream import event
from tests.unit.local.doubles.asking import asks, call
from tests.unit.local.doubles.spoiling import spoiled, unhurried

CALL = call(asks("hello"), stream=True)


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"id": "chat-1", "choices": [{"delta": delta, "finish_reason": finish}]}


def piece(index: int | None, arguments: str = "", **start: Any) -> dict[str, Any]:
    function = {"arguments": arguments, **({"name": start["name"]} if "name" in start else {})}
    return {**({"index": index} if index is not None else {}), **({"id": start["id"]} if "id" in start else {}), "function": function}


def told(*chunks: Any) -> list[tuple[str, dict[str, Any]]]:
    return list(events(chunks, CALL))


def test_words_come_piece_by_piece_with_usage_at_the_end() -> None:
    tokens = {"prompt_tokens": 9, "completion_tokens": 2}

    assert told(
        chunk(role="assistant", content=""), chunk(content="Hel"), chunk(content="lo"), chunk("stop"), {"choices": [], "usage": tokens}
    ) == [
        ("messageStart", {"role": "assistant"}),
        ("contentBlockDelta", {"delta": {"text": "Hel"}, "contentBlockIndex": 0}),
        ("contentBlockDelta", {"delta": {"text": "lo"}, "contentBlockIndex": 0}),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        ("messageStop", {"stopReason": "end_turn"}),
        (
            "metadata",
            {
                "usage": {"inputTokens": 9, "outputTokens": 2, "totalTokens": 11, "cacheReadInputTokens": 0, "cacheWriteInputTokens": 0},
                "metrics": {"latencyMs": 0},
            },
        ),
    ]


def test_tool_calls_are_put_together_even_when_they_interleave() -> None:
    found = told(
        chunk(content="I look."),
        chunk(tool_calls=[piece(0, id="call_a", name="a"), piece(1, id="call_b", name="b")]),
        chunk(tool_calls=[piece(0, '{"x":')]),
        chunk(tool_calls=[piece(1, '{"y": 2}')]),
        chunk(tool_calls=[piece(0, " 1}")]),
        chunk("tool_calls"),
    )

    starts = {body["contentBlockIndex"]: body["start"]["toolUse"] for name, body in found if name == "contentBlockStart"}
    pieces: dict[int, str] = {}
    for name, body in found:
        if name == "contentBlockDelta" and "toolUse" in body["delta"]:
            pieces[body["contentBlockIndex"]] = pieces.get(body["contentBlockIndex"], "") + body["delta"]["toolUse"]["input"]
    assert starts == {1: {"toolUseId": "call_a", "name": "a"}, 2: {"toolUseId": "call_b", "name": "b"}}
    assert {index: json.loads(text) for index, text in pieces.items()} == {1: {"x": 1}, 2: {"y": 2}}
    assert [body["contentBlockIndex"] for name, body in found if name == "contentBlockStop"] == [0, 1, 2]
    assert ("messageStop", {"stopReason": "tool_use"}) in found


def test_a_server_that_sends_a_call_whole_and_without_an_index_is_understood() -> None:
    found = told(chunk(tool_calls=[piece(None, "{}", name="a", id="call_a")]), chunk("stop"))

    assert ("messageStop", {"stopReason": "tool_use"}) in found


def test_words_after_a_tool_call_are_a_new_block() -> None:
    found = told(chunk(content="a"), chunk(tool_calls=[piece(0, "{}", name="t")]), chunk(content="b"), chunk("tool_calls"))

    assert ("contentBlockDelta", {"delta": {"text": "b"}, "contentBlockIndex": 2}) in found
    assert sorted(body["contentBlockIndex"] for name, body in found if name == "contentBlockStop") == [0, 1, 2]


@pytest.mark.parametrize(
    "bad", [{"error": {"message": "out of memory"}}, "text", {}, {"choices": None}], ids=["error", "text", "empty", "null"]
)
def test_what_is_no_chunk_ends_the_stream_or_shows_that_there_is_none(bad: Any) -> None:
    found = events([chunk(content="a"), bad], CALL)

    with pytest.raises(ModelError) as midway:
        list(found)
    with pytest.raises(ModelError) as at_once:
        next(events([bad], CALL))

    assert midway.value.name == "ModelStreamErrorException"
    assert at_once.value.name == "ModelErrorException"


@unhurried
@given(data=st.data())
def test_whatever_a_server_sends_is_events_of_bedrocks_or_the_models_error(data: st.DataObject) -> None:
    right = chunk("stop", content="a", tool_calls=[piece(0, "{}", name="t", id="call_1")])
    try:
        found = told(right, spoiled(right, data), spoiled(right, data))
    except ModelError as error:
        ending = error.name
    else:
        ending = found[-1][0]
        assert all(event(*one) for one in found)
    assert ending in {"metadata", "ModelErrorException", "ModelStreamErrorException"}


def test_a_call_without_a_name_is_no_completion() -> None:
    with pytest.raises(ModelError, match="no chat completion"):
        told(chunk(tool_calls=[piece(0, "{}")]))


def test_a_stream_with_nothing_in_it_is_no_completion() -> None:
    with pytest.raises(ModelError, match="no chat completion"):
        next(events([], CALL))
