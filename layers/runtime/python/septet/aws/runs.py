"""Run records in DynamoDB."""

import base64
import re
import secrets
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from septet.aws.items import Item, dumps, item, loads, values
from septet.aws.trouble import reaching
from septet.core.errors import InputRejected
from septet.core.runs import RESTARTABLE, Page, Run, Status
from septet.core.seals import folder

INDEX = "by_created"
LISTED = ("unsealed", "place", "mark")
"""Attributes that an unsealed run has besides its record: they put it into the index of those (``septet.aws.unsealed``)."""
_STORE = "the table of runs"
PAGES = 20
"""Index pages that one listing reads at most; a filter that matches little then returns a short page and a cursor."""
_NOBODY = "(attribute_not_exists(#cancelled_by) OR #cancelled_by = :nobody)"
"""The condition that nobody has had a run cancelled; ``:nobody`` is the empty text."""
_ADMITTED = "(attribute_not_exists(#attempt) OR #attempt = :first OR attribute_not_exists(#claimed) OR #claimed = #attempt)"
"""The condition that a run's present attempt goes ahead (``Run.admitted``); ``:first`` is 0. Older records do not say who claimed."""
_NAME = re.compile(r"#\w+")
_STAMP = re.compile(r"[0-9]{15}#[A-Za-z0-9_-]{1,100}")


