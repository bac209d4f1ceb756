"""From the boto3 client through the forward back-end to a fake of an OpenAI-compatible server, and back."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError, EventStreamError

from local.doubles.answer import ModelError
from local.doubles.forward.client import ForwardBackend, Upstream
from tests.unit.local.doubles.asking import asks, call
from tests.unit.local.doubles.conftest import Doubles
from tests.unit.local.doubles.forward.chat_fake import ChatFake, chat_fake

SAID = {
    "id": "chat-1",
    "choices": [{"message": {"content": "Hello."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 2},
}


@pytest.fixture
def fake() -> Iterator[ChatFake]:
    with chat_fake() as running:
        running.body = SAID
        yield running


@pytest.fixture
def forwarded(serve: Callable[..., Doubles], fake: ChatFake) -> Doubles:
    return serve(upstream=Upstream(url=fake.url, model="qwen3", key="hidden-key"))


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"id": "chat-1", "choices": [{"delta": delta, "finish_reason": finish}]}


def test_a_call_reaches_the_model_and_its_answer_comes_back(forwarded: Doubles, fake: ChatFake) -> None:
    answer = forwarded.bedrock.converse(**asks("hello"))

    assert answer["output"]["message"]["content"] == [{"text": "Hello."}]
    assert answer["usage"]["inputTokens"] == 9
    assert fake.asked[0]["model"] == "qwen3"
    assert fake.asked[0]["messages"] == [{"role": "user", "content": "hello"}]
    assert fake.headers["Authorization"] == "Bearer hidden-key"


def test_a_stream_comes_through(forwarded: Doubles, fake: ChatFake) -> None:
    fake.chunks = [
        chunk(content="Hel"),
        chunk(content="lo."),
        chunk("stop"),
        {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}},
    ]

    told = list(forwarded.bedrock.converse_stream(**asks("hello"))["stream"])

    assert "".join(event["contentBlockDelta"]["delta"]["text"] for event in told if "contentBlockDelta" in event) == "Hello."
    assert told[-1]["metadata"]["usage"]["totalTokens"] == 11
    assert fake.asked[0]["stream"] is True


@pytest.mark.parametrize(
    ("status", "name"), [(429, "ThrottlingException"), (503, "ServiceUnavailableException"), (401, "AccessDeniedException")]
)
def test_a_failure_has_its_name_on_bedrock_in_both_operations(forwarded: Doubles, fake: ChatFake, status: int, name: str) -> None:
    fake.status, fake.body = status, {"error": {"message": "no"}}

    for operation in (forwarded.bedrock.converse, forwarded.bedrock.converse_stream):
        with pytest.raises(ClientError) as refused:
            operation(**asks("hello"))
        assert refused.value.response["Error"]["Code"] == name
    assert [record["outcome"] for record in forwarded.calls()] == [name, name]


@pytest.mark.parametrize("last", [None, {"error": {"message": "out of memory"}}])
def test_a_stream_that_breaks_off_ends_with_an_exception(forwarded: Doubles, fake: ChatFake, last: Any) -> None:
    fake.chunks = [chunk(content="Hel"), last]
    stream = forwarded.bedrock.converse_stream(**asks("hello"))["stream"]

    with pytest.raises(EventStreamError, match=r"modelStreamErrorException.*broke off"):
        list(stream)
    stream.close()


@pytest.mark.parametrize("body", ["<html>", {"choices": []}])
def test_an_answer_that_is_no_completion_is_the_models_error(forwarded: Doubles, fake: ChatFake, body: Any) -> None:
    fake.body = body

    for operation in (forwarded.bedrock.converse, forwarded.bedrock.converse_stream):
        with pytest.raises(ClientError, match="ModelErrorException"):
            operation(**asks("hello"))


def test_a_silent_model_is_a_timeout(fake: ChatFake) -> None:
    fake.silent = True
    with ForwardBackend(Upstream(url=fake.url, model="m"), timeout=httpx.Timeout(0.2)) as backend, pytest.raises(ModelError) as refused:
        backend.converse(call(asks("hello")))

    assert refused.value.name == "ModelTimeoutException"


def test_an_absent_server_says_what_to_do(serve: Callable[..., Doubles]) -> None:
    doubles = serve(upstream=Upstream(url="http://127.0.0.1:9/v1", model="m"))

    for operation in (doubles.bedrock.converse, doubles.bedrock.converse_stream):
        with pytest.raises(ClientError, match=r"ServiceUnavailableException.*Start it, or unset SEPTET_MODEL_URL"):
            operation(**asks("hello"))


def test_without_a_name_the_only_model_is_asked(serve: Callable[..., Doubles], fake: ChatFake) -> None:
    serve(upstream=Upstream(url=fake.url)).bedrock.converse(**asks("hello"))

    assert fake.asked[0]["model"] == "only-model"


def test_without_a_name_and_with_several_models_the_choice_is_named(serve: Callable[..., Doubles], fake: ChatFake) -> None:
    fake.models = ["a", "b"]
    doubles = serve(upstream=Upstream(url=fake.url))

    with pytest.raises(ClientError, match="Set SEPTET_MODEL_NAME to one of the models the server has: a, b"):
        doubles.bedrock.converse(**asks("hello"))


def test_the_status_says_that_a_real_model_answers(forwarded: Doubles, fake: ChatFake) -> None:
    status = forwarded.model_status()

    assert status["backend"] == "forward"
    assert status["double"] is False
    assert status["detail"].startswith(f"qwen3 at {fake.url}")
    assert forwarded.http.get("/scenarios").json() == {"scenarios": []}
    assert forwarded.http.put("/scenarios/x", content="").status_code == 409


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434/v1"),
        ("http://127.0.0.1:11434/", "http://127.0.0.1:11434/v1"),
        ("https://models.example/openai/v1/", "https://models.example/openai/v1"),
    ],
)
def test_the_address_may_leave_the_version_out(given: str, url: str) -> None:
    upstream = Upstream.from_environment({"SEPTET_MODEL_URL": given})

    assert upstream is not None
    assert upstream.url == url


def test_without_an_address_nothing_is_forwarded() -> None:
    assert Upstream.from_environment({"SEPTET_MODEL_URL": "", "SEPTET_MODEL_NAME": "x"}) is None


def test_the_key_shows_in_no_representation() -> None:
    assert "hidden-key" not in repr(Upstream(url="http://x/v1", key="hidden-key"))
