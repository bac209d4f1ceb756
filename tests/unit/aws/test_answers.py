"""Real clients of botocore, against a server on this machine."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from septet.aws.answers import MOST_BYTES, AnswerTooLarge, bounded
from septet.aws.bedrock import BedrockModel
from septet.aws.sagemaker import SageMakerModel
from septet.core.errors import ModelUnavailable
from tests.unit.asking import request
from tests.unit.aws.test_converse import ANSWER
from tests.unit.serving import Served, answering, endless, serving


@contextmanager
def client(service: str, served: Served) -> Iterator[Any]:
    config = Config(retries={"total_max_attempts": 1}, read_timeout=10, proxies={})
    made_up: Any = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    made = bounded(boto3.client(service, endpoint_url=served.url, config=config, **made_up))
    yield made
    made.close()


def test_an_answer_of_any_usual_size_is_read_whole() -> None:
    large = ANSWER | {"output": {"message": {"role": "assistant", "content": [{"text": "x" * 5_000_000}]}}}
    with serving(answering(json.dumps(large).encode())) as served, client("bedrock-runtime", served) as bedrock:
        said = BedrockModel(lambda _: bedrock).complete(request())
    assert len(said.text) == 5_000_000


def test_an_answer_without_an_end_is_not_read_to_it() -> None:
    with serving(endless(b"x" * 1_000_000)) as served, client("bedrock-runtime", served) as bedrock:
        with pytest.raises(AnswerTooLarge, match=str(MOST_BYTES)):
            bedrock.converse(modelId="m", messages=[])
        with pytest.raises(ModelUnavailable) as caught:
            BedrockModel(lambda _: bedrock).complete(request())
        assert caught.value.billed


def test_neither_is_one_that_is_handed_out_to_be_read() -> None:
    with serving(endless(b"x" * 1_000_000)) as served, client("sagemaker-runtime", served) as sagemaker:
        answer = sagemaker.invoke_endpoint(EndpointName="e", Body=b"{}")
        with pytest.raises(AnswerTooLarge):
            answer["Body"].read()
        with pytest.raises(ModelUnavailable):
            SageMakerModel(lambda _: sagemaker).complete(request())


def test_an_answer_that_breaks_off_has_a_name() -> None:
    cut = answering(json.dumps(ANSWER).encode()[:30], length=1_000)
    with serving(cut) as served, client("bedrock-runtime", served) as bedrock, pytest.raises(ModelUnavailable):
        BedrockModel(lambda _: bedrock).complete(request())


def test_an_error_is_still_an_error() -> None:
    wrong = answering(b'{"message": "no"}', status=400)
    with serving(wrong) as served, client("bedrock-runtime", served) as bedrock, pytest.raises(ClientError):
        bedrock.converse(modelId="m", messages=[])
