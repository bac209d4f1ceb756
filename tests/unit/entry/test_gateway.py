import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from septet.core.entries import ToolResult
from septet.core.errors import Fenced, InputRejected
from septet.core.journal import after, from_json
from septet.entry.gateway import ANSWER_BYTES, DECLARED, serve
from septet.local.models import ScriptedModel
from septet.local.platform import Platform
from septet.local.tools import FunctionTools
from septet.security.calls import RESULT_BYTES
from tests.unit.shop import MANIFESTS, Shop, agent


@dataclass(frozen=True)
class Context:
    """A double of Lambda's context: by which ARN the function was invoked."""

    invoked_function_arn: str


GATEWAY = "arn:aws:lambda:eu-west-1:123456789012:function:septet-dev-step-gateway"
CLERK: Any = Context(f"{GATEWAY}:agent-clerk")


def test_a_request_in_and_the_entries_it_wrote_out(tmp_path: Path) -> None:
    for name in DECLARED:
        (tmp_path / f"{name}.json").write_text(f'"{name}"')
    platform = Platform(agents={"clerk": agent()}, model=ScriptedModel({}), tools=Shop().tools, manifests=MANIFESTS)
    branch = platform.submit("run-1", {"message": "hello"})
    made: list[Any] = []

    def make(**declared: Any) -> Any:
        made.append(declared)
        return platform.gateway

    handler = serve(str(tmp_path / "handler.py"), make=make)
    head = after(platform.entries(branch))
    event = {
        "branch": {"tenant": "acme", "run": "run-1", "path": "main"},
        "head": {"number": head.number, "hash": head.hash},
        "turn": "clerk",
        "bundle": "b-1",
        "pins": {"find_order": MANIFESTS["find_order"].pin},
        "calls": [{"id": "c", "tool": "find_order", "arguments": {"order_id": "A-1"}}],
    }
    answer = json.loads(json.dumps(handler(event, CLERK)))
    entries = [from_json(entry) for entry in answer["entries"]]
    assert entries == platform.entries(branch)[1:]
    assert isinstance(entries[-1].body, ToolResult)
    with pytest.raises(Fenced):
        handler(event, CLERK)
    assert made == [{name: name for name in DECLARED}], "it is made once a process"


def test_on_whose_behalf_is_handed_on(tmp_path: Path) -> None:
    for name in DECLARED:
        (tmp_path / f"{name}.json").write_text("{}")
    platform = Platform(agents={"clerk": agent()}, model=ScriptedModel({}), tools=Shop().tools, manifests=MANIFESTS)
    branch = platform.submit("run-1", {"message": "hello"})
    head = after(platform.entries(branch))
    event = {
        "branch": {"tenant": "acme", "run": "run-1", "path": "main"},
        "head": {"number": head.number, "hash": head.hash},
        "turn": "clerk",
        "bundle": "b-1",
        "pins": {"find_order": MANIFESTS["find_order"].pin},
        "on_behalf_of": ["an agent without any tool"],
        "calls": [{"id": "c", "tool": "find_order", "arguments": {"order_id": "A-1"}}],
    }
    (written,) = serve(str(tmp_path / "handler.py"), make=lambda **_: platform.gateway)(event, CLERK)["entries"]
    assert from_json(written).body.error == "InputRejected"  # type: ignore[union-attr]  # it is a result


