import json
from pathlib import Path
from typing import Any

import pytest

from septet.core.entries import ToolResult
from septet.core.errors import Fenced
from septet.core.journal import after, from_json
from septet.entry.gateway import serve
from septet.local.models import ScriptedModel
from septet.local.platform import Platform
from tests.unit.shop import MANIFESTS, Shop, agent


def test_a_request_in_and_the_entries_it_wrote_out(tmp_path: Path) -> None:
    (tmp_path / "manifests.json").write_text("{}")
    (tmp_path / "grants.json").write_text('{"clerk": ["find_order"]}')
    platform = Platform(agents={"clerk": agent()}, model=ScriptedModel({}), tools=Shop().tools, manifests=MANIFESTS)
    branch = platform.submit("run-1", {"message": "hello"})
    made: list[Any] = []

    def make(*declared: Any) -> Any:
        made.append(declared)
        return platform.gateway

    handler = serve(str(tmp_path / "handler.py"), make=make)
    head = after(platform.entries(branch))
    event = {
        "branch": {"tenant": "acme", "run": "run-1", "path": "main"},
        "head": {"number": head.number, "hash": head.hash},
        "agent": "clerk",
        "turn": "clerk",
        "bundle": "b-1",
        "calls": [{"id": "c", "tool": "find_order", "arguments": {"order_id": "A-1"}}],
    }
    answer = json.loads(json.dumps(handler(event, None)))
    entries = [from_json(entry) for entry in answer["entries"]]
    assert entries == platform.entries(branch)[1:]
    assert isinstance(entries[-1].body, ToolResult)
    with pytest.raises(Fenced):
        handler(event, None)
    assert made == [({}, {"clerk": ["find_order"]})], "it is made once a process"
