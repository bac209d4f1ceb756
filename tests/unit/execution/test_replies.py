from copy import replace
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.core.canonical import canonical
from septet.core.entries import ModelReply, ToolCall
from septet.core.money import Usage
from septet.core.spelling import encode
from septet.execution.ports import Reply
from septet.execution.replies import ARGUMENTS_BYTES, CALLS, REPLY_BYTES, TEXT_CHARACTERS, recordable
from tests.unit.strategies import hostile, objects, quick, replies


@quick
@given(replies(["find_order"]), st.integers(0, 10))
def test_whatever_a_model_says_can_be_recorded(reply: Reply, step: int) -> None:
    kept = recordable(reply, step)
    assert canonical(encode(ModelReply(model="m", text=kept.text, calls=kept.calls, stop=kept.stop)))
    assert len(kept.calls) == len(reply.calls)
    assert all(len(call.tool) <= 64 for call in kept.calls)


@quick
@given(replies(["find_order"]), replies(["find_order"]))
def test_no_two_calls_of_a_turn_have_one_id(first: Reply, second: Reply) -> None:
    ids = [call.id for step, reply in enumerate((first, second)) for call in recordable(reply, step).calls]
    assert len(ids) == len(set(ids))


@quick
@given(objects)
def test_what_a_model_that_behaves_says_is_kept_as_it_is(arguments: dict[str, Any]) -> None:
    reply = Reply(text="Grüße 👋", calls=(ToolCall(id="x", tool="find_order", arguments=arguments),))
    kept = recordable(reply, 0)
    assert kept.text == reply.text
    assert kept.calls[0].tool == "find_order"
    assert kept.calls[0].arguments == arguments


@quick
@given(hostile)
def test_arguments_are_kept_whole_or_not_at_all(arguments: Any) -> None:
    (call,) = recordable(Reply(calls=(ToolCall(id="", tool="t", arguments=arguments),)), 0).calls
    assert call.arguments == arguments or call.arguments.startswith("(what the model gave is ")


def test_the_arguments_of_a_reply_are_bounded_together() -> None:
    def kept(size: int, count: int) -> list[Any]:
        calls = tuple(ToolCall(id=str(n), tool="t", arguments={"x": "y" * (size - len('{"x":""}'))}) for n in range(count))
        return [call.arguments for call in recordable(Reply(calls=calls), 0).calls]

    assert all(isinstance(value, dict) for value in (*kept(ARGUMENTS_BYTES, 4), *kept(REPLY_BYTES // CALLS, CALLS)))
    many = kept(ARGUMENTS_BYTES, 30)
    assert [isinstance(value, dict) for value in many] == [True] * 4 + [False] * 26
    assert many[-1].startswith("(what the model gave is ")
    assert len(canonical(many)) < REPLY_BYTES + CALLS * 100


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    assert recordable(Reply(text="a\ud800b"), 0).text == "a?b"


@pytest.mark.parametrize("place", range(3))
def test_ids_are_what_providers_take(place: int) -> None:
    call = ToolCall(id="spaces and ünicode" * 20, tool="t", arguments={})
    kept = recordable(Reply(calls=(call,) * 3), 7).calls[place]
    assert kept.id == f"call-7-{place}"


def test_a_text_or_a_reply_that_is_too_long_is_cut_and_counts_as_cut_off() -> None:
    long = recordable(Reply(text="A" * (TEXT_CHARACTERS + 1)), 0)
    assert (len(long.text), long.stop) == (TEXT_CHARACTERS, "truncated")
    many = recordable(Reply(calls=tuple(ToolCall(id=str(n), tool="t", arguments={}) for n in range(CALLS + 1)), stop="tools"), 0)
    assert (len(many.calls), many.stop) == (CALLS, "truncated")
    assert recordable(Reply(text="A" * TEXT_CHARACTERS), 0).stop == "end"


def test_nothing_of_a_reply_is_lost() -> None:
    reply = Reply(
        text="t",
        calls=(ToolCall(id="call-0-0", tool="t", arguments={}),),
        stop="refused",
        usage=Usage(input=1, output=2),
        usage_known=False,
    )
    assert all(getattr(reply, field.name) != getattr(Reply(), field.name) for field in fields(Reply)), "each field says something"
    assert recordable(reply, 0) == replace(reply)
