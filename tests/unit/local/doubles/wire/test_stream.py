import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from local.doubles.answer import Reply, Text, ToolUse, Usage
from local.doubles.wire.stream import events
from tests.unit.local.doubles.spoiling import unhurried

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)
_BLOCKS = st.lists(
    st.builds(Text, text=st.text(min_size=1))
    | st.builds(ToolUse, id=st.just("tooluse_1"), name=st.sampled_from(["a", "b"]), arguments=_JSON),
    max_size=4,
)


def reassembled(told: list[tuple[str, dict[str, Any]]]) -> list[Any]:
    """Put blocks together as a client does."""
    blocks: dict[int, Any] = {}
    for name, payload in told:
        index = payload.get("contentBlockIndex", -1)
        if name == "contentBlockStart":
            blocks[index] = {**payload["start"]["toolUse"], "input": ""}
        elif name == "contentBlockDelta" and "text" in payload["delta"]:
            blocks[index] = blocks.get(index, "") + payload["delta"]["text"]
        elif name == "contentBlockDelta":
            blocks[index]["input"] += payload["delta"]["toolUse"]["input"]
    return [blocks[index] for index in sorted(blocks)]


def written(arguments: Any) -> str:
    """What a model wrote: arguments that are text are a broken model's, and arrive as they are."""
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


@unhurried
@given(content=_BLOCKS)
def test_a_client_puts_the_same_reply_together_again(content: list[Text | ToolUse]) -> None:
    reply = Reply(content=tuple(content), stop_reason="end_turn", usage=Usage(input=3, output=4, cache_read=5))

    told = list(events(reply, latency=7))

    assert reassembled(told) == [
        part.text if isinstance(part, Text) else {"toolUseId": part.id, "name": part.name, "input": written(part.arguments)}
        for part in content
    ]
    assert [name for name, _ in told if name == "contentBlockStop"] == ["contentBlockStop"] * len(content)
    assert told[0] == ("messageStart", {"role": "assistant"})
    assert told[-2] == ("messageStop", {"stopReason": "end_turn"})
    assert told[-1][1]["usage"]["totalTokens"] == 12


def test_a_reply_of_megabytes_comes_in_few_pieces() -> None:
    reply = Reply(content=(Text(text="x" * 5_000_000),), stop_reason="end_turn", usage=None)

    told = list(events(reply, latency=0))

    assert len(told) < 2_100
    assert sum(len(body["delta"]["text"]) for name, body in told if name == "contentBlockDelta") == 5_000_000
    assert told[-1] == ("metadata", {"metrics": {"latencyMs": 0}})
