"""The demo's purchase orders and stock, written into the twin's table for one tenant; ``python -m local.supplies P-1001`` starts a case."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.twin import aws
from local.twin.twin import Twin
from septet.aws.items import item

TABLE = "septet-twin-supplies"
SUPPLIES = Path(__file__).parent / "scenarios" / "supplies.json"


def supplies(path: Path = SUPPLIES) -> list[dict[str, Any]]:
    """Purchase orders, stock and offers without a tenant, as the file has them."""
    found: list[dict[str, Any]] = json.loads(path.read_bytes())
    return found


def supply(endpoint: str, tenant: str) -> int:
    """Write them for *tenant* into the twin where they are missing, and return how many were."""
    return put(aws.client(endpoint, "dynamodb"), TABLE, tenant)


def put(client: Any, table: str, tenant: str) -> int:
    """Write them for *tenant* into *table* where they are missing, and return how many were."""
    return sum(_put(client, table, {**one, "tenant": tenant}) for one in supplies())


def _put(client: Any, table: str, one: dict[str, Any]) -> bool:
    try:
        client.put_item(TableName=table, Item=item(one), ConditionExpression="attribute_not_exists(tenant)")
    except client.exceptions.ConditionalCheckFailedException:
        return False
    return True


def delayed(endpoint: str, order: str) -> None:
    """Put the event on the bus that a delivery is late."""
    detail = {"purchase_order": order, "notice": f"Delivery of {order} is late."}
    entry = {
        "EventBusName": "septet-twin-events",
        "Source": "demo.suppliers",
        "DetailType": "Delivery delayed",
        "Detail": json.dumps(detail),
    }
    aws.client(endpoint, "events").put_events(Entries=[entry])


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the demo's supplies into the running twin, and let a delivery be late; the exit status says whether that was done."""
    orders = [one["po_id"] for one in supplies() if "po_id" in one]
    parser = argparse.ArgumentParser(
        prog="python -m local.supplies", description="Start a case on the twin: the delivery of an order is late."
    )
    parser.add_argument("order", choices=orders, metavar="ORDER", help=f"a purchase order of the demo: {', '.join(orders)}")
    order = parser.parse_args(arguments).order
    endpoint = Twin.chosen().endpoint
    try:
        supply(endpoint, "demo")
        delayed(endpoint, order)
    except (BotoCoreError, ClientError) as error:
        sys.stderr.write(f"the twin does not take it: {error}\nrun `septet up`, then `septet deploy`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
