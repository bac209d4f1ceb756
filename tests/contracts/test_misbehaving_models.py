"""Every model adapter against a model server that misbehaves: the named outcome of each fault, and no billed call taken for a free one."""

import gc
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from local.doubles.bootstrap import running
from local.doubles.scenario.library import Library
from septet.aws.answers import bounded
from septet.aws.bedrock import BedrockModel
from septet.aws.sagemaker import SageMakerModel
from septet.core.errors import SeptetError
from septet.endpoints.openai import OpenAiModel
from septet.execution.conversation import tools
from septet.execution.ports import Model, ModelRequest, Reply
from tests.unit.shop import MODEL, agent

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # botocore leaves a broken answer's socket to the collector
PATIENCE, HASTE = 30, 1
"""Seconds that an adapter waits here; and for a model that is silent."""
ADAPTERS = ("bedrock", "bedrock, streaming", "sagemaker", "openai")

type Outcome = Callable[[Reply], bool]
type Step = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Server:
    """A model server of this test's own, with adapters that ask it."""

    url: str
    models: dict[tuple[str, int], Model]
    """By adapter and by the seconds that it waits."""

    def play(self, step: Step) -> None:
        scenario = {"scenario": "misbehaviour", "when": {"contains": "hello"}, "agents": {"clerk": [step]}}
        answer = httpx.put(f"{self.url}/scenarios/misbehaviour", content=json.dumps(scenario), trust_env=False)
        assert answer.is_success, answer.text

    def billed(self, run: str) -> bool:
        (call,) = httpx.get(f"{self.url}/calls", params={"run": run}, trust_env=False).json()["calls"]
        return bool(call["billed"])


@contextmanager
def _client(service: str, url: str, seconds: int) -> Iterator[Any]:
    config = Config(retries={"total_max_attempts": 1}, read_timeout=seconds, proxies={})
    made_up: Any = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    client = boto3.client(service, endpoint_url=url, config=config, **made_up)
    try:
        yield bounded(client)
    finally:
        client.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with ExitStack() as stack:
        served = stack.enter_context(running(home=tmp_path_factory.mktemp("doubles"), port=0, library=Library(), upstream=None))
        models: dict[tuple[str, int], Model] = {}
        for seconds in (PATIENCE, HASTE):
            bedrock, sagemaker = (stack.enter_context(_client(f"{name}-runtime", served.url, seconds)) for name in ("bedrock", "sagemaker"))
            asked = BedrockModel(partial(_same, bedrock))
            adapters = (asked, asked, SageMakerModel(partial(_same, sagemaker)), OpenAiModel(lambda _: ""))
            models |= {(name, seconds): model for name, model in zip(ADAPTERS, adapters, strict=True)}
        yield Server(url=served.url, models=models)
    gc.collect()


def _same(client: Any, _: object) -> Any:
    return client


def _request(adapter: str, server: Server, run: str, seconds: int) -> ModelRequest:
    endpoint = {"sagemaker": "kind-model", "openai": f"{server.url}/v1"}.get(adapter, "")
    capabilities = MODEL.capabilities | ({"streaming"} if "streaming" in adapter else set())
    return ModelRequest(
        model=replace(MODEL, endpoint=endpoint, capabilities=frozenset(capabilities)),
        system="Be kind.",
        messages=[{"role": "user", "content": [{"text": "hello"}]}],
        tools=tools(agent()),
        max_output=100,
        seconds=seconds,
        metadata={"agent": "clerk", "turn": "clerk", "run": run, "step": "0"},
    )


CALLS: Step = {"text": "I look.", "calls": [{"tool": "find_order", "arguments": {"order_id": "A-1", "note": "x"}}]}
SAYS: Step = {"text": "two words"}


def fault(step: Step, name: str, **rest: Any) -> Step:
    return step | {"faults": [{"fault": name, **rest}]}


def stops(stop: str) -> Outcome:
    return lambda reply: reply.stop == stop


def asks(tool: str, arguments: type) -> Outcome:
    return lambda reply: reply.stop == "tools" and (reply.calls[0].tool, type(reply.calls[0].arguments)) == (tool, arguments)


