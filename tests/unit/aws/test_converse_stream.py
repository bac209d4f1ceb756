from typing import Any

import pytest

from septet.aws.converse_stream import MOST_CHARACTERS, accumulate
from septet.core.errors import ModelUnavailable
from septet.core.money import Usage
from septet.execution.ports import Reply

START: dict[str, Any] = {"messageStart": {"role": "assistant"}}
END: dict[str, Any] = {"messageStop": {"stopReason": "end_turn"}}
USED: dict[str, Any] = {"metadata": {"usage": {"inputTokens": 7, "outputTokens": 3, "totalTokens": 10}, "metrics": {"latencyMs": 1}}}


def text(piece: str, index: int = 0) -> dict[str, Any]:
    return {"contentBlockDelta": {"delta": {"text": piece}, "contentBlockIndex": index}}


def begin(index: int, tool: str, id_: str) -> dict[str, Any]:
    return {"contentBlockStart": {"start": {"toolUse": {"toolUseId": id_, "name": tool}}, "contentBlockIndex": index}}


def piece(index: int, part: str) -> dict[str, Any]:
    return {"contentBlockDelta": {"delta": {"toolUse": {"input": part}}, "contentBlockIndex": index}}


def test_text_in_pieces() -> None:
    said = accumulate([START, text("Hel"), text("lo!"), {"contentBlockStop": {"contentBlockIndex": 0}}, END, USED])
    assert said == Reply(text="Hello!", usage=Usage(input=7, output=3))


def test_several_calls_whose_pieces_come_mixed() -> None:
    mixed = [
        begin(1, "find_order", "c1"),
        begin(2, "send_parcel", "c2"),
        piece(2, '{"order'),
        piece(1, '{"order_id": '),
        piece(2, '_id": "A-2"}'),
    ]
    said = accumulate([START, text("Look."), *mixed, piece(1, '"A-1"}'), {"messageStop": {"stopReason": "tool_use"}}, USED])
    assert said.text == "Look."
    assert [(call.id, call.tool, call.arguments) for call in said.calls] == [
        ("c1", "find_order", {"order_id": "A-1"}),
        ("c2", "send_parcel", {"order_id": "A-2"}),
    ]
    assert said.stop == "tools"


@pytest.mark.parametrize(
    ("parts", "arguments"), [([], {}), ([""], {}), (["[1]"], [1]), (['{"a": '], '{"a": '), (["9" * 5_000], "9" * 5_000)]
)
def test_arguments_that_are_no_object_are_passed_on_as_they_are(parts: list[str], arguments: Any) -> None:
    said = accumulate([START, begin(0, "t", "c"), *(piece(0, part) for part in parts), END, USED])
    assert said.calls[0].arguments == arguments


def test_what_is_not_kept_of_a_reply_does_no_harm() -> None:
    reasoning = {"contentBlockDelta": {"delta": {"reasoningContent": {"text": "hm"}}, "contentBlockIndex": 0}}
    assert accumulate([START, reasoning, text("Hi", 1), {"somethingNew": {"a": 1}}, END, USED]).text == "Hi"


def test_without_metadata_nothing_is_known_of_the_usage() -> None:
    said = accumulate([START, text("Hi"), END])
    assert (said.text, said.usage, said.usage_known) == ("Hi", Usage(), False)


@pytest.mark.parametrize(
    "events", [[], [START], [START, text("Hel")], [START, begin(0, "t", "c"), piece(0, "{}")], [START, text("a"), USED]]
)
def test_a_stream_that_ends_early_is_no_reply_and_may_have_been_billed(events: list[dict[str, Any]]) -> None:
    with pytest.raises(ModelUnavailable, match="ended before") as caught:
        accumulate(events)
    assert caught.value.billed


def test_reading_ends_where_no_model_that_keeps_to_its_limit_goes() -> None:
    read = 0

    def endless() -> Any:
        nonlocal read
        while True:
            read += 1
            yield text("x" * 10_000)

    said = accumulate(endless())
    assert (said.stop, said.usage_known) == ("truncated", False)
    assert read == MOST_CHARACTERS // 10_000 + 1
