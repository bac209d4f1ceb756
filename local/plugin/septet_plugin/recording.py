"""What AWS calls are about, for the record of who called what: names and keys, never content. The pure part; `recorder.py` listens."""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

MOST: Final = 32 * 2**20
"""Bytes of a record. A longer one ends with a line that says so, and proves nothing."""
_NAMING: Final = (
    *("Bucket", "Key", "Prefix", "Delete", "Tagging", "ObjectLockMode", "ServerSideEncryption", "SSEKMSKeyId", "SSEKMSEncryptionContext"),
    *(
        "IfNoneMatch",
        "QueueName",
        "QueueUrl",
        "logGroupName",
        "FunctionName",
        "Qualifier",
        "stateMachineArn",
        "executionArn",
        "mapRunArn",
        "SecretId",
        "KeyId",
        "SigningAlgorithm",
        "EncryptionContext",
    ),
)
"""Parameters that say what a call is done to. All others may be content."""
_EXPRESSIONS: Final = ("KeyConditionExpression", "FilterExpression", "ConditionExpression", "UpdateExpression", "ProjectionExpression")
_WORD: Final = re.compile(r"(?<![:\w.])#?[A-Za-z_]\w*")
_KEYWORDS: Final = {
    *("SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "IN", "BETWEEN", "attribute_exists", "attribute_not_exists", "attribute_type"),
    *("begins_with", "contains", "size", "if_not_exists", "list_append"),
}
_EQUALS: Final = re.compile(r"(#?[\w.]+)\s*=\s*(:\w+)")
_IN_TRANSACTION: Final = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}

type Schema = Callable[[str], Mapping[str, str]]
"""The partition key's attribute of a table and of its indexes, by the index's name; the table's own by the empty one."""


class Recording:
    """A file of JSON lines, none twice. Used from many threads."""

    def __init__(self, file: Path, most: int = MOST) -> None:
        self._file = file
        self._left = most
        self._seen: set[str] = set()
        self._lock = threading.Lock()

    def write(self, line: Mapping[str, Any]) -> None:
        """Add *line*, if it is new and there is room."""
        text = json.dumps(line, sort_keys=True)
        with self._lock:
            if text in self._seen or self._left <= 0:
                return
            self._seen.add(text)
            self._left -= len(text) + 1
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a") as lines:
                lines.write((text if self._left > 0 else json.dumps({"lost": "the record is full"})) + "\n")


def about(service: str, request: Mapping[str, Any], operation: str, schema: Schema) -> dict[str, Any]:
    """What a call is done to: DynamoDB's as `parts`, others' by the parameters that name it.

    A place in a stream begins with the stream's ARN. It is new with every call, so it would fill the record.
    """
    if service == "dynamodb":
        return {"parts": [*_parts(operation, request, schema)]}
    if service == "dynamodbstreams":
        return {"StreamArn": (request.get("StreamArn") or request["ShardIterator"]).partition("|")[0]}
    if service == "events" and "Entries" in request:
        return {"Entries": [{"EventBusName": bus} for bus in sorted({one.get("EventBusName", "default") for one in request["Entries"]})]}
    return {name: request[name] for name in _NAMING if isinstance(request.get(name), str | dict)}


def _parts(operation: str, request: Mapping[str, Any], schema: Schema) -> Iterator[dict[str, Any]]:
    """Each thing done to a table or an index, as IAM sees it: its operation, and the partition keys, if they can be told."""
    if operation in {"TransactWriteItems", "TransactGetItems"}:
        for item in request["TransactItems"]:
            ((kind, one),) = item.items()
            yield _part(_IN_TRANSACTION.get(kind, "GetItem"), one, schema)
    elif operation in {"BatchGetItem", "BatchWriteItem"}:
        for table, asked in request["RequestItems"].items():
            keys = asked["Keys"] if "Keys" in asked else [_written(one) for one in asked]
            attribute = schema(_name(table)).get("", "")
            leading = [_text(key.get(attribute)) for key in keys]
            yield {"operation": operation, "table": _name(table), "index": "", "leading": leading, "attributes": None}
    else:
        yield _part(operation, request, schema)


def _part(operation: str, one: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    table, index = _name(one.get("TableName", "")), one.get("IndexName", "")
    attribute = schema(table).get(index, "")
    if operation == "Query":
        leading = _compared(one, attribute)
    else:
        value = _text((one.get("Key") or one.get("Item") or {}).get(attribute))
        leading = None if value is None else [value]
    return {"operation": operation, "table": table, "index": index, "leading": leading, "attributes": _attributes(operation, one)}


def _attributes(operation: str, one: Mapping[str, Any]) -> list[str] | None:
    """The names of all attributes that a call touches; None when it reads whatever there is."""
    if operation in {"GetItem", "Query", "Scan"} and "ProjectionExpression" not in one:
        return None
    if one.get("ReturnValues", "NONE") != "NONE":
        return None
    names = one.get("ExpressionAttributeNames") or {}
    words = {word for name in _EXPRESSIONS for word in _WORD.findall(one.get(name) or "")} - _KEYWORDS
    return sorted({*(names.get(word, word) for word in words), *(one.get("Key") or {}), *(one.get("Item") or {})})


def _compared(query: Mapping[str, Any], attribute: str) -> list[str] | None:
    """What a query wants *attribute* to equal; None when that cannot be read."""
    names, values = query.get("ExpressionAttributeNames") or {}, query.get("ExpressionAttributeValues") or {}
    for name, value in _EQUALS.findall(query.get("KeyConditionExpression") or ""):
        if names.get(name, name) == attribute and (text := _text(values[value])) is not None:
            return [text]
    return None


def _written(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Key or item of one write of a batch."""
    ((_, one),) = request.items()
    found: Mapping[str, Any] = one.get("Key") or one["Item"]
    return found


def _text(value: Mapping[str, Any] | None) -> str | None:
    """A key's value; DynamoDB writes its type beside it."""
    return next((str(inner) for inner in value.values()), None) if value else None


def _name(table: str) -> str:
    return table.rpartition("/")[2]
