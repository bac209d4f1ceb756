import time
from dataclasses import replace
from threading import Event

import pytest

from septet.core.errors import ModelThrottled, ModelUnavailable
from septet.execution.deadlines import within
from septet.execution.ports import Model, ModelRequest, Reply
from septet.execution.providers import Providers
from tests.unit.asking import request
from tests.unit.shop import MODEL

STARTED = replace(MODEL, provider="bedrock")


class Says:
    def __init__(self, text: str) -> None:
        self.text = text

    def complete(self, asked: ModelRequest) -> Reply:
        return Reply(text=f"{self.text}: {asked.model.id}")


def test_each_model_is_called_through_its_provider_s_adapter_which_is_made_once_and_when_needed() -> None:
    made: list[str] = []

    def adapter(name: str) -> Model:
        made.append(name)
        return Says(name)

    providers = Providers({"bedrock": lambda: adapter("bedrock"), "openai": lambda: adapter("openai")})
    assert made == []
    for _ in range(2):
        assert providers.complete(request(model=STARTED)).text == "bedrock: double.model-1"
    assert made == ["bedrock"]
    assert providers.complete(request(model=replace(MODEL, provider="openai"))).text == "openai: double.model-1"


def test_a_provider_that_nobody_knows_bills_nothing() -> None:
    with pytest.raises(ModelUnavailable, match="no adapter") as caught:
        Providers({}).complete(request())
    assert not caught.value.billed


class TestTheTime:
    def test_what_ends_in_time_ends_as_it_does(self) -> None:
        assert within(5, lambda: "done") == "done"

        def fail() -> str:
            raise ModelThrottled("it says")

        with pytest.raises(ModelThrottled, match="it says"):
            within(5, fail)

    def test_what_does_not_is_left_behind_and_may_have_been_billed(self) -> None:
        over = Event()

        class Slow:
            def complete(self, _: ModelRequest) -> Reply:
                over.wait(30)
                return Reply()

        began = time.monotonic()
        try:
            with pytest.raises(ModelUnavailable, match="within 0 seconds") as caught:
                Providers({"bedrock": Slow}).complete(request(model=STARTED, seconds=0))
            assert caught.value.billed
            assert time.monotonic() - began < 3
        finally:
            over.set()