class DynamoRuns:
    """The runs table: partition ``tenant``, sort ``run``; index ``by_created`` on ``created_at``."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    @reaching(_STORE)
    def create(self, run: Run) -> Run:
        """Store *run* unless its id is taken, and return what stands."""
        taken = self._client.exceptions.ConditionalCheckFailedException
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_item(run),
                ConditionExpression="attribute_not_exists(tenant)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except taken as error:
            return read(error.response["Item"])
        return run

    @reaching(_STORE)
    def get(self, tenant: str, run: str) -> Run | None:
        """The record, read consistently."""
        found = self._client.get_item(TableName=self._table, Key=item({"tenant": tenant, "run": run}), ConsistentRead=True)
        return read(found["Item"]) if "Item" in found else None

    @reaching(_STORE)
    def page(self, tenant: str, *, limit: int, cursor: str | None = None, status: str | None = None, submitter: str | None = None) -> Page:
        """At most *limit* runs, newest first."""
        query = self._query(tenant, status, submitter)
        start = _position(tenant, _decode(cursor)) if cursor is not None else None
        runs: list[Run] = []
        for _ in range(PAGES):
            page = self._client.query(**query, Limit=limit + 1 - len(runs), **({"ExclusiveStartKey": start} if start else {}))
            runs += [read(found) for found in page["Items"]]
            start = page.get("LastEvaluatedKey")
            if len(runs) > limit or not start:
                break
        more = len(runs) > limit
        last = _stamp(runs[limit - 1]) if more else values(start or {}).get("created_at")
        return Page(runs=tuple(runs[:limit]), next=_encode(last) if last else None)

    def _query(self, tenant: str, status: str | None, submitter: str | None) -> dict[str, Any]:
        filters = {"status": status, "submitter": submitter}
        wanted = {name: value for name, value in filters.items() if value is not None}
        query: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": INDEX,
            "ScanIndexForward": False,
            "KeyConditionExpression": "tenant = :tenant",
            "ExpressionAttributeValues": item({":tenant": tenant} | {f":{name}": value for name, value in wanted.items()}),
        }
        if wanted:
            query["FilterExpression"] = " AND ".join(f"#{name} = :{name}" for name in wanted)
            query["ExpressionAttributeNames"] = {f"#{name}": name for name in wanted}
        return query

    @reaching(_STORE)
    def started(self, tenant: str, run: str, execution: str) -> None:
        """Note where the run executes; the first note stands. One that was refused in the meantime is running after all."""
        note = "#execution = if_not_exists(#execution, :execution)"
        given = {":execution": execution, ":refused": "refused"}
        if self._update(tenant, run, f"SET {note}", "attribute_exists(tenant) AND #status <> :refused", given):
            return
        listed = listing(tenant, run)
        unsealed = ", ".join(f"#{name} = :{name}" for name in listed)
        again = f"SET {note}, #status = :running, {unsealed} REMOVE #ended_at, #error, #message, #sealed"
        running = {":running": "running"} | {f":{name}": value for name, value in listed.items()}
        self._update(tenant, run, again, "#status = :refused", {**given, **running})

    @reaching(_STORE)
    def claim(self, tenant: str, run: str, execution: str, *, attempt: int = 0) -> bool:
        """Note where the attempt is about to execute, unless it was refused or has ended."""
        note = "SET #execution = if_not_exists(#execution, :execution), #claimed = :attempt_now"
        given: dict[str, str | int] = {":execution": execution, ":running": "running", ":attempt_now": attempt}
        return self._update(tenant, run, note, f"#status = :running AND {_is_at(attempt)}", given)

    @reaching(_STORE)
    def restart(self, tenant: str, run: str, *, attempt: int, at: int, execution: str) -> bool:
        """Note that a run that has ended without success runs again. It is unsealed again as well."""
        noted: dict[str, str | int] = {"status": "running", "attempt": attempt, "restarted_at": at, "execution": execution}
        noted |= listing(tenant, run)
        sets = ", ".join(f"#{name} = :{name}" for name in noted)
        claimed = "#claimed = if_not_exists(#claimed, :attempt_now)"  # an older record has none: the attempt before is taken for claimed
        change = f"SET {sets}, {claimed} REMOVE #ended_at, #error, #message, #sealed, #stopped, #kept"
        ended = {f":was{place}": status for place, status in enumerate(RESTARTABLE)}
        before = _is_at(attempt - 1)
        given = {f":{name}": value for name, value in noted.items()}
        condition = f"#status IN ({', '.join(ended)}) AND {before}"
        return self._update(tenant, run, change, condition, given | ended | {":attempt_now": attempt - 1})

    @reaching(_STORE)
    def part(self, tenant: str, run: str, paths: Collection[str]) -> None:
        """Note branches besides ``main``."""
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.update_item(
                TableName=self._table,
                Key=item({"tenant": tenant, "run": run}),
                UpdateExpression="ADD paths :paths",
                ConditionExpression="attribute_exists(tenant)",
                ExpressionAttributeValues={":paths": {"SS": sorted(paths)}},
            )

    @reaching(_STORE)
    def refuse(self, tenant: str, run: str, *, at: int, error: str, message: str) -> None:
        """Note that the run is not started, unless it is or has ended."""
        given: dict[str, str | int] = {":refused": "refused", ":ended_at": at, ":error": error, ":message": message, ":running": "running"}
        change = "SET #status = :refused, #ended_at = :ended_at, #error = :error, #message = :message"
        self._update(tenant, run, change, "#status IN (:running, :refused) AND attribute_not_exists(#execution)", given)

    @reaching(_STORE)
    def cancel(self, tenant: str, run: str, *, by: str, reason: str) -> Run | None:
        """Note that the run is to undo what it did; the first note stands. Of this and ``keep``, whichever is written first."""
        given: dict[str, str | int] = {":by": by, ":reason": reason, ":running": "running", ":nobody": "", ":yes": True, ":first": 0}
        condition = f"#status = :running AND {_NOBODY} AND (attribute_not_exists(#kept) OR #kept <> :yes) AND {_ADMITTED}"
        noted = self._update(tenant, run, "SET #cancelled_by = :by, #cancel_reason = :reason", condition, given)
        standing = self.get(tenant, run)
        return standing if standing and (noted or (standing.status == "running" and standing.cancelled_by)) else None

    @reaching(_STORE)
    def keep(self, tenant: str, run: str, *, attempt: int) -> bool:
        """Note that what the run did is kept, unless it is cancelled."""
        given: dict[str, str | int] = {":yes": True, ":nobody": "", ":attempt_now": attempt, ":running": "running", ":refused": "refused"}
        condition = f"#status IN (:running, :refused) AND {_is_at(attempt)} AND {_NOBODY}"
        if self._update(tenant, run, "SET #kept = :yes", condition, given):
            return True
        standing = self.get(tenant, run)
        return not (standing and standing.cancelled_by)

    @reaching(_STORE)
    def stop(self, tenant: str, run: str, *, attempt: int, why: str) -> None:
        """Note who stopped the attempt and why; the first note stands."""
        given: dict[str, str | int] = {":why": why, ":nobody": "", ":attempt_now": attempt, ":running": "running", ":refused": "refused"}
        nobody = "(attribute_not_exists(#stopped) OR #stopped = :nobody)"
        condition = f"#status IN (:running, :refused) AND {_is_at(attempt)} AND {nobody}"
        self._update(tenant, run, "SET #stopped = :why", condition, given)

    @reaching(_STORE)
    def close(
        self, tenant: str, run: str, *, status: Status, ended_at: int, error: str = "", message: str = "", attempt: int | None = None
    ) -> bool:
        """Note how the run ended; the first note stands, but for a refusal."""
        ending: dict[str, str | int] = {":status": status, ":ended_at": ended_at, ":error": error, ":message": message}
        change = "SET #status = :status, #ended_at = :ended_at, #error = :error, #message = :message"
        unended = {":running": "running", ":refused": "refused"}
        present = "" if attempt is None else f" AND {_is_at(attempt)}"
        of: dict[str, str | int] = {} if attempt is None else {":attempt_now": attempt}
        return self._update(tenant, run, change, f"#status IN (:running, :refused){present}", {**ending, **unended, **of})

    @reaching(_STORE)
    def take_back(self, run: Run, *, attempt: int) -> bool:
        """Let the record say how the run had ended before the attempt, unless that was claimed."""
        before: dict[str, str | int] = {name: getattr(run, name) for name in ("status", "error", "message")} | {
            "ended_at": run.ended_at or 0
        }
        change = "SET " + ", ".join(f"#{name} = :{name}" for name in before)
        unclaimed = "(attribute_not_exists(#claimed) OR #claimed <> :attempt_now)"
        given = {f":{name}": value for name, value in before.items()} | {":running": "running", ":attempt_now": attempt}
        return self._update(run.tenant, run.run, change, f"#status = :running AND {_is_at(attempt)} AND {unclaimed}", given)

    def _update(self, tenant: str, run: str, change: str, condition: str, given: Mapping[str, str | int]) -> bool:
        """Do *change* if *condition* holds, and return whether it did."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=item({"tenant": tenant, "run": run}),
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeNames={name: name[1:] for name in set(_NAME.findall(f"{change} {condition}"))},
                ExpressionAttributeValues=item(given),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def _is_at(attempt: int) -> str:
    """The condition that a run's present attempt is *attempt*, which is the value ``:attempt_now``; older records have none."""
    return "#attempt = :attempt_now" if attempt else "(#attempt = :attempt_now OR attribute_not_exists(#attempt))"