def uncounted(reply: Reply) -> bool:
    return reply.text == "two words" and not reply.usage_known


CASES: dict[str, tuple[Step, str | Outcome]] = {
    "throttling": (fault({}, "throttling"), "ModelThrottled"),
    "not ready": (fault({}, "not_ready"), "ModelThrottled"),
    "503": (fault({}, "unavailable"), "ModelUnavailable"),
    "500": (fault({}, "internal"), "ModelUnavailable"),
    "the service's time-out": (fault({}, "timeout"), "ModelUnavailable"),
    "the model's error": (fault({}, "model_error"), "ModelUnavailable"),
    "overflow": (fault({}, "context_overflow"), "ContextOverflow"),
    "no access": (fault({}, "access_denied"), "ModelUnavailable"),
    "no such model": (fault({}, "not_found"), "ModelUnavailable"),
    "silence before a reply": (fault(SAYS, "slow", delay=60), "ModelUnavailable"),
    "silence in the middle": (fault(SAYS, "stalled", delay=60), "ModelUnavailable"),
    "dropped before a byte": (fault(SAYS, "dropped"), "ModelUnavailable"),
    "dropped in the middle": (fault(SAYS, "dropped_midway"), "ModelUnavailable"),
    "an error in a stream": (fault(SAYS, "stream_error"), "ModelUnavailable"),
    "a stream that ends early": (fault(SAYS, "stream_cut"), "ModelUnavailable"),
    "arguments of another shape": (fault(CALLS, "malformed_arguments"), asks("find_order", dict)),
    "arguments that are no JSON": (fault(CALLS, "non_object_arguments"), asks("find_order", str)),
    "a tool that there is not": (fault(CALLS, "unknown_tool"), asks("no_such_find_order", dict)),
    "400 calls": ({"calls": [CALLS["calls"][0] | {"repeat": 400}]}, lambda reply: len(reply.calls) == 400),
    "garbage": (fault(CALLS, "garbage_text"), lambda reply: reply.stop == "end" and not reply.calls),
    "a reply that is cut off": (fault(SAYS, "truncation"), stops("truncated")),
    "a refusal": (fault({}, "refusal"), stops("refused")),
    "a guardrail": (fault({}, "guardrail"), stops("refused")),
    "nothing": (fault({}, "empty"), lambda reply: (reply.text, reply.calls, reply.stop) == ("", (), "end")),
    "5 MB": ({"pad": 5_000_000}, lambda reply: len(reply.text) == 5_000_000),
    "no figures": (fault(SAYS, "usage_missing"), uncounted),
    "negative figures": (fault(SAYS, "usage_negative"), uncounted),
    "absurd figures": (fault(SAYS, "usage_huge"), uncounted),
    "text for figures": (fault(SAYS, "usage_text"), uncounted),
}
OTHERWISE: dict[tuple[str, str], str | Outcome] = {
    ("openai", "not ready"): "ModelUnavailable",  # a 503, as any other
    ("bedrock", "text for figures"): "ModelUnavailable",  # botocore's parser gives up on such an answer as a whole
    ("bedrock, streaming", "5 MB"): stops("truncated"),
}


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize("name", CASES)
def test_each_misbehaviour_has_its_named_outcome(server: Server, name: str, adapter: str) -> None:
    step, usual = CASES[name]
    expected, run = OTHERWISE.get((adapter, name), usual), f"run-{ADAPTERS.index(adapter)}-{list(CASES).index(name)}"
    server.play(step)
    seconds = HASTE if any("delay" in one for one in step.get("faults", ())) else PATIENCE
    ended = _complete(server.models[adapter, seconds], _request(adapter, server, run, seconds))
    if isinstance(ended, Reply):
        assert not isinstance(expected, str), ended.text[:200]
        assert expected(ended), replace(ended, text=ended.text[:200])
    else:
        assert type(ended).__name__ == expected, ended
        assert ended.billed or not server.billed(run), "the provider charges for what counts as free here"


def _complete(model: Model, request: ModelRequest) -> Reply | SeptetError:
    try:
        return model.complete(request)
    except SeptetError as error:
        return error
