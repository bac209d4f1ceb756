from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, ReadTimeoutError

from septet.aws.trouble import reaching
from septet.core.errors import StoreUnavailable


def client_error(code: str, *reasons: str, operation: str = "TransactWriteItems") -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": "Zed's order"}}
    if reasons:
        response["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(response, operation)


@pytest.mark.parametrize(
    "error",
    [
        client_error("ThrottlingException"),
        client_error("ProvisionedThroughputExceededException"),
        client_error("InternalServerError"),
        client_error("SlowDown"),
        client_error("AccessDenied"),
        client_error("TransactionCanceledException", "None", "TransactionConflict"),
        client_error("TransactionCanceledException", "ThrottlingError"),
        ClientError({}, "GetItem"),
        ReadTimeoutError(endpoint_url="http://127.0.0.1"),
        ConnectTimeoutError(endpoint_url="http://127.0.0.1"),
        BotoCoreError(),
    ],
)
def test_what_decides_nothing_has_one_name(error: Exception) -> None:
    with pytest.raises(StoreUnavailable, match=r"^the journal could not be reached: ") as raised, reaching("the journal"):
        raise error
    assert raised.value.__cause__ is error


def test_the_message_says_which_request_and_quotes_no_content() -> None:
    with pytest.raises(StoreUnavailable) as raised, reaching("the ledger"):
        raise client_error("ThrottlingException", operation="UpdateItem")
    assert str(raised.value) == "the ledger could not be reached: UpdateItem ended in ThrottlingException"


@pytest.mark.parametrize(
    "error",
    [
        client_error("ConditionalCheckFailedException"),
        client_error("TransactionCanceledException", "None", "ConditionalCheckFailed"),
        client_error("TransactionCanceledException", "TransactionConflict", "ConditionalCheckFailed"),
        ValueError("not the store's"),
    ],
)
def test_conditions_and_what_is_not_the_stores_pass(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, reaching("the journal"):
        raise error
    assert raised.value is error


def test_it_decorates() -> None:
    @reaching("the journal")
    def ask() -> None:
        raise client_error("ThrottlingException")

    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            ask()
