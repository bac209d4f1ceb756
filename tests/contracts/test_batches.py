"""What every store of rows, of files and of their contents promises."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
import pytest

from septet.aws.file_contents import PART, S3FileContents
from septet.aws.files import DynamoFiles
from septet.aws.rows import DynamoRows
from septet.core.errors import InputRejected
from septet.core.files import Contents, File, Files
from septet.core.rows import Plan, Row, Rows
from septet.local.files import MemoryFileContents, MemoryFiles
from septet.local.rows import MemoryRows
from tests.contracts.conftest import BODIES

TWICE = ["memory", pytest.param("aws", marks=pytest.mark.twin)]
CONTENT = b"message\nhello\n"


@pytest.fixture(params=TWICE)
def rows(request: pytest.FixtureRequest) -> Rows:
    return MemoryRows() if request.param == "memory" else DynamoRows(request.getfixturevalue("aws").dynamodb, "contracts-rows")


@pytest.fixture(params=TWICE)
def files(request: pytest.FixtureRequest) -> Files:
    return MemoryFiles() if request.param == "memory" else DynamoFiles(request.getfixturevalue("aws").dynamodb, "contracts-files")


@pytest.fixture(params=TWICE)
def contents(request: pytest.FixtureRequest) -> Contents:
    if request.param == "memory":
        return MemoryFileContents()
    aws: Any = request.getfixturevalue("aws")
    return S3FileContents(aws.s3, BODIES, aws.key)


def file(tenant: str, name: str = "fil-1", **changes: Any) -> File:
    given: dict[str, Any] = {"name": "claims.csv", "media_type": "text/csv", "bytes": len(CONTENT), "owner": "ann", "created_at": 1}
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    return File(**{"tenant": tenant, "file": name, "place": f"{name}/content", "sha256": sha256, **given, **changes})


def test_rows_come_in_order_and_a_page_at_a_time(rows: Rows, tenant: str) -> None:
    made = [Row(number=number, status="rejected", message=f"line {number}") for number in (11, 2, 1, 300)]
    rows.put(tenant, "run-1", made)
    rows.keep(tenant, "run-1", Plan(rows=300, tolerated=1))
    rows.put(tenant, "run-10", [Row(number=5)])
    assert [row.number for row in rows.read(tenant, "run-1")] == [1, 2, 11, 300]
    assert [row.number for row in rows.read(tenant, "run-1", after=1, limit=2)] == [2, 11]
    assert rows.read(tenant, "run-1", after=10, limit=1) == (made[0],)
    assert rows.read(f"{tenant}-2", "run-1") == ()


def test_the_last_plan_stands(rows: Rows, tenant: str) -> None:
    assert rows.plan(tenant, "run-1") is None
    rows.keep(tenant, "run-1", Plan(rows=3, tolerated=1))
    after = Plan(rows=3, tolerated=1, segments=(1, 201), following=401)
    rows.keep(tenant, "run-1", after)
    assert rows.plan(tenant, "run-1") == after


def test_a_row_is_begun_by_one_run_and_settled_by_that_alone(rows: Rows, tenant: str) -> None:
    first, second = Row(number=1, run="run-a"), Row(number=1, run="run-b", origin="run-a")
    assert rows.begin(tenant, "run-1", first) == first
    done = Row(number=1, run="run-a", status="succeeded")
    rows.settle(tenant, "run-1", done)
    assert rows.begin(tenant, "run-1", first) == done, "what stands"
    assert rows.begin(tenant, "run-1", second) == second
    rows.settle(tenant, "run-1", done)
    assert rows.read(tenant, "run-1") == (second,)
    rows.settle(tenant, "run-1", Row(number=2, run="run-a"))
    assert len(rows.read(tenant, "run-1")) == 1


def test_of_many_that_begin_and_settle_at_once_the_end_stands(rows: Rows, tenant: str) -> None:
    row, done = Row(number=1, run="run-a"), Row(number=1, run="run-a", status="succeeded")
    rows.begin(tenant, "run-1", row)
    together = Barrier(6)

    def act(deed: Callable[[str, str, Row], Any], what: Row) -> None:
        together.wait()
        deed(tenant, "run-1", what)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(act, [rows.begin, rows.settle] * 3, [row, done] * 3))
    assert rows.read(tenant, "run-1") == (done,)


def test_a_file_s_record_comes_back_and_notes_who_reads_it(files: Files, tenant: str) -> None:
    files.put(file(tenant))
    assert files.get(tenant, "fil-1") == file(tenant)
    assert files.get(f"{tenant}-2", "fil-1") is None
    for run in ("run-b", "run-a", "run-b"):
        files.used(tenant, "fil-1", run)
    files.used(tenant, "fil-2", "run-a")
    assert files.get(tenant, "fil-1") == file(tenant, runs=("run-a", "run-b"))
    assert files.get(tenant, "fil-2") is None
    files.put(file(tenant, runs=("run-c",), erased_at=7))
    assert files.get(tenant, "fil-1") == file(tenant, runs=("run-c",), erased_at=7)


@pytest.mark.parametrize("size", [0, 10, PART, PART + 1])
def test_what_is_written_is_read_whole_and_in_parts(contents: Contents, tenant: str, size: int) -> None:
    content = bytes(number % 251 for number in range(1000)) * (size // 1000 + 1)
    with contents.writing(tenant, "run-1/results.csv") as out:
        for start in range(0, size, 3_000_000):
            out.write(content[start : min(size, start + 3_000_000)])
    assert b"".join(contents.read(tenant, "run-1/results.csv")) == content[:size]
    if size > 4:
        assert contents.part(tenant, "run-1/results.csv", 2, 5) == content[2:5]


def test_what_breaks_off_is_not_there(contents: Contents, tenant: str) -> None:
    def broken() -> None:
        with contents.writing(tenant, "run-1/results.csv") as out:
            out.write(b"x" * (PART + 1))
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        broken()
    with pytest.raises(InputRejected):
        list(contents.read(tenant, "run-1/results.csv"))


@pytest.mark.twin
def test_the_request_for_an_upload_takes_that_content_and_no_other(aws: Any, tenant: str) -> None:
    contents, one = S3FileContents(aws.s3, BODIES, aws.key), file(tenant)
    asked = contents.upload(one, now=0)
    assert not contents.there(one)
    assert httpx.put(asked.url, content=b"x" * len(CONTENT), headers=asked.headers).status_code == 400
    assert not contents.there(one)
    assert httpx.put(asked.url, content=CONTENT, headers=asked.headers).status_code == 200
    assert contents.there(one)
    assert httpx.get(contents.download(one, now=0).url).content == CONTENT
    head = aws.s3.head_object(Bucket=BODIES, Key=f"{tenant}/fil-1/content")
    assert head["ServerSideEncryption"] == "aws:kms"
