"""How many reservations a second one tenant gets."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from septet.aws.account_table import AccountTable
from septet.aws.control import Control
from septet.aws.ledger import DynamoLedger
from septet.core.journal import Branch
from septet.core.ledger import Budgets
from tests.bench.sheet import Sheet
from tests.bench.twin import dynamodb, table

WRITERS = (1, 64)
SECONDS = 10
BUDGETS = Budgets(day=10**12, run=10**9, usual=10**9)


def measure(say: Callable[[str], None]) -> Sheet:
    """Reserve and settle for some seconds, each writer in a run of its own, beside bare conditional updates."""
    sheet = Sheet(
        title="Reservations on the twin",
        about=(
            "One tenant, each writer with a run of its own, each reservation settling the one before. The DynamoDB is LocalStack's, an "
            "emulator on this machine: only the ratios say something about the ledger."
        ),
        head=("writers", "reservations a second", "bare conditional updates a second", "ratio"),
    )
    with dynamodb(say) as client:
        table(client, "accounts", ("account", "S"))
        table(client, "control", ("tenant", "S"), ("item", "S"))
        for writers in WRITERS:
            say(f"{writers} writers")
            ours, bare = _rate(writers, lambda place: _reserving(client, place)), _rate(writers, lambda place: _updating(client, place))
            sheet.rows.append((str(writers), f"{ours:,.0f}", f"{bare:,.0f}", f"{ours / bare:.2f}"))
    return sheet


def _rate(writers: int, begin: Callable[[str], Callable[[int], object]]) -> float:
    """How many calls a second *writers* make together."""
    steps = [begin(f"{writers}-{place}-{time.time_ns()}") for place in range(writers)]
    until = time.monotonic() + SECONDS

    def write(step: Callable[[int], object]) -> int:
        done = 0
        while time.monotonic() < until:
            step(done)
            done += 1
        return done

    with ThreadPoolExecutor(writers) as pool:
        return sum(pool.map(write, steps)) / SECONDS


def _reserving(client: Any, run: str) -> Callable[[int], object]:
    ledger = DynamoLedger(AccountTable(client, "accounts"), Control(client, "control"), BUDGETS)
    branch = Branch(tenant="acme", run=run)
    ledger.open(branch, 10**6, now=int(time.time() * 1000))
    return lambda place: ledger.reserve(branch, place, 10, until=10**15, settle={place - 1: 5} if place else {})


def _updating(client: Any, name: str) -> Callable[[int], object]:
    client.put_item(TableName="accounts", Item={"account": {"S": name}, "available": {"N": str(10**9)}})
    return lambda _: client.update_item(
        TableName="accounts",
        Key={"account": {"S": name}},
        UpdateExpression="SET available = available - :ten",
        ConditionExpression="available >= :ten",
        ExpressionAttributeValues={":ten": {"N": "10"}},
    )
