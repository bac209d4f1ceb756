"""The exact cache in DynamoDB."""

from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from septet.aws.items import dumps, item, loads, values
from septet.core.entries import ToolCall
from septet.core.money import Usage
from septet.execution.ports import Reply

VERSION = 1
"""Of a reply's JSON form; another version is not read."""
MOST_BYTES = 256 * 1024
"""A reply that is larger as JSON is not kept; an item may have 400 KB."""


class DynamoCache:
    """Partition ``cache``, which is ``{tenant}#{key}``. DynamoDB deletes what has expired days late, so the time is checked in reading."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, tenant: str, key: str, *, now: int) -> Reply | None:
        """The reply to an equal request; None when there is none, it is too old, or it cannot be read."""
        try:
            found = self._client.get_item(TableName=self._table, Key=item({"cache": f"{tenant}#{key}"}))
            held = values(found.get("Item", {}))
            return _reply(loads(held["reply"])) if held and held["until"] > now else None
        except (ClientError, BotoCoreError, LookupError, TypeError, ValueError):
            return None

    def put(self, tenant: str, key: str, reply: Reply, *, until: int) -> None:
        """Keep *reply*. Never raises."""
        try:
            text = dumps(_values(reply))
        except (TypeError, ValueError, RecursionError):
            return
        if len(text.encode(errors="replace")) > MOST_BYTES:
            return
        # The time to live is in seconds, as DynamoDB wants it.
        kept = item({"cache": f"{tenant}#{key}", "reply": text, "until": until, "expires": -(-until // 1000)})
        with suppress(ClientError, BotoCoreError, UnicodeError):
            self._client.put_item(TableName=self._table, Item=kept)


def _values(reply: Reply) -> dict[str, Any]:
    used = reply.usage
    return {
        "version": VERSION,
        "text": reply.text,
        "calls": [{"id": call.id, "tool": call.tool, "arguments": call.arguments} for call in reply.calls],
        "stop": reply.stop,
        "usage": {"input": used.input, "output": used.output, "cache_read": used.cache_read, "cache_write": used.cache_write},
        "usage_known": reply.usage_known,
    }


def _reply(held: Any) -> Reply:
    """The reply of *held*. Raises LookupError, TypeError or ValueError for anything else."""
    if held["version"] != VERSION:
        raise ValueError(f"version {held['version']} of a cached reply")
    return Reply(
        text=held["text"],
        calls=tuple(ToolCall(**call) for call in held["calls"]),
        stop=held["stop"],
        usage=Usage(**held["usage"]),
        usage_known=held["usage_known"],
    )