def test_what_is_too_large_for_an_answer_is_in_the_journal(tmp_path: Path) -> None:
    for name in DECLARED:
        (tmp_path / f"{name}.json").write_text("{}")
    tools = FunctionTools({"find_order": lambda _, __: "x" * (RESULT_BYTES - 2)})
    platform = Platform(agents={"clerk": agent()}, model=ScriptedModel({}), tools=tools, manifests=MANIFESTS)
    branch = platform.submit("run-1", {"message": "hello"})
    handler = serve(str(tmp_path / "handler.py"), make=lambda **_: platform.gateway)
    sizes = []
    for calls in (3, 4):
        head = after(platform.entries(branch))
        event = {
            "branch": {"tenant": "acme", "run": "run-1", "path": "main"},
            "head": {"number": head.number, "hash": head.hash},
            "turn": f"turn-{calls}",
            "bundle": "b-1",
            "pins": {"find_order": MANIFESTS["find_order"].pin},
            "calls": [{"id": f"c{place}", "tool": "find_order", "arguments": {"order_id": f"A-{place}"}} for place in range(calls)],
        }
        answer = handler(event, CLERK)
        written = list(platform.journal.read(branch, after=head.number - 1))
        sizes.append((len(written), len(answer["entries"]), answer.get("read", False)))
        assert len(json.dumps(answer)) < ANSWER_BYTES
    assert sizes == [(6, 6, False), (8, 0, True)]


def test_an_event_cannot_say_that_another_agent_asks(tmp_path: Path) -> None:
    for name in DECLARED:
        (tmp_path / f"{name}.json").write_text("{}")
    agents = {"clerk": agent(), "scout": agent("scout", tools=())}
    platform = Platform(agents=agents, model=ScriptedModel({}), tools=Shop().tools, manifests=MANIFESTS)
    branch = platform.submit("run-1", {"message": "hello"})
    head = after(platform.entries(branch))
    event = {
        "branch": {"tenant": "acme", "run": "run-1", "path": "main"},
        "head": {"number": head.number, "hash": head.hash},
        "agent": "clerk",
        "turn": "clerk",
        "bundle": "b-1",
        "pins": {"find_order": MANIFESTS["find_order"].pin},
        "calls": [{"id": "c", "tool": "find_order", "arguments": {"order_id": "A-1"}}],
    }
    scout: Any = Context(f"{GATEWAY}:agent-scout")
    (written,) = serve(str(tmp_path / "handler.py"), make=lambda **_: platform.gateway)(event, scout)["entries"]
    entry = from_json(written)
    assert isinstance(entry.body, ToolResult)
    assert (entry.agent, entry.body.error, entry.body.message) == ("scout", "InputRejected", "scout has no tool find_order")


@pytest.mark.parametrize(
    "arn",
    [
        GATEWAY,
        f"{GATEWAY}:live",
        f"{GATEWAY}:$LATEST",
        f"{GATEWAY}:7",
        f"{GATEWAY}:agent-",
        f"{GATEWAY}:agent-Clerk",
        f"{GATEWAY}:agent-clerk\n",
        f"{GATEWAY}:agent-clerk:agent-scout",
        "agent-clerk",
        "",
    ],
)
def test_an_invocation_by_no_agents_alias_is_refused_before_anything_is_read(tmp_path: Path, arn: str) -> None:
    def make(*_: Any) -> Any:
        raise AssertionError("no gateway is needed")

    context: Any = Context(arn)
    with pytest.raises(InputRejected, match="own alias"):
        serve(str(tmp_path / "handler.py"), make=make)({}, context)


def test_who_undoes_is_known_by_its_alias_and_an_agent_cannot_have_anything_undone(tmp_path: Path) -> None:
    for name in DECLARED:
        (tmp_path / f"{name}.json").write_text("{}")
    platform = Platform(agents={"clerk": agent()}, model=ScriptedModel({}), tools=Shop().tools, manifests=MANIFESTS)
    platform.submit("run-1", {"message": "hello"})
    handler = serve(str(tmp_path / "handler.py"), make=lambda **_: platform.gateway)
    undoes: Any = Context(f"{GATEWAY}:step-compensate")
    assert handler({"tenant": "acme", "run": "run-1"}, undoes) == {"outcome": "undone", "undone": 0, "named": 0}
    with pytest.raises(KeyError):
        handler({"tenant": "acme", "run": "run-1"}, CLERK)
    other: Any = Context(f"{GATEWAY}:step-other")
    with pytest.raises(InputRejected):
        handler({"tenant": "acme", "run": "run-1"}, other)
