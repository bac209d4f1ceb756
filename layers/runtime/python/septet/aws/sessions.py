"""Sessions in DynamoDB."""

from collections.abc import Callable, Collection
from dataclasses import asdict
from typing import Any

from septet.aws.conflicts import together
from septet.aws.items import Item, dumps, item, loads, values
from septet.aws.trouble import reaching
from septet.core.sessions import Lease, Message, Place, Session

INDEX = "due"
_STORE = "the table of sessions"
_SESSION = "session"


class DynamoSessions:
    """Partition ``{tenant}#{session}``, sort ``what``: ``session``, ``message#NUMBER`` and ``key#DIGEST``; index ``due`` on what is due."""

    def __init__(self, client: Any, table: str, *, pause: Callable[[int], None]) -> None:
        self._client = client
        self._table = table
        self._pause = pause
        """Waits for some milliseconds."""

    @reaching(_STORE)
    def create(self, session: Session) -> Session:
        """Store *session* unless its id is taken, and return what stands."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_item(session),
                ConditionExpression="attribute_not_exists(pk)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            return _session(error.response["Item"])
        return session

    @reaching(_STORE)
    def get(self, tenant: str, session: str) -> Session | None:
        """The session, read consistently."""
        found = self._get(tenant, session, _SESSION)
        return _session(found) if found else None

    @reaching(_STORE)
    def replace(self, before: Session, after: Session, messages: Collection[Message] = ()) -> bool:
        """Store all of it in one transaction, unless something is not as it was."""
        standing: dict[str, Any] = {
            "ConditionExpression": "version = :version",
            "ExpressionAttributeValues": item({":version": before.version}),
        }
        items = [self._put(_item(after), standing)]
        for message in messages:
            place = {**_key(after.tenant, after.session, _named(message.number))}
            items.append(self._put(place | _message_item(message), {}))
            if message.fate == "queued":
                mine: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk) OR #number = :number"}
                mine |= {"ExpressionAttributeNames": {"#number": "number"}}
                mine |= {"ExpressionAttributeValues": item({":number": message.number})}
                items.append(self._put(_key(after.tenant, after.session, f"key#{message.key}") | item({"number": message.number}), mine))
        return together(self._client, items, self._pause)

    def _put(self, held: Item, condition: dict[str, Any]) -> dict[str, Any]:
        return {"Put": {"TableName": self._table, "Item": held, **condition}}

    @reaching(_STORE)
    def message(self, tenant: str, session: str, number: int) -> Message | None:
        """The message with *number*, read consistently."""
        found = self._get(tenant, session, _named(number))
        return _message(found) if found else None

    @reaching(_STORE)
    def keyed(self, tenant: str, session: str, key: str) -> Message | None:
        """The message whose key is *key*, read consistently."""
        found = self._get(tenant, session, f"key#{key}")
        return self.message(tenant, session, values(found)["number"]) if found else None

    @reaching(_STORE)
    def messages(self, tenant: str, session: str, *, before: int, limit: int) -> tuple[Message, ...]:
        """At most *limit* messages with numbers below *before*, the latest first, read consistently."""
        found: list[Message] = []
        start: dict[str, Any] = {}
        while len(found) < limit and before > 0:
            page = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND what BETWEEN :first AND :last",
                ExpressionAttributeValues=item({":pk": f"{tenant}#{session}", ":first": _named(0), ":last": _named(before - 1)}),
                ScanIndexForward=False,
                ConsistentRead=True,
                Limit=limit - len(found),
                **start,
            )
            found += [_message(one) for one in page["Items"]]
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        return tuple(found)

    @reaching(_STORE)
    def due(self, *, now: int, limit: int) -> tuple[tuple[str, str], ...]:
        """At most *limit* sessions whose time has come, the oldest first."""
        found = self._client.query(
            TableName=self._table,
            IndexName=INDEX,
            KeyConditionExpression="waiting = :yes AND due <= :now",
            ExpressionAttributeValues=item({":yes": "yes", ":now": now}),
            Limit=limit,
        )
        return tuple((tenant, session) for tenant, _, session in (one["pk"]["S"].partition("#") for one in found["Items"]))

    def _get(self, tenant: str, session: str, what: str) -> Item | None:
        found = self._client.get_item(TableName=self._table, Key=_key(tenant, session, what), ConsistentRead=True)
        held: Item | None = found.get("Item")
        return held


def _key(tenant: str, session: str, what: str) -> Item:
    return item({"pk": f"{tenant}#{session}", "what": what})


def _named(number: int) -> str:
    """Sorts by number."""
    return f"message#{number:08d}"


def _item(session: Session) -> Item:
    """The session as JSON, with what is asked for by itself beside it."""
    held = {"version": session.version, "session": dumps(asdict(session))}
    listed = {"waiting": "yes", "due": session.due} if session.due else {}
    return _key(session.tenant, session.session, _SESSION) | item(held | listed)


def _session(found: Item) -> Session:
    held = loads(values(found)["session"])
    lease = Lease(**held["lease"]) if held["lease"] else None
    return Session(**held | {"lease": lease, "queue": tuple(Place(**place) for place in held["queue"])})


def _message_item(message: Message) -> Item:
    return item({"message": dumps(asdict(message))})


def _message(found: Item) -> Message:
    held = loads(values(found)["message"])
    return Message(**held | {"roles": tuple(held["roles"])})