def _item(run: Run) -> Item:
    held = asdict(run)
    if not run.execution:
        held["execution"] = None  # left out, so that the first note of it can be told from none
    paths: Item = {"paths": {"SS": sorted(run.paths)}} if run.paths else {}
    held["paths"] = None  # a set of its own, to which branches are added
    texts = {"created_at": _stamp(run), "roles": dumps(run.roles), "copied": dumps(run.copied) if run.copied else None}
    return paths | item(held | texts | listing(run.tenant, run.run))


def listing(tenant: str, run: str) -> dict[str, str]:
    """What puts a run into the index of unsealed ones, with a mark of its own each time."""
    return dict(zip(LISTED, ("yes", f"{folder(tenant)}{run}", secrets.token_hex(8)), strict=True))


def read(found: Item) -> Run:
    """The run in an item."""
    held = {name: value for name, value in values(found).items() if name not in LISTED}
    roles = tuple(loads(held.pop("roles", "[]")))  # of an older record nothing is known, so no role
    paths = tuple(sorted(held.pop("paths", ())))
    copied = tuple((path, count) for path, count in loads(held.pop("copied", "[]")))
    held.setdefault("claimed", held.get("attempt", 0))  # an older record; a restart notes it
    return Run(**{**held, "created_at": int(held["created_at"].split("#")[0]), "roles": roles, "paths": paths, "copied": copied})


def _stamp(run: Run) -> str:
    """Sorts by time, and by run within a millisecond."""
    return f"{run.created_at:015d}#{run.run}"


def _position(tenant: str, stamp: str) -> Item:
    return item({"tenant": tenant, "run": stamp.partition("#")[2], "created_at": stamp})


def _encode(stamp: str) -> str:
    return base64.urlsafe_b64encode(stamp.encode()).decode().rstrip("=")


def _decode(cursor: str) -> str:
    """The stamp in *cursor*. It carries no tenant: a cursor reaches nothing beyond the tenant whose runs are listed."""
    try:
        stamp = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        stamp = ""
    if not _STAMP.fullmatch(stamp):
        raise InputRejected("cursor is not one this API made: take it from next of the page before")
    return stamp
