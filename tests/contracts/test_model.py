"""The scripted model, and Bedrock's adapter against the twin's model server, which is a double as well: what is held is the adapter."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from septet.aws.bedrock import BedrockModel
from septet.core.entries import ToolCall
from septet.core.errors import ContextOverflow, ModelThrottled, ModelUnavailable, SeptetError
from septet.core.money import Usage
from septet.execution.conversation import tools
from septet.execution.ports import Message, Model, ModelRequest, Reply
from septet.local.models import ScriptedModel
from tests.unit.shop import MODEL, agent

Play = Callable[..., Model]
CALLS = [ToolCall(id="c1", tool="find_order", arguments={"order_id": "A-1", "note": "Grüße 👋"})]
FAULTS: dict[type[SeptetError], str] = {ModelThrottled: "throttling", ModelUnavailable: "unavailable", ContextOverflow: "context_overflow"}


def step(line: Reply) -> dict[str, Any]:
    told: dict[str, Any] = {"usage": {"input": line.usage.input, "output": line.usage.output}}
    if line.text:
        told["text"] = line.text
    if line.calls:
        told["calls"] = [{"tool": call.tool, "arguments": call.arguments} for call in line.calls]
    if line.stop == "truncated":
        told["stop"] = "max_tokens"
    return told


@pytest.fixture(params=["script", pytest.param("bedrock", marks=pytest.mark.twin)])
def play(request: pytest.FixtureRequest, tenant: str) -> Play:
    """Play lines as the model of the agent ``clerk``."""
    if request.param == "script":
        return lambda *lines: ScriptedModel({"clerk": lines})
    twin: Any = request.getfixturevalue("bare_twin")
    return lambda *lines: _serve(twin.doubles, tenant, lines)


def _serve(doubles: str, name: str, lines: tuple[Reply | SeptetError, ...]) -> Model:
    steps: list[dict[str, Any]] = []
    faults: list[dict[str, Any]] = []
    for line in lines:
        if isinstance(line, Reply):
            steps.append(step(line) | ({"faults": faults} if faults else {}))
            faults = []
        else:
            faults = [*faults, {"fault": FAULTS[type(line)], "times": 1}]
    scenario = {"scenario": name, "when": {"contains": name}, "agents": {"clerk": steps}}
    answer = httpx.put(f"{doubles}/scenarios/{name}", content=json.dumps(scenario))
    assert answer.is_success, answer.text
    config = Config(retries={"total_max_attempts": 1}, read_timeout=10, proxies={})
    made_up: Any = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    return BedrockModel(boto3.client("bedrock-runtime", endpoint_url=doubles, config=config, **made_up))


def request(name: str, *messages: Message, number: int = 0) -> ModelRequest:
    first: Message = {"role": "user", "content": [{"text": f"<message source=external>\n{name}\n</message>"}]}
    metadata = {"agent": "clerk", "turn": "clerk", "run": f"run-{name}", "step": str(number)}
    return ModelRequest(model=MODEL, system="Be kind.", messages=[first, *messages], tools=tools(agent()), metadata=metadata)


ANSWERED: list[Message] = [
    {"role": "assistant", "content": [{"text": "Let me look."}, {"call": CALLS[0]}]},
    {"role": "user", "content": [{"result": {"id": "c1", "value": {"found": True}}}]},
]


def test_text_and_what_it_took(play: Play, tenant: str) -> None:
    said = play(Reply(text="Grüße 👋", usage=Usage(input=7, output=3))).complete(request(tenant))
    assert (said.text, said.calls, said.stop, said.usage) == ("Grüße 👋", (), "end", Usage(input=7, output=3))


def test_calls_of_tools_and_then_their_results(play: Play, tenant: str) -> None:
    model = play(Reply(text="Let me look.", calls=tuple(CALLS), stop="tools"), Reply(text="Found."))
    said = model.complete(request(tenant))
    assert said.text == "Let me look."
    assert [(call.tool, call.arguments) for call in said.calls] == [(call.tool, call.arguments) for call in CALLS]
    assert said.stop == "tools"
    assert model.complete(request(tenant, *ANSWERED, number=1)).text == "Found."


def test_a_call_that_is_made_again_gets_the_same_reply(play: Play, tenant: str) -> None:
    model = play(Reply(text="once"), Reply(text="twice"))
    assert [model.complete(request(tenant)).text for _ in range(2)] == ["once", "once"]


@pytest.mark.parametrize("error", list(FAULTS))
def test_an_error_has_its_name_and_passes(play: Play, tenant: str, error: type[SeptetError]) -> None:
    model = play(error("it says"), Reply(text="Here I am."))
    with pytest.raises(error):
        model.complete(request(tenant))
    assert model.complete(request(tenant)).text == "Here I am."


def test_a_reply_that_was_cut_off_says_so(play: Play, tenant: str) -> None:
    assert play(Reply(text="And then", stop="truncated")).complete(request(tenant)).stop == "truncated"


def test_a_tool_that_refused_and_one_that_returned_no_object_are_understood(play: Play, tenant: str) -> None:
    results: list[Message] = [
        {"role": "assistant", "content": [{"call": CALLS[0]}, {"call": ToolCall(id="c2", tool="find_order", arguments="none")}]},
        {
            "role": "user",
            "content": [{"result": {"id": "c1", "value": [1, None]}}, {"result": {"id": "c2", "error": "InputRejected: no object"}}],
        },
    ]
    model = play(Reply(calls=(CALLS[0], CALLS[0]), stop="tools"), Reply(text="I see."))
    assert model.complete(request(tenant, *results, number=1)).text == "I see."
