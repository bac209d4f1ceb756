"""Trouble with a store: every error of DynamoDB or S3 that decides nothing has one name, which workflows retry."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from septet.core.errors import StoreUnavailable

CONDITION = "ConditionalCheckFailed"
"""How DynamoDB names a condition that did not hold, in a transaction's reasons; an exception of a single write is named after it."""


@contextmanager
def reaching(store: str) -> Iterator[None]:
    """Raise StoreUnavailable where botocore cannot do a request, also as a decorator; *store* says of what, e.g. ``the journal``.

    Failed conditions are answers, not trouble: they pass as they are, from a single write and from a transaction.
    """
    try:
        yield
    except ClientError as error:
        if refused(error):
            raise
        code = error.response.get("Error", {}).get("Code", "Unknown")
        raise StoreUnavailable(f"{store} could not be reached: {error.operation_name} ended in {code}") from error
    except BotoCoreError as error:
        raise StoreUnavailable(f"{store} could not be reached: {type(error).__name__}") from error


def refused(error: ClientError) -> bool:
    """Whether a condition did not hold: the store did what was asked of it, and the answer is no.

    A transaction that was cancelled for conflicts or throttling alone is no answer: the same again may succeed.
    """
    if error.response.get("Error", {}).get("Code") == f"{CONDITION}Exception":
        return True
    return any(reason.get("Code") == CONDITION for reason in error.response.get("CancellationReasons", ()))
