"""Events as SQS hands them over: only those that are to come again are named in the answer."""

import json
from pathlib import Path
from typing import Any

import pytest

from septet.entry.events import DECLARED, serve
from septet.integration.events import Taken


class Intake:
    """A double: what becomes of an event is its body."""

    def take(self, body: str, *, tries: int) -> Taken:
        if body == "break the jug":
            raise RuntimeError(body)
        assert tries == 2
        return Taken(outcome="again" if body == "again" else "started", run="run-1")


def test_of_a_batch_only_what_is_to_come_again_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in DECLARED:
        (tmp_path / f"{name}.json").write_text(f'"{name}"')
    made: list[Any] = []

    def make(**declared: Any) -> Any:
        made.append(declared)
        return Intake()

    handler = serve(str(tmp_path / "handler.py"), make=make)
    bodies = ["fine", "again", "break the jug", "fine"]
    records = [
        {"messageId": f"m{place}", "body": body, "attributes": {"ApproximateReceiveCount": "2"}} for place, body in enumerate(bodies)
    ]
    answer = json.loads(json.dumps(handler({"Records": records}, None)))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m2"}]}
    (told,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert vars(told)["error"] == "RuntimeError"
    assert "the jug" not in caplog.text + str(vars(told)), "what an error says may quote the event"
    assert made == [{name: name for name in DECLARED}]
