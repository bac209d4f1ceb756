from itertools import pairwise
from typing import Any

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from local.doubles.wire.eventstream import encode, event, exception
from tests.unit.local.doubles.spoiling import unhurried

_NAMES = st.text(min_size=1, max_size=60)
_VALUES = st.text(max_size=300)
_MESSAGES = st.tuples(st.dictionaries(_NAMES, _VALUES, max_size=5), st.binary(max_size=2000))


def decoded(data: bytes, cuts: list[int] | None = None) -> list[Any]:
    buffer = EventStreamBuffer()
    found = []
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts or []), len(data)]
    for start, end in pairwise(edges):
        buffer.add_data(data[start:end])
        found += list(buffer)
    return found


@unhurried
@given(messages=st.lists(_MESSAGES, max_size=4), cuts=st.lists(st.integers(min_value=0), max_size=6))
def test_botocore_reads_back_what_was_framed_however_the_bytes_are_cut(
    messages: list[tuple[dict[str, str], bytes]], cuts: list[int]
) -> None:
    data = b"".join(encode(headers, payload) for headers, payload in messages)

    assert [(message.headers, message.payload) for message in decoded(data, cuts)] == messages


@unhurried
@given(message=_MESSAGES, at=st.integers(min_value=8), bit=st.integers(min_value=0, max_value=7))
def test_a_flipped_bit_after_the_lengths_breaks_a_checksum(message: tuple[dict[str, str], bytes], at: int, bit: int) -> None:
    data = bytearray(encode(*message))
    data[8 + (at - 8) % (len(data) - 8)] ^= 1 << bit

    with pytest.raises(ChecksumMismatch):
        decoded(bytes(data))


def test_an_event_and_an_exception_carry_the_headers_botocore_tells_them_apart_by() -> None:
    told, failed = decoded(event("messageStop", {"stopReason": "end_turn"}) + exception("throttlingException", {"message": "slow down"}))

    assert told.headers == {":event-type": "messageStop", ":content-type": "application/json", ":message-type": "event"}
    assert told.payload == b'{"stopReason": "end_turn"}'
    assert failed.headers[":exception-type"] == "throttlingException"
    assert failed.headers[":message-type"] == "exception"
