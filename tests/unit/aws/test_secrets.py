from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from septet.aws.secrets import Secrets
from septet.core.errors import ModelUnavailable


class _Client:
    def __init__(self, *ends: Any) -> None:
        self.ends = list(ends)
        self.asked: list[str] = []

    def get_secret_value(self, *, SecretId: str) -> Any:  # noqa: N803 -- boto3's own word
        self.asked.append(SecretId)
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end


def test_a_secret_is_read_once() -> None:
    client = _Client({"SecretString": "sk-1\n"})
    secrets = Secrets(lambda: client)
    assert [secrets("models/key") for _ in range(2)] == ["sk-1", "sk-1"]
    assert client.asked == ["models/key"]


@pytest.mark.parametrize(
    "end",
    [
        ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetSecretValue"),
        EndpointConnectionError(endpoint_url="x"),
        {"SecretBinary": b"x"},
    ],
)
def test_one_that_cannot_be_read_bills_nothing_and_is_asked_for_again(end: Any) -> None:
    client = _Client(end, {"SecretString": "sk-1"})
    secrets = Secrets(lambda: client)
    with pytest.raises(ModelUnavailable, match="models/key") as caught:
        secrets("models/key")
    assert not caught.value.billed
    assert secrets("models/key") == "sk-1"
