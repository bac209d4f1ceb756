import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from septet.core.errors import CheckFailed, InputRejected, ModelRefused
from septet.entry.agent import serve
from septet.execution.driver import Ports
from septet.execution.ports import Reply
from septet.local.models import ScriptedModel
from septet.local.platform import LocalGateway, Platform
from tests.unit.shop import MANIFESTS, Shop, agent, asks, find, says

BUNDLE: dict[str, Any] = {
    "agent": "clerk",
    "bundle": "0123456789abcdef",
    "prompt": "Be a clerk.",
    "models": [
        {
            "id": "m.1",
            "provider": "double",
            "input_price": 1,
            "output_price": 1,
            "context": 1_000,
            "max_output": 100,
            "capabilities": ["tools"],
        }
    ],
    "tools": [{"name": "find_order", "description": "Find it.", "input_schema": {"type": "object"}}],
    "answer_schema": None,
    "hand_over_to": [],
    "limits": {},
}
EVENT = {"tenant": "acme", "run": "run-1", "turn": "clerk-1"}
Served = Callable[..., tuple[Callable[[Any], Any], ScriptedModel]]


class Context:
    """As much of a Lambda context as an agent looks at."""

    def get_remaining_time_in_millis(self) -> int:
        return 180_000


@pytest.fixture
def served(tmp_path: Path) -> Served:
    """The handler of an agent's folder in whose platform a run was submitted, and the model it asks."""

    def make(*lines: Reply | Exception, more: dict[str, Any] | None = None) -> tuple[Callable[[Any], Any], ScriptedModel]:
        (tmp_path / "bundle.json").write_text(json.dumps(BUNDLE | (more or {})))
        model = ScriptedModel({"clerk": lines})
        platform = Platform(agents={"clerk": agent()}, model=model, tools=Shop().tools, manifests=MANIFESTS)
        platform.submit("run-1", {"message": "hello"})
        ports = Ports(journal=platform.journal, models=platform.models(), gateway=LocalGateway(platform.gateway), clock=platform.clock)
        handler: Any = serve(str(tmp_path / "handler.py"), ports=lambda: ports)
        return lambda event: handler(event, Context()), model

    return make


def test_a_turn_is_taken_and_its_outcome_is_json(served: Served) -> None:
    handler, _ = served(asks(find("A-1")), says("Found it."))
    outcome = handler(EVENT)
    assert json.loads(json.dumps(outcome)) == outcome
    assert outcome == {"outcome": "answer", "agent": "clerk", "turn": "clerk-1", "routing": {}, "to": "", "approval": "", "seconds": 0}


def test_the_outcome_says_nothing_of_what_was_said(served: Served) -> None:
    handler, _ = served(says("the customer's secret"))
    assert "secret" not in json.dumps(handler(EVENT))


def test_the_check_beside_the_bundle_judges_the_answer(served: Served, tmp_path: Path) -> None:
    (tmp_path / "check.py").write_text("def check(answer, seen):\n    return [] if answer['text'] == 'I am sure.' else ['be sure']\n")
    unchecked, _ = served(says("I guess."))
    assert unchecked(EVENT)["outcome"] == "answer", "a bundle that names no check has none"
    handler, _ = served(says("I guess."), says("I am sure."), more={"check": True})
    assert handler(EVENT)["outcome"] == "answer"
    handler, _ = served(says("I guess."), says("I still guess."), more={"check": True})
    with pytest.raises(CheckFailed):
        handler(EVENT)


def test_a_failure_is_raised_by_its_name(served: Served) -> None:
    handler, _ = served(ModelRefused("no"))
    with pytest.raises(ModelRefused):
        handler(EVENT)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"tenant": None}, "tenant"),
        ({"tenant": ""}, "tenant"),
        ({"tenant": ["acme"]}, "tenant"),
        ({"tenant": "acme#run-1"}, "tenant"),
        ({"run": 7}, "run"),
        ({"run": "run-1#main"}, "run"),
        ({"turn": ""}, "turn"),
    ],
)
def test_an_event_that_names_no_place_is_rejected_by_field(served: Served, change: dict[str, Any], field: str) -> None:
    handler, model = served(says("Hello!"))
    with pytest.raises(InputRejected, match=field):
        handler(EVENT | change)
    assert model.requests == []


def test_for_another_agent_it_may_do_no_more_than_the_other(served: Served) -> None:
    handler, model = served(asks(find("A-1")), says("Found it."), asks(find("A-1")), says("Found nothing."))
    handler(EVENT | {"on_behalf_of": ["an agent without any tool"]})
    (result,) = [block["result"] for block in model.requests[1].messages[-1]["content"] if "result" in block]
    assert result["error"].startswith("InputRejected")


def test_a_run_of_another_tenant_is_no_run(served: Served) -> None:
    handler, _ = served(says("Hello!"))
    with pytest.raises(InputRejected, match="no journal"):
        handler(EVENT | {"tenant": "other"})


def test_what_is_logged_of_a_turn_is_where_it_was_and_how_it_went(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    handler, _ = served(says("the customer's secret"))
    handler(EVENT)
    (record,) = caplog.records
    logged = {name: vars(record)[name] for name in ("msg", "run", "turn", "bundle", "outcome")}
    assert logged == {"msg": "turn", "run": "run-1", "turn": "clerk-1", "bundle": "0123456789abcdef", "outcome": "answer"}
    assert "secret" not in str(vars(record))
