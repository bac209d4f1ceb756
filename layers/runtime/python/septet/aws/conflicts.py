"""Writes that meet a transaction on the same item: DynamoDB refuses one of the two, and nothing has happened."""

import secrets
from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import ClientError

from septet.aws.trouble import refused

ATTEMPTS = 12
"""How often a write is tried that meets others."""
FIRST, LONGEST = 20, 500
"""Milliseconds: the longest pause before the second attempt, which doubles with each further one, and the longest of all."""
CONFLICTS = ("TransactionConflictException", "TransactionInProgressException")
"""What a single write, or a transaction's repetition, is refused with while another transaction has hold of an item."""
PASSING = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
"""Reasons of a cancelled transaction after which the same one may succeed."""


def insist[T](write: Callable[[], T], pause: Callable[[int], None]) -> T:
    """What *write* returns, tried again after a pause of full jitter while it meets other writes. *pause* takes milliseconds.

    Raises the ClientError of a write that did not get through, or that was refused for another reason.
    """
    for tried in range(ATTEMPTS - 1):
        try:
            return write()
        except ClientError as error:
            if not conflicted(error):
                raise
        pause(secrets.randbelow(min(LONGEST, FIRST << tried) + 1))
    return write()


def conflicted(error: ClientError) -> bool:
    """Whether a write was refused for others that were going on, and not for a condition."""
    if error.response.get("Error", {}).get("Code") in CONFLICTS:
        return True
    reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", ())}
    return not refused(error) and not PASSING.isdisjoint(reasons)


def together(client: Any, items: Sequence[dict[str, Any]], pause: Callable[[int], None]) -> bool:
    """Write *items* in one transaction, as ``insist`` does; False, with nothing written, where a condition does not hold."""
    token = secrets.token_hex(16)  # of this request: its repetitions by the client, and ours, are one
    try:
        insist(lambda: client.transact_write_items(TransactItems=items, ClientRequestToken=token), pause)
    except ClientError as error:
        if not refused(error):
            raise
        return False
    return True
