"""The first step of a batch: its file is read once, from its beginning to its end, and what is to be done is written beside it.

Nothing is started here, and all that is written lies at places that the batch's run names: done again, it is the same. A batch that is
started again leaves out the rows that are done.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping
from itertools import batched
from typing import Any

from septet.core.canonical import canonical
from septet.core.errors import InputRejected
from septet.core.files import Contents, File, Files, Output
from septet.core.frozen import frozen
from septet.core.rows import Plan, Row, Rows
from septet.integration.filing import may_read
from septet.integration.ports import Declaration, Principal
from septet.orchestration.batches import places
from septet.orchestration.batches.fields import Columns
from septet.orchestration.batches.reading import Record, records
from septet.orchestration.batches.requests import Batch

ROWS = 50_000
"""Of a file: what one map of Step Functions returns of each must fit into 256 KB."""
_SOME = 100


@frozen
class Prepared:
    """What there is to do."""

    rows: int
    left: int
    """Of them, those that are to be done now."""
    rejected: int
    bucket: str
    key: str
    """Of the manifest."""


@frozen
class Preparing:
    """What the step works with."""

    files: Files
    contents: Contents
    rows: Rows
    declared: Mapping[str, Declaration]

    def prepare(self, batch: Batch) -> Prepared:
        """Read the file. Raises InputRejected when there is none, it cannot be read, or it is not what was agreed."""
        file = self._file(batch)
        columns = Columns(declared=self._target(batch), named=batch.columns, media_type=file.media_type)
        tenant, run = file.tenant, batch.run.run
        done = {row.number for row in self._noted(batch) if row.status != "rejected" and not batch.left(row)}
        sums = hashlib.sha256()
        with (
            self.contents.writing(tenant, places.inputs(run)) as inputs,
            self.contents.writing(tenant, places.manifest(run)) as manifest,
        ):
            reading = _Reading(columns=columns, key=batch.key, inputs=inputs, manifest=manifest, done=done)
            for some in batched(
                reading.rejected(records(_summed(self.contents.read(tenant, file.place), sums), file.media_type)), _SOME, strict=False
            ):
                self.rows.put(tenant, run, some)
            if sums.hexdigest() != file.sha256:
                raise InputRejected("the file is not the one that was agreed: its SHA-256 is another")
        tolerated = math.floor(reading.rows * batch.tolerated / 100)
        self.rows.keep(tenant, run, Plan(rows=reading.rows, tolerated=tolerated))
        bucket, key = self.contents.place(tenant, places.manifest(run))
        return Prepared(rows=reading.rows, left=reading.left, rejected=reading.bad, bucket=bucket, key=key)

    def _file(self, batch: Batch) -> File:
        run = batch.run
        file = self.files.get(run.tenant, batch.file)
        principal = Principal(tenant=run.tenant, subject=run.submitter, roles=frozenset(run.roles))
        if file is None or not may_read(principal, file):
            raise InputRejected(f"there is no file {batch.file}")
        if file.erased_at is not None:
            raise InputRejected(f"the file {batch.file} was erased")
        self.files.used(run.tenant, file.file, run.run)
        return file

    def _target(self, batch: Batch) -> Declaration:
        if batch.workflow == batch.run.workflow:
            raise InputRejected("a batch starts no batches: give another workflow")
        if batch.workflow not in self.declared:
            raise InputRejected(f"there is no workflow {batch.workflow}; there is {', '.join(sorted(self.declared))}")
        return self.declared[batch.workflow]

    def _noted(self, batch: Batch) -> Iterator[Row]:
        after = 0
        while found := self.rows.read(batch.run.tenant, batch.run.run, after=after):
            yield from found
            after = found[-1].number


def _summed(pieces: Iterator[bytes], sums: Any) -> Iterator[bytes]:
    for piece in pieces:
        sums.update(piece)
        yield piece


def _untellable(key: Any, given: Mapping[str, Any]) -> str:
    """What is wrong with a row that cannot be written as JSON, as a text with half a character in it."""
    try:
        canonical([key, given])
    except ValueError:
        return "is no Unicode text, or has numbers that JSON does not know"
    return ""


class _Reading:
    """One way through a file."""

    def __init__(self, *, columns: Columns, key: str, inputs: Output, manifest: Output, done: set[int]) -> None:
        self._columns, self._key, self._done = columns, key, done
        self._inputs, self._manifest = inputs, manifest
        self._keys: set[bytes] = set()
        self._at = 0
        self.rows = self.left = self.bad = 0

    def rejected(self, found: Iterator[Record]) -> Iterator[Row]:
        """Go through the records: write what is to be done, give the rows that cannot be."""
        self._manifest.write(b"row,from,to\n")
        for record in found:
            self.rows += 1
            if self.rows > ROWS:
                raise InputRejected(f"the file has more than {ROWS} rows: split it")
            if self.rows == 1 and not record.wrong and self._columns.media_type == "text/csv":  # a line of JSON has fields of its own
                self._columns.check(record.values)
            given = self._columns.input(record)
            key = str(self.rows) if not self._key else record.values.get(self._key)
            if wrong := given.wrong or _untellable(key, given.input) or self._repeated(key):
                self.bad += 1
                yield Row(number=self.rows, status="rejected", error="InputRejected", message=f"line {record.line}: {wrong}")
            else:
                self._write({"row": self.rows, "key": str(key), "input": given.input})

    def _repeated(self, key: Any) -> str:
        if key is None or key == "" or isinstance(key, list | dict):
            return f"column {self._key}: is missing, and tells rows apart"
        known = hashlib.sha256(str(key).encode()).digest()
        if known in self._keys:
            return f"column {self._key}: a row before has the same"
        self._keys.add(known)
        return ""

    def _write(self, what: Mapping[str, Any]) -> None:
        line = canonical(what) + b"\n"
        self._inputs.write(line)
        if what["row"] not in self._done:
            self.left += 1
            self._manifest.write(b"%d,%d,%d\n" % (what["row"], self._at, self._at + len(line)))
        self._at += len(line)
