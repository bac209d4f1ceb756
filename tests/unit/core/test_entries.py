import json
from typing import Any

import pytest
from hypothesis import given

from septet.core.canonical import canonical
from septet.core.entries import Body, Damaged, Erased, ModelReply, Note, ToolCall
from septet.core.spelling import VERSION, decode, encode, spelling
from tests.unit.strategies import bodies, quick


@quick
@given(bodies)
def test_every_body_comes_back_from_its_json_form(body: Body) -> None:
    assert decode(json.loads(json.dumps(encode(body)))) == body


@quick
@given(bodies)
def test_a_body_is_spelt_as_its_json_form_is(body: Body) -> None:
    assert spelling(body).encode() == canonical(encode(body))


def test_calls_and_reasons_come_back_as_tuples() -> None:
    reply = ModelReply(model="m", text="", calls=(ToolCall(id="1", tool="t", arguments=None),), stop="tools")
    assert decode(encode(reply)) == reply
    assert hash(decode(encode(Note(kind="repair", text="x")))) == hash(Note(kind="repair", text="x"))


@pytest.mark.parametrize(("gap", "name"), [(Erased(), "erased"), (Damaged(), "damaged")])
def test_a_gap_has_a_json_form_too(gap: Body, name: str) -> None:
    assert encode(gap) == {"type": name, "version": VERSION}
    assert decode(encode(gap)) == gap


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"type": "note"},
        {"type": "note", "version": VERSION + 1, "kind": "", "text": ""},
        {"type": "rumour", "version": VERSION},
        {"type": ["note"], "version": VERSION},
        {"type": "note", "version": VERSION, "kind": ""},
        {"type": "note", "version": VERSION, "kind": "", "text": "", "more": 1},
        {"type": "note", "version": VERSION, "kind": ["x"], "text": ""},
        {"type": "model_call", "version": VERSION, "model": "", "step": "0"},
        {"type": "tool_result", "version": VERSION, "call": "", "tool": "", "value": 1, "repeated": 1},
        {"type": "model_reply", "version": VERSION, "model": "", "text": "", "stop": "", "calls": 7},
        {"type": "model_reply", "version": VERSION, "model": "", "text": "", "stop": "", "calls": [{"id": ""}]},
        {"type": "model_reply", "version": VERSION, "model": "", "text": "", "stop": "", "calls": ["call"]},
        {"type": "tool_intent", "version": VERSION, "call": "", "tool": "", "arguments": {}, "key": "", "reasons": None},
    ],
)
def test_what_no_encoder_made_is_refused_by_name(value: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="entry"):
        decode(value)
