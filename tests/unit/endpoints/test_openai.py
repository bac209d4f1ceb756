import json
import socket
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from septet.core.errors import ContextOverflow, ModelThrottled, ModelUnavailable, SeptetError
from septet.endpoints.openai import MOST_BYTES, OpenAiModel
from septet.execution.agents import ModelSpec
from tests.unit.asking import request
from tests.unit.serving import Answer, answering, endless, hanging_up, serving, silent
from tests.unit.shop import MODEL

HELLO = json.dumps({"choices": [{"message": {"content": "Hello!"}, "finish_reason": "stop"}]}).encode()


def at(url: str, *, secret: str = "") -> ModelSpec:
    return replace(MODEL, id="qwen3", provider="openai", endpoint=f"{url}/v1", secret=secret)


def no_secret(name: str) -> str:
    raise AssertionError(f"nobody needs {name}")


def test_a_request_goes_to_the_server_s_address_under_the_model_s_id() -> None:
    with serving(answering(HELLO)) as served:
        said = OpenAiModel(no_secret).complete(request(model=at(served.url)))
    assert said.text == "Hello!"
    assert served.paths == ["/v1/chat/completions"]
    assert json.loads(served.bodies[0])["model"] == "qwen3"
    assert "authorization" not in served.headers[0]


def test_a_server_is_told_where_in_its_trace_the_call_stands() -> None:
    told = "00-65000000000000000000000000000001-00000000000000aa-01"
    with serving(answering(HELLO)) as served:
        OpenAiModel(no_secret).complete(request(model=at(served.url), traceparent=told))
        OpenAiModel(no_secret).complete(request(model=at(served.url)))
    assert served.headers[0]["traceparent"] == told
    assert "traceparent" not in served.headers[1]


def test_a_key_is_read_by_the_secret_s_name() -> None:
    with serving(answering(HELLO)) as served:
        OpenAiModel({"models/key": "sk-1"}.__getitem__).complete(request(model=at(served.url, secret="models/key")))
    assert served.headers[0]["authorization"] == "Bearer sk-1"


def test_a_key_that_cannot_be_sent_is_not_told_to_anybody() -> None:
    with serving(answering(HELLO)) as served, pytest.raises(ModelUnavailable) as caught:
        OpenAiModel(lambda _: "sk-1\nsk-2").complete(request(model=at(served.url, secret="models/key")))
    assert "sk-" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("answer", "error", "billed"),
    [
        (answering(b'{"error": {"message": "slow down"}}', status=429), ModelThrottled, False),
        (answering(b'{"error": {"message": "m", "code": "context_length_exceeded"}}', status=400), ContextOverflow, False),
        (answering(b"oops", status=500), ModelUnavailable, True),
        (answering(b"", status=302), ModelUnavailable, True),
        (answering(b"no JSON"), ModelUnavailable, True),
        (answering(HELLO[:20], length=len(HELLO)), ModelUnavailable, True),
        (hanging_up, ModelUnavailable, True),
    ],
)
def test_what_a_server_does_wrong_has_a_name(answer: Answer, error: type[SeptetError], *, billed: bool) -> None:
    with serving(answer) as served, pytest.raises(error) as caught:
        OpenAiModel(no_secret).complete(request(model=at(served.url)))
    assert caught.value.billed is billed


@pytest.mark.parametrize("answer", [silent, endless(b" ", pause=0.05)], ids=["silent", "a byte at a time"])
def test_a_server_that_takes_too_long_is_given_up_in_time(answer: Answer) -> None:
    began = time.monotonic()
    with serving(answer) as served, pytest.raises(ModelUnavailable, match="TimeoutError") as caught:
        OpenAiModel(no_secret).complete(request(model=at(served.url), seconds=1))
    assert time.monotonic() - began < 3
    assert caught.value.billed


def test_an_answer_that_is_too_large_is_not_read_to_its_end() -> None:
    with serving(answering(b" " * (MOST_BYTES + 1))) as served, pytest.raises(ModelUnavailable, match=f"more than {MOST_BYTES} bytes"):
        OpenAiModel(no_secret).complete(request(model=at(served.url)))


def _closed_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.mark.parametrize("address", [_closed_port, lambda: "http://a.invalid", lambda: "ftp://a", lambda: "http://a:port", lambda: ""])
def test_a_server_that_was_never_reached_bills_nothing(address: Callable[[], str]) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        OpenAiModel(no_secret).complete(request(model=at(address())))
    assert not caught.value.billed
