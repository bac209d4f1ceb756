"""The function behind the queue of replays."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from septet.core.errors import StoreUnavailable
from septet.core.replays import Replay
from septet.entry.replays import RESERVE, serve

CONTEXT = SimpleNamespace(aws_request_id="r", get_remaining_time_in_millis=lambda: RESERVE + 1)


def message(replay: str, came: int = 1) -> dict[str, Any]:
    return {
        "messageId": "m",
        "body": json.dumps({"tenant": "acme", "replay": replay}),
        "attributes": {"ApproximateReceiveCount": str(came)},
    }


class Replayer:
    """Notes what it is asked for."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[tuple[str, str, bool, int]] = []
        self.error = error

    def go_on(self, tenant: str, replay: str, *, more: Any, deaths: int) -> Replay | None:
        self.asked.append((tenant, replay, more(), deaths))
        if self.error:
            raise self.error
        return Replay(tenant=tenant, replay=replay, by="b", at=1, of=tenant) if replay == "rpl-1" else None


def test_each_message_is_a_replay_to_go_on_with_and_how_often_it_came_says_how_often_somebody_died() -> None:
    made = Replayer()
    handler = serve("beside", make=lambda _: made)  # type: ignore[arg-type, return-value]  # a double
    handler({"Records": [message("rpl-1"), message("rpl-2", came=3)]}, CONTEXT)
    assert made.asked == [("acme", "rpl-1", True, 0), ("acme", "rpl-2", True, 2)]


def test_there_is_no_more_time_when_a_portion_might_not_end() -> None:
    made = Replayer()
    late = SimpleNamespace(aws_request_id="r", get_remaining_time_in_millis=lambda: RESERVE)
    serve("beside", make=lambda _: made)({"Records": [message("rpl-1")]}, late)  # type: ignore[arg-type, return-value]  # a double
    assert made.asked == [("acme", "rpl-1", False, 0)]


def test_one_that_cannot_be_gone_on_with_comes_again() -> None:
    made = Replayer(StoreUnavailable("the table of replays"))
    with pytest.raises(StoreUnavailable):
        serve("beside", make=lambda _: made)({"Records": [message("rpl-1")]}, CONTEXT)  # type: ignore[arg-type, return-value]  # a double
