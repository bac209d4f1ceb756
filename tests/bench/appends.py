"""What the journal adds to DynamoDB's own time."""

from collections.abc import Callable
from typing import Any

from septet.aws.journal import DynamoJournal
from septet.aws.unread import UnreadBodies
from septet.core.entries import ToolResult
from septet.core.journal import Branch, Head, Pen
from tests.bench.sheet import Sheet
from tests.bench.twin import dynamodb, milliseconds, table

TIMES = 200
ENTRIES = 100


def measure(say: Callable[[str], None]) -> Sheet:
    """Append and read, each beside the bare call in the same run."""
    with dynamodb(say) as client:
        table(client, "journal", ("pk", "S"), ("number", "N"))
        table(client, "bare", ("pk", "S"), ("number", "N"))
        say("appends")
        pen = _pen(client, "run-1")
        body = ToolResult(call="call-1-0", tool="find", value={"text": "x" * 1_000})
        append = milliseconds(TIMES, lambda _: pen.write(body))
        item = {"pk": {"S": "a"}, "body": {"S": "x" * 1_300}}
        put = milliseconds(TIMES, lambda place: client.put_item(TableName="bare", Item={**item, "number": {"N": str(place)}}))
        say("reads")
        short = _pen(client, "run-2")
        for _ in range(ENTRIES):
            short.write(body)
        key = {":pk": {"S": "acme#run-2#main"}}
        bare: dict[str, Any] = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": key, "ConsistentRead": True}
        read = milliseconds(TIMES // 4, lambda _: list(short.journal.read(short.branch)))
        query = milliseconds(TIMES // 4, lambda _: client.query(TableName="journal", **bare))
    sheet = Sheet(
        title="The journal on the twin",
        about="DynamoDB is LocalStack's, an emulator on this machine: only the ratios say something about the journal.",
        head=("", "milliseconds, median", "of the bare call"),
    )
    sheet.rows += [
        ("PutItem of 1.3 KB", f"{put:.2f}", "1.00"),
        ("append of an entry with 1 KB", f"{append:.2f}", f"{append / put:.2f}"),
        (f"Query of {ENTRIES} such items", f"{query:.2f}", "1.00"),
        (f"reading a branch of {ENTRIES}", f"{read:.2f}", f"{read / query:.2f}"),
    ]
    return sheet


def _pen(client: Any, run: str) -> Pen:
    journal = DynamoJournal(client, "journal", UnreadBodies())
    return Pen(journal=journal, branch=Branch(tenant="acme", run=run), clock=lambda: 1, head=Head())
