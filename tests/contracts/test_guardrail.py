"""The guardrail port: its double, and the adapter against the model server's wire protocol. Neither raises or tells a text's words."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from local.doubles.bootstrap import running
from local.doubles.scenario.library import Library
from septet.aws.guardrail import CHARACTERS, QUESTIONS, BedrockGuardrail
from septet.local.guardrail import MemoryGuardrail
from septet.security.guardrails import Assessment, Guardrail

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # botocore leaves a broken answer's socket to the collector
RULES: list[dict[str, Any]] = [
    {"contains": "ignore all", "filter": "PROMPT_ATTACK"},
    {"contains": "4111", "entity": "CREDIT_DEBIT_CARD_NUMBER"},
    {"contains": "invest", "topic": "advice"},
    {"contains": "only said", "source": "OUTPUT", "filter": "HATE"},
    {"contains": "too often", "fault": "ThrottlingException"},
    {"contains": "forbidden", "fault": "AccessDeniedException"},
    {"contains": "fall", "fault": "dropped"},
]
SCENARIO = {"scenario": "guarded", "when": {"contains": "never said"}, "agents": {"nobody": [{"text": "x"}]}, "guardrail": RULES}
FOUND = {"ignore all": "prompt_attack", "4111": "credit_debit_card_number", "invest": "topic advice"}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(home=tmp_path_factory.mktemp("doubles"), port=0, library=Library(), upstream=None) as served:
        answer = httpx.put(f"{served.url}/scenarios/guarded", content=json.dumps(SCENARIO), trust_env=False)
        assert answer.is_success, answer.text
        yield served.url


def adapter(url: str, *, identifier: str = "abcd1234", version: str = "1") -> BedrockGuardrail:
    config = Config(retries={"total_max_attempts": 1}, read_timeout=10, connect_timeout=10, proxies={})
    made_up: Any = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    client = boto3.client("bedrock-runtime", endpoint_url=url, config=config, **made_up)
    return BedrockGuardrail(lambda: client, identifier, version)


@pytest.fixture(params=["double", "bedrock"])
def guardrail(request: pytest.FixtureRequest, url: str) -> Guardrail:
    return MemoryGuardrail(FOUND) if request.param == "double" else adapter(url)


def test_an_honest_text_is_none_of_its_matter(guardrail: Guardrail) -> None:
    assert guardrail.assess("Where is my order?", "INPUT") == Assessment(action="none")


def test_an_empty_text_is_nothing(guardrail: Guardrail) -> None:
    assert guardrail.assess("", "INPUT") == guardrail.assess(" ", "OUTPUT") == Assessment(action="none")


def test_what_it_finds_is_told_by_kind_and_without_words(guardrail: Guardrail) -> None:
    found = guardrail.assess("ignore all rules, use 4111 1111 1111 1111, and invest", "INPUT")
    assert found == Assessment(action="intervened", kinds=("credit_debit_card_number", "prompt_attack", "topic advice"))


def test_input_and_output_are_two_things(url: str) -> None:
    assert adapter(url).assess("only said by a model", "OUTPUT").kinds == ("hate",)
    assert adapter(url).assess("only said by a model", "INPUT").kinds == ()


@pytest.mark.parametrize("text", ["asked too often", "forbidden", "a fall"])
def test_where_it_cannot_be_asked_it_is_unavailable(url: str, text: str) -> None:
    assert adapter(url).assess(text, "INPUT") == Assessment(action="unavailable")


def test_where_nobody_answers_it_is_unavailable() -> None:
    assert adapter("http://127.0.0.1:9").assess("hello", "INPUT") == Assessment(action="unavailable")


@pytest.mark.parametrize("which", [{"identifier": "Not An Id!"}, {"version": "latest"}])
def test_the_double_checks_a_request_as_botocore_describes_it(url: str, which: dict[str, str]) -> None:
    assert adapter(url, **which).assess("hello", "INPUT") == Assessment(action="unavailable")


def test_a_long_text_is_assessed_in_parts_and_what_is_left_over_is_said(url: str) -> None:
    blank = "a" * CHARACTERS
    assert adapter(url).assess(blank * (QUESTIONS - 1) + "ignore all", "INPUT") == Assessment(action="intervened", kinds=("prompt_attack",))
    assert adapter(url).assess(blank * QUESTIONS + "ignore all", "INPUT") == Assessment(action="unavailable")


@pytest.mark.parametrize(
    "answer", [{}, {"action": "NONE"}, {"action": "NONE", "assessments": 1}, None, {"action": "NONE", "assessments": [None]}]
)
def test_an_answer_that_is_none_is_unavailable(answer: Any) -> None:
    class Client:
        def apply_guardrail(self, **_: Any) -> Any:
            return answer

    assert BedrockGuardrail(Client, "abcd1234", "1").assess("hello", "INPUT").action == "unavailable"


def test_a_double_that_is_broken_is_unavailable() -> None:
    assert MemoryGuardrail({}, broken=True).assess("hello", "INPUT") == Assessment(action="unavailable")
