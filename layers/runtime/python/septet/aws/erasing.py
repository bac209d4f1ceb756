"""Erasing content from the tables and from the bucket of bodies. The one place that changes an entry or deletes an object."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from septet.aws import files
from septet.aws.items import Item, dumps, item, loads, values
from septet.aws.lambdas import Client, invoke
from septet.aws.trouble import reaching
from septet.core.errors import StoreUnavailable
from septet.core.files import File
from septet.core.journal import Branch
from septet.core.runs import Run

SECONDS = 27
"""What the API waits for the eraser's answer: longer than it may run."""
ERASED = "erased"
"""Stands for the digest of what was asked for: nothing can be submitted again under the run's key."""
_STORE = "a store of content"


class DynamoContents:
    """The tables by their names, and the bucket."""

    def __init__(self, dynamodb: Any, s3: Any, *, tables: Mapping[str, str], bucket: str) -> None:
        self._dynamodb = dynamodb
        self._s3 = s3
        self._tables = tables
        """``journal``, ``runs``, ``effects``, ``approvals``, ``inquiries`` and ``files``."""
        self._bucket = bucket

    @reaching(_STORE)
    def approvals(self, tenant: str, runs: Sequence[str]) -> None:
        """Erase what the questions of these runs quote. They are found by reading the tenant's questions: their table has no other way."""
        for held in self._of("approvals", tenant, runs):
            votes = [{**vote, "reason": "", "arguments": None} for vote in loads(values(held).get("votes", "[]"))]
            left = {"arguments": "null", "reasons": "[]", "evidence": "[]", "votes": dumps(votes), "reason": "", "refused": ""}
            self._set("approvals", {name: held[name] for name in ("tenant", "approval")}, left)

    @reaching(_STORE)
    def files(self, tenant: str, runs: Sequence[str], at: int) -> None:
        """Delete the files that one of these runs read or wrote. They are found by reading the tenant's files, which are few."""
        self._erase_files((file for file in self._files(tenant) if {*file.runs} & {*runs}), at)

    @reaching(_STORE)
    def unused_files(self, tenant: str, owner: str, at: int) -> None:
        """Delete the files that no run ever read, of *owner* or of anybody."""
        self._erase_files((file for file in self._files(tenant) if not file.runs and owner in ("", file.owner)), at)

    def _files(self, tenant: str) -> Iterator[File]:
        found = self._query("files", KeyConditionExpression="tenant = :tenant", ExpressionAttributeValues=item({":tenant": tenant}))
        return (file for one in found if (file := files.read(one)).erased_at is None)

    def _erase_files(self, found: Iterable[File], at: int) -> None:
        for file in found:
            self._s3.delete_object(Bucket=self._bucket, Key=f"{file.tenant}/{file.place}")
            self._set("files", item({"tenant": file.tenant, "file": file.file}), {"name": "", "erased_at": at})

    @reaching(_STORE)
    def inquiries(self, tenant: str, runs: Sequence[str]) -> None:
        """Erase the questions and the answers of these runs' inquiries, which are found as approvals are."""
        for held in self._of("inquiries", tenant, runs):
            left = {"question": "null", "answer": "null"}
            self._set("inquiries", {name: held[name] for name in ("tenant", "inquiry")}, left)

    def _of(self, table: str, tenant: str, runs: Sequence[str]) -> Iterator[Item]:
        """The items of these runs in a table of the tenant's."""
        wanted = {f":run{number}": run for number, run in enumerate(runs)}
        return self._query(
            table,
            KeyConditionExpression="tenant = :tenant",
            FilterExpression=f"#run IN ({', '.join(wanted)})",
            ExpressionAttributeNames={"#run": "run"},
            ExpressionAttributeValues=item({":tenant": tenant, **wanted}),
        )

    @reaching(_STORE)
    def effects(self, tenant: str, run: str) -> None:
        """Erase the results of the run's effects; those that lie in the bucket go with its bodies."""
        found = self._query("effects", KeyConditionExpression="pk = :pk", ExpressionAttributeValues=item({":pk": f"{tenant}#{run}"}))
        for held in found:
            if "value" in held:
                self._remove("effects", {name: held[name] for name in ("pk", "effect")}, "value")

    @reaching(_STORE)
    def bodies(self, tenant: str, run: str) -> None:
        """Delete the run's objects in the bucket of bodies, results of effects among them."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=f"{tenant}/{run}/")
        for page in pages:
            for one in page.get("Contents", ()):
                self._s3.delete_object(Bucket=self._bucket, Key=one["Key"])

    @reaching(_STORE)
    def entries(self, branch: Branch, more: Callable[[], bool]) -> bool:
        """Erase the salts and the bodies in the branch's entries; False when there was no time for all."""
        found = self._query(
            "journal",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeNames={"#number": "number"},
            ExpressionAttributeValues=item({":pk": f"{branch.tenant}#{branch.run}#{branch.path}"}),
            ProjectionExpression="pk, #number, salt, body",
            ConsistentRead=True,
        )
        for held in found:
            if "salt" not in held and "body" not in held:
                continue
            if not more():
                return False
            self._remove("journal", {name: held[name] for name in ("pk", "number")}, "salt", "body")
        return True

    @reaching(_STORE)
    def noted(self, run: Run, at: int) -> None:
        """Note in the run's record that it was erased, and clear what quotes its content there."""
        key = item({"tenant": run.tenant, "run": run.run})
        self._set("runs", key, {"erased_at": at, "digest": ERASED, "message": "", "cancel_reason": ""})

    def _query(self, table: str, **query: Any) -> Iterator[Item]:
        for page in self._dynamodb.get_paginator("query").paginate(TableName=self._tables[table], **query):
            yield from page["Items"]

    def _set(self, table: str, key: Item, left: Mapping[str, str | int]) -> None:
        self._dynamodb.update_item(
            TableName=self._tables[table],
            Key=key,
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in left),
            ExpressionAttributeNames={f"#{name}": name for name in left},
            ExpressionAttributeValues=item({f":{name}": value for name, value in left.items()}),
        )

    def _remove(self, table: str, key: Item, *names: str) -> None:
        self._dynamodb.update_item(
            TableName=self._tables[table],
            Key=key,
            UpdateExpression="REMOVE " + ", ".join(f"#{name}" for name in names),
            ExpressionAttributeNames={f"#{name}": name for name in names},
        )


class LambdaEraser:
    """The eraser as a Lambda function, which alone may do it."""

    def __init__(self, function: str, client: Client) -> None:
        self._function = function
        self._client = client

    def erase_files(self, tenant: str, owner: str) -> None:
        """Have the files erased that *owner*, or anybody if it is empty, uploaded and no run ever read. Raises StoreUnavailable."""
        self._asked({"tenant": tenant, "runs": [], "files_of": owner})

    def erase(self, tenant: str, runs: Sequence[str]) -> tuple[str, ...]:
        """Have the content of *runs* erased, and return those that are left. Raises StoreUnavailable; the same again goes on."""
        return tuple(self._asked({"tenant": tenant, "runs": list(runs)})["left"])

    def _asked(self, what: Mapping[str, Any]) -> Any:
        try:
            return invoke(self._client(SECONDS), self._function, what)
        except Exception as error:
            raise StoreUnavailable(f"the erasure broke off ({type(error).__name__}): ask for it again") from error
