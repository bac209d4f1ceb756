"""The accounts, and the standing stops."""

from functools import cache
from typing import TYPE_CHECKING

from septet.bootstrap.settings import settings

if TYPE_CHECKING:
    from septet.aws.control import DynamoStops
    from septet.aws.ledger import DynamoLedger


@cache
def ledger() -> "DynamoLedger":
    """The accounts in DynamoDB, with the platform's default limits."""
    import json

    from septet.aws.account_table import AccountTable
    from septet.aws.clients import client
    from septet.aws.control import Control
    from septet.aws.ledger import DynamoLedger
    from septet.core.ledger import Budgets

    table, control = AccountTable(client("dynamodb"), settings().accounts_table), Control(client("dynamodb"), settings().control_table)
    return DynamoLedger(table, control, Budgets(**json.loads(settings().budgets)))


@cache
def stops() -> "DynamoStops":
    """The standing stops."""
    from septet.aws.clients import client
    from septet.aws.control import DynamoStops

    return DynamoStops(client("dynamodb"), settings().control_table)
