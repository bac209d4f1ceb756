"""What runs came to, in DynamoDB."""

from collections.abc import Mapping
from dataclasses import asdict
from itertools import batched
from typing import Any
from uuid import uuid4

from septet.aws.items import Item, attribute, dumps, item, loads, values
from septet.aws.trouble import reaching
from septet.core.summaries import ANY_WAY, BRANCH, END_OF_TIME, Part, Summary, SummaryPage, Wanted, place, placed

INDEX = "by_end"
PAGES = 10
"""That are read at most for one page of what is wanted; as much as one answer may take."""
_READ = 500
"""Summaries that are looked at in one of them, where only some are wanted."""
_STORE = "the table of summaries"
_HEAD = ("workflow", "submitter", "parent", "status", "error", "kind", "created", "attempt", "budget")
_PARTS = 20
"""That are written at once, so that an expression stays under DynamoDB's 4 KB."""
_PART, _THROUGH = "part.", "through."
_FLAGGER = "flagger."
"""Before a flag's name: who set it."""
_LAST = "~"
"""Sorts after everything in a run's id."""


class DynamoSummaries:
    """The table ``summaries``: partition ``tenant``, sort ``run``; the index by ``ended`` has those that have."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    @reaching(_STORE)
    def put(self, summary: Summary) -> Summary:
        """Note it, but for what stands and is later."""
        found: Item = {}
        for some in batched(summary.parts.items(), _PARTS, strict=False) if summary.parts else ((),):
            parts, head = _parts(some), _head(summary)
            try:
                found = self._update(summary, [head, *parts])
            except self._client.exceptions.ConditionalCheckFailedException:
                for one in (head, *parts):
                    found = self._alone(summary, one) or found
        return _read(found) if found else (self._get(summary.tenant, summary.run) or summary)

    def _alone(self, summary: Summary, one: "_Change") -> Item:
        """What stands after *one* change, or nothing when something later does."""
        try:
            return self._update(summary, [one])
        except self._client.exceptions.ConditionalCheckFailedException:
            return {}

    def _update(self, summary: Summary, changes: list["_Change"]) -> Item:
        given = {name: value for change in changes for name, value in change.sets.items()}
        names = dict.fromkeys((*given, *(name for change in changes for name in (*change.removes, change.stands))))
        called = {name: f"#n{number}" for number, name in enumerate(names)}
        told = {name: f":v{number}" for number, name in enumerate(given)}
        agents = sorted({agent for change in changes for agent in change.agents})
        removed = [called[name] for change in changes for name in change.removes]
        expression = "SET " + ", ".join(f"{called[name]} = {told[name]}" for name in given)
        expression += f" REMOVE {', '.join(removed)}" if removed else ""
        expression += " ADD agents :agents" if agents else ""
        conditions = [f"(attribute_not_exists({called[one.stands]}) OR {called[one.stands]} <= {told[one.stands]})" for one in changes]
        answer = self._client.update_item(
            TableName=self._table,
            Key=item({"tenant": summary.tenant, "run": summary.run}),
            UpdateExpression=expression,
            ConditionExpression=" AND ".join(conditions),
            ExpressionAttributeNames={short: name for name, short in called.items()},
            ExpressionAttributeValues={told[name]: attribute(value) for name, value in given.items()}
            | ({":agents": {"SS": agents}} if agents else {}),
            ReturnValues="ALL_NEW",
        )
        found: Item = answer["Attributes"]
        return found

    @reaching(_STORE)
    def get(self, tenant: str, run: str) -> Summary | None:
        """What stands of a run."""
        return self._get(tenant, run)

    def _get(self, tenant: str, run: str) -> Summary | None:
        found = self._client.get_item(TableName=self._table, Key=item({"tenant": tenant, "run": run}), ConsistentRead=True)
        return _read(found["Item"]) if "Item" in found else None

    @reaching(_STORE)
    def page(self, tenant: str, wanted: Wanted, *, limit: int, cursor: str | None = None) -> SummaryPage:
        """Some of those that have ended."""
        start = _start(tenant, cursor)
        if wanted.until < max(0, wanted.since):
            return SummaryPage(summaries=(), next=None)  # DynamoDB refuses bounds in this order
        query = self._query(tenant, wanted)
        found: list[Summary] = []
        for _ in range(PAGES):
            most = _READ if "FilterExpression" in query else limit + 1 - len(found)
            page = self._client.query(**query, Limit=most, **({"ExclusiveStartKey": start} if start else {}))
            found += [_read(one) for one in page["Items"]]
            start = page.get("LastEvaluatedKey")
            if len(found) > limit or not start:
                break
        if len(found) > limit:
            last = found[limit - 1]
            return SummaryPage(summaries=tuple(found[:limit]), next=place(last.ended or 0, last.run))
        return SummaryPage(summaries=tuple(found), next=values(start)["ended"] if start else None)

    def _query(self, tenant: str, wanted: Wanted) -> dict[str, Any]:
        named = {name: value for name in ("workflow", "error", "kind", "status", "submitter") if (value := getattr(wanted, name))}
        filters = [f"#{name} = :{name}" for name in named]
        names, given = {f"#{name}": name for name in named}, {f":{name}": value for name, value in named.items()}
        if wanted.agent:
            filters.append("contains(agents, :agent)")
            given[":agent"] = wanted.agent
        if wanted.failed:
            filters.append("#status <> :succeeded")
            names["#status"], given[":succeeded"] = "status", "succeeded"
        if wanted.flagged == ANY_WAY:
            filters.append("attribute_exists(flagged)")
        elif wanted.flagged:
            filters.append("contains(flagged, :flagged)")
            given[":flagged"] = wanted.flagged
        since, until = place(max(0, wanted.since), ""), place(min(wanted.until, END_OF_TIME), _LAST)
        return {
            "TableName": self._table,
            "IndexName": INDEX,
            "ScanIndexForward": False,
            "KeyConditionExpression": "tenant = :tenant AND ended BETWEEN :since AND :until",
            "ExpressionAttributeValues": item({":tenant": tenant, ":since": since, ":until": until, **given}),
            **({"FilterExpression": " AND ".join(filters)} if filters else {}),
            **({"ExpressionAttributeNames": names} if names else {}),
        }

    @reaching(_STORE)
    def flag(self, tenant: str, run: str, kind: str) -> bool:
        """Note it, the first time; what botocore finds when it asks again after a lost reply is its own."""
        writer, by = uuid4().hex, f"{_FLAGGER}{kind}"
        try:
            self._client.update_item(
                TableName=self._table,
                Key=item({"tenant": tenant, "run": run}),
                UpdateExpression="SET #by = :writer ADD flagged :kinds",
                ConditionExpression="attribute_exists(tenant) AND NOT contains(flagged, :kind)",
                ExpressionAttributeNames={"#by": by},
                ExpressionAttributeValues=item({":kind": kind, ":writer": writer}) | {":kinds": {"SS": [kind]}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            return values(error.response.get("Item", {})).get(by) == writer
        return True


class _Change:
    """What is set and removed together, unless what *stands* under this name is higher than what is set there."""

    def __init__(self, stands: str, sets: Mapping[str, str | int], *, removes: tuple[str, ...] = (), agents: tuple[str, ...] = ()) -> None:
        self.stands = stands
        self.sets = sets
        self.removes = removes
        self.agents = agents


def _head(summary: Summary) -> _Change:
    """What is said of the run itself. Attributes of indexes may not be empty, so what is empty is removed."""
    held: dict[str, str | int] = {name: getattr(summary, name) for name in _HEAD}
    held["ended"] = "" if summary.ended is None else place(summary.ended, summary.run)
    empty = tuple(name for name, value in held.items() if value == "")
    return _Change("rank", {name: value for name, value in held.items() if value != ""} | {"rank": summary.rank}, removes=empty)


def _parts(some: tuple[tuple[str, Part], ...]) -> list[_Change]:
    return [
        _Change(
            f"{_THROUGH}{path}",
            {f"{_THROUGH}{path}": part.rank, f"{_PART}{path}": dumps(asdict(part))},
            agents=tuple(name for name in part.agents if not name.startswith(BRANCH)),
        )
        for path, part in some
    ]


def _start(tenant: str, cursor: str | None) -> Item | None:
    return None if cursor is None else item({"tenant": tenant, "run": placed(cursor)[1], "ended": cursor})


def _read(found: Item) -> Summary:
    held = values(found)
    parts = {name.removeprefix(_PART): _part(loads(text)) for name, text in held.items() if name.startswith(_PART)}
    head = {name: held[name] for name in _HEAD if name in held}
    ended = placed(held["ended"])[0] if "ended" in held else None
    return Summary(tenant=held["tenant"], run=held["run"], ended=ended, parts=parts, flagged=tuple(sorted(held.get("flagged", ()))), **head)


def _part(held: Mapping[str, Any]) -> Part:
    return Part(**{**held, "agents": tuple(held["agents"])})
