"""The models' health in DynamoDB, shared by all functions: a circuit breaker whose healthy path writes nothing."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from septet.aws.items import Item, item, values
from septet.core.frozen import frozen
from septet.execution.agents import ModelSpec
from septet.execution.breaker import FAILURES, FRESH, KEPT, OPEN, PROBE, WINDOW, Streaks


@frozen
class _Read:
    """What is known of a model, and since when."""

    at: int
    open_until: int
    """0 for a model that is well."""


class DynamoHealth:
    """Partition ``model``. An item counts failures ``since`` a time, and says until when its model is left alone: ``open_until``."""

    def __init__(self, client: Any, table: str, *, clock: Callable[[], int]) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._streaks = Streaks()
        self._known: dict[str, _Read] = {}
        self._probing: dict[str, int] = {}
        """Until when this process may try a sick model."""

    def sick(self, models: Sequence[ModelSpec]) -> frozenset[str]:
        """The ids of those *models* that are not to be called now; none of those about which nothing can be read."""
        now = self._clock()
        ids = dict.fromkeys(model.id for model in models)
        with suppress(ClientError, BotoCoreError):
            self._read([id_ for id_ in ids if id_ not in self._known or self._known[id_].at + FRESH <= now], now)
        return frozenset(id_ for id_ in ids if id_ in self._known and self._known[id_].open_until > now and not self._may_probe(id_, now))

    def admit(self, model: ModelSpec) -> bool:
        """Whether this process may call *model* now: of one whose time alone is over, one process at a time."""
        now = self._clock()
        known = self._known.get(model.id)
        if known is None or not 0 < known.open_until <= now or self._may_probe(model.id, now):
            return True
        with suppress(ClientError, BotoCoreError):
            return self._claim(model.id, known.open_until, now)
        return True

    def report(self, model: ModelSpec, *, well: bool) -> None:
        """Note how a call went. Never raises."""
        tell = self._streaks.note(model.id, well=well)
        now = self._clock()
        opened = model.id in self._probing or (model.id in self._known and self._known[model.id].open_until > 0)
        with suppress(ClientError, BotoCoreError):
            if well and (tell or opened):
                self._close(model.id, now)
            elif not well and (opened or (tell and self._count(model.id, now) >= FAILURES)):
                self._open(model.id, now)

    def _may_probe(self, id_: str, now: int) -> bool:
        return self._probing.get(id_, 0) > now

    def _read(self, ids: Sequence[str], now: int) -> None:
        if not ids:
            return
        found = self._client.batch_get_item(RequestItems={self._table: {"Keys": [item({"model": id_}) for id_ in ids]}})
        items: Iterable[Item] = found["Responses"].get(self._table, ())
        read = {held["model"]: held.get("open_until", 0) for held in map(values, items)}
        self._known |= {id_: _Read(at=now, open_until=read.get(id_, 0)) for id_ in ids}

    def _claim(self, id_: str, seen: int, now: int) -> bool:
        """Whether this process may try a model whose time alone is over: of all that ask, one moves that time on."""
        try:
            self._update(id_, "SET open_until = :until", {":until": now + PROBE, ":seen": seen}, condition="open_until = :seen")
        except self._client.exceptions.ConditionalCheckFailedException:
            self._known.pop(id_)
            return False
        self._probing[id_] = now + PROBE
        self._known[id_] = _Read(at=now, open_until=now + PROBE)
        return True

    def _count(self, id_: str, now: int) -> int:
        """Count a failure; how many there are in this window."""
        kept = {":one": 1, ":expires": (now + KEPT) // 1000}
        try:
            counted = self._update(
                id_, "SET expires = :expires ADD failures :one", kept | {":begun": now - WINDOW}, condition="since > :begun"
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            self._update(id_, "SET failures = :one, since = :now, expires = :expires", kept | {":now": now})
            return 1
        return int(values(counted["Attributes"])["failures"])

    def _open(self, id_: str, now: int) -> None:
        changes = {":until": now + OPEN, ":none": 0, ":expires": (now + KEPT) // 1000}
        self._update(id_, "SET open_until = :until, failures = :none, expires = :expires", changes)
        self._probing.pop(id_, None)
        self._known[id_] = _Read(at=now, open_until=now + OPEN)

    def _close(self, id_: str, now: int) -> None:
        self._update(id_, "SET failures = :none, expires = :expires REMOVE open_until", {":none": 0, ":expires": (now + KEPT) // 1000})
        self._probing.pop(id_, None)
        self._known[id_] = _Read(at=now, open_until=0)

    def _update(self, id_: str, expression: str, changes: dict[str, int], *, condition: str = "") -> Any:
        conditions = {"ConditionExpression": condition} if condition else {}
        return self._client.update_item(
            TableName=self._table,
            Key=item({"model": id_}),
            UpdateExpression=expression,
            ExpressionAttributeValues=item(changes),
            ReturnValues="ALL_NEW",
            **conditions,
        )
