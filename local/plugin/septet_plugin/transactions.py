"""DynamoDB's transactions on moto keep what they write, to undo it; moto would copy whole tables, and put the copies in their place.

That takes seconds once tables hold what a few hundred runs leave, and readers of such a table's stream would stay with the former one's.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from typing import Any

from septet_plugin import repairs

type Keys = tuple[Any, Any]
"""Partition and sort key, as moto has them; a table without sort keys has None."""


def repair() -> None:
    """Put the repair in place."""
    from moto.dynamodb.models import DynamoDBBackend  # noqa: PLC0415 importing it takes a while, and the first table brings it anyway

    repairs.put(DynamoDBBackend.transact_write_items, _write)


def _write(original: Any, backend: Any, transact_items: Sequence[Mapping[str, Mapping[str, Any]]]) -> None:
    writes = [one for item in transact_items for one in item.values() if one.get("TableName") in backend.tables]
    tables = {one["TableName"]: backend.tables[one["TableName"]] for one in writes}
    with ExitStack() as all_or_nothing:
        for name, table in tables.items():
            keys = {_keys(table, one.get("Key") or one.get("Item") or {}) for one in writes if one["TableName"] == name}
            all_or_nothing.enter_context(_undone(table, keys))
        original(backend, transact_items)


@contextmanager
def _undone(table: Any, keys: set[Keys | None]) -> Iterator[None]:
    """Put the items of *keys* and the end of the stream back when something is raised. Meanwhile a copy of *table* is the table itself."""
    before = {one: deepcopy(_item(table, *one)) for one in keys if one}
    shard = table.stream_shard
    told = len(shard.items) if shard else 0
    table.__deepcopy__ = lambda _: table
    try:
        yield
    except BaseException:
        for one, item in before.items():
            _put_back(table, *one, item)
        if shard:
            del shard.items[told:]
        raise
    finally:
        del table.__deepcopy__


def _keys(table: Any, given: Mapping[str, Any]) -> Keys | None:
    """None for what moto will refuse."""
    from moto.dynamodb.models.dynamo_type import DynamoType  # noqa: PLC0415 as above

    names = [name for name in (table.hash_key_attr, table.range_key_attr) if name]
    if any(name not in given for name in names):
        return None
    found = [DynamoType(given[name]) for name in names]
    return found[0], found[1] if len(found) > 1 else None


def _item(table: Any, partition: Any, sort: Any) -> Any:
    held = table.items.get(partition)
    return held.get(sort) if sort is not None and held is not None else held


def _put_back(table: Any, partition: Any, sort: Any, item: Any) -> None:
    place, key = (table.items, partition) if sort is None else (table.items[partition], sort)
    if item is None:
        place.pop(key, None)
    else:
        place[key] = item
