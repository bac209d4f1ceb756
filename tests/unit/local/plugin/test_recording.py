import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[4] / "local" / "plugin"))

from septet_plugin.recording import Recording, about

SECRET = "what the customer wrote"
SCHEMA = {"runs": {"": "tenant", "by_created": "tenant"}, "approvals": {"": "tenant", "outbox": "outbox"}}


def parts(operation: str, **request: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = about("dynamodb", request, operation, SCHEMA.__getitem__)["parts"]
    return found


def part(
    operation: str, table: str = "runs", *, index: str = "", leading: list[str] | None, attributes: list[str] | None
) -> dict[str, Any]:
    return {"operation": operation, "table": table, "index": index, "leading": leading, "attributes": attributes}


KEY = {"tenant": {"S": "acme"}, "run": {"S": "run-1"}}


def test_an_item_is_known_by_its_key_and_the_names_of_its_attributes_alone() -> None:
    found = parts("PutItem", TableName="arn:aws:dynamodb:x:1:table/runs", Item={**KEY, "answer": {"S": SECRET}})
    assert found == [part("PutItem", leading=["acme"], attributes=["answer", "run", "tenant"])]


def test_an_update_names_what_its_expressions_name() -> None:
    found = parts(
        "UpdateItem",
        TableName="runs",
        Key=KEY,
        UpdateExpression="SET #s = :new, tries = if_not_exists(tries, :no) REMOVE path.inner",
        ConditionExpression="attribute_exists(tenant) AND ended_at < :now",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":new": {"S": SECRET}},
    )
    assert found == [part("UpdateItem", leading=["acme"], attributes=["ended_at", "path", "run", "status", "tenant", "tries"])]


def test_what_is_read_whole_has_no_list_of_attributes() -> None:
    assert parts("GetItem", TableName="runs", Key=KEY) == [part("GetItem", leading=["acme"], attributes=None)]
    assert parts("UpdateItem", TableName="runs", Key=KEY, ReturnValues="ALL_NEW")[0]["attributes"] is None
    assert parts("GetItem", TableName="runs", Key=KEY, ProjectionExpression="answer")[0]["attributes"] == ["answer", "run", "tenant"]


def test_a_query_is_known_by_the_partition_that_it_equals() -> None:
    asked = {"KeyConditionExpression": "#t = :t AND created > :c", "ExpressionAttributeNames": {"#t": "tenant"}}
    values = {":t": {"S": "acme"}, ":c": {"N": "3"}}
    found = parts("Query", TableName="runs", IndexName="by_created", **asked, ExpressionAttributeValues=values)
    assert found == [part("Query", index="by_created", leading=["acme"], attributes=None)]
    unclear = parts("Query", TableName="approvals", IndexName="outbox", **asked, ExpressionAttributeValues=values)
    assert unclear[0]["leading"] is None, "tenant is not what that index is partitioned by"


def test_a_transaction_is_its_parts() -> None:
    check = {"TableName": "runs", "Key": KEY, "ConditionExpression": "attribute_exists(run)"}
    found = parts("TransactWriteItems", TransactItems=[{"ConditionCheck": check}, {"Put": {"TableName": "runs", "Item": KEY}}])
    assert [one["operation"] for one in found] == ["ConditionCheckItem", "PutItem"]
    assert [one["leading"] for one in found] == [["acme"], ["acme"]]


def test_batches_name_every_partition() -> None:
    other = {"tenant": {"S": "umbrella"}, "run": {"S": "run-2"}}
    read = parts("BatchGetItem", RequestItems={"runs": {"Keys": [KEY, other]}})
    written = parts("BatchWriteItem", RequestItems={"runs": [{"PutRequest": {"Item": KEY}}, {"DeleteRequest": {"Key": other}}]})
    assert [one["leading"] for one in (*read, *written)] == [["acme", "umbrella"]] * 2


@pytest.mark.parametrize(
    ("service", "request_", "kept"),
    [
        (
            "s3",
            {"Bucket": "bodies", "Key": "acme/run-1/ab", "Body": SECRET, "Metadata": {"note": SECRET}},
            {"Bucket": "bodies", "Key": "acme/run-1/ab"},
        ),
        ("lambda", {"FunctionName": "f", "Qualifier": "live", "Payload": SECRET}, {"FunctionName": "f", "Qualifier": "live"}),
        ("stepfunctions", {"taskToken": SECRET, "output": SECRET}, {}),
        ("kms", {"KeyId": "alias/one", "Message": SECRET, "Plaintext": SECRET}, {"KeyId": "alias/one"}),
        ("dynamodbstreams", {"StreamArn": "arn:stream", "ShardId": "shard-1"}, {"StreamArn": "arn:stream"}),
        ("dynamodbstreams", {"ShardIterator": "arn:stream|1|new each time"}, {"StreamArn": "arn:stream"}),
        ("logs", {"logGroupName": "/septet", "logEvents": [{"message": SECRET}]}, {"logGroupName": "/septet"}),
    ],
)
def test_content_is_left_out(service: str, request_: dict[str, Any], kept: dict[str, Any]) -> None:
    assert about(service, request_, "Any", SCHEMA.__getitem__) == kept


def test_a_line_is_written_once_and_a_full_record_says_so(tmp_path: Path) -> None:
    file = tmp_path / "recording" / "calls.jsonl"
    recording = Recording(file, most=40)
    for number in (1, 1, 2, 3, 4, 5):
        recording.write({"number": number})
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert lines == [{"number": 1}, {"number": 2}, {"lost": "the record is full"}]


def test_events_are_about_their_bus_and_nothing_that_they_tell() -> None:
    request = {"Entries": [{"EventBusName": "ours", "Detail": "content"}, {"EventBusName": "ours", "Detail": "more"}, {"Detail": "else"}]}
    assert about("events", request, "PutEvents", lambda _: {}) == {"Entries": [{"EventBusName": "default"}, {"EventBusName": "ours"}]}
