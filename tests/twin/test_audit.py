"""Sealing, auditing, exporting and erasing as people run them, on the twin's tables and buckets."""

import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.desk import until
from tests.twin.test_cli import surroundings

pytestmark = pytest.mark.timeout(420)  # the first of them waits for the seal
SEPTET = Path(sys.executable).with_name("septet")
JOURNAL, RUNS = "septet-twin-journal", "septet-twin-runs"
BODIES, SEALS = (f"septet-twin-{name}-000000000000-us-east-1" for name in ("bodies", "seals"))


@dataclass
class Auditor:
    """Somebody at a terminal, with a tenant whose one run is sealed; and what somebody else does behind the platform's back."""

    twin: Any
    tenant: str
    run: str = ""

    def septet(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        given = [SEPTET, *arguments, "--tenant", self.tenant]
        env = surroundings(self.twin.home, **more)
        return subprocess.run(given, env=env, capture_output=True, text=True, timeout=90, check=False)

    def start(self) -> str:
        done = self.septet("run", "support", "What are your opening hours?", "--json")
        assert done.returncode == 0, done.stderr
        return str(json.loads(done.stdout)["id"])

    def seal(self) -> None:
        """As a schedule has it done: in a new hour a sealer may have the tenants of hundreds of tests to seal before this one."""
        called = {"FunctionName": "septet-twin-step-seal_journal:live", "InvocationType": "Event"}
        self.twin.client("lambda").invoke(**called, Payload=b"{}")
        listed = partial(self.twin.client("s3").list_objects_v2, Bucket=SEALS, Prefix=f"{self.tenant}/")
        until(lambda: listed().get("Contents"), seconds=300, what="the seal")

    def items(self) -> list[Any]:
        key = {":pk": {"S": f"{self.tenant}#{self.run}#main"}}
        query = {"TableName": JOURNAL, "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": key}
        found: list[Any] = self.twin.client("dynamodb").query(**query)["Items"]
        return found

    def findings(self) -> list[str]:
        done = self.septet("audit", "verify", "--json")
        assert done.returncode in (0, 1), done.stderr
        document = json.loads(done.stdout)
        assert document["verified"] is (done.returncode == 0)
        return [f"{one['where']}: {one['what']} ({one['since']})" for one in document["findings"]]


@pytest.fixture(scope="module")
def auditor(twin: Any) -> Auditor:
    one = Auditor(twin=twin, tenant=f"audit-{uuid.uuid4().hex[:10]}")
    one.run = one.start()
    one.seal()
    return one


def remove(dynamodb: Any, items: list[Any]) -> None:
    for item in items:
        dynamodb.delete_item(TableName=JOURNAL, Key={name: item[name] for name in ("pk", "number")})


def change(dynamodb: Any, items: list[Any], **changes: str) -> None:
    dynamodb.put_item(TableName=JOURNAL, Item=items[1] | {name: {"S": value} for name, value in changes.items()})


def swap(dynamodb: Any, items: list[Any]) -> None:
    for one, other in ((1, 2), (2, 1)):
        dynamodb.put_item(TableName=JOURNAL, Item=items[one] | {"number": items[other]["number"]})


TAMPERED: dict[str, tuple[Callable[[Any, list[Any]], None], str]] = {
    "an entry is removed": (lambda to, items: remove(to, items[1:2]), "entry 1 is missing; 2 follows"),
    "entries are cut off": (lambda to, items: remove(to, items[-2:]), "gone from its end: seal"),
    "all entries are removed": (remove, "all its entries are gone; seal"),
    "a body is changed": (
        lambda to, items: change(to, items, body='{"type":"note","version":1,"kind":"x","text":"y"}'),
        "the body of entry 1 was changed",
    ),
    "a header is changed": (lambda to, items: change(to, items, header=items[0]["header"]["S"]), "entry 1 cannot be read"),
    "a hash is changed": (lambda to, items: change(to, items, hash="0" * 64), "entry 1 was changed"),
    "an item is no entry": (lambda to, items: change(to, items, header="{}"), "entry 1 cannot be read"),
    "the order is changed": (swap, "entry 2 cannot be read"),
}


@contextmanager
def restored(auditor: Auditor) -> Iterator[tuple[Any, list[Any]]]:
    """The journal as it was, afterwards: the last of these tests asks whether it is, for each question takes seconds."""
    dynamodb, before = auditor.twin.client("dynamodb"), auditor.items()
    try:
        yield dynamodb, before
    finally:
        for item in before:
            dynamodb.put_item(TableName=JOURNAL, Item=item)


def test_what_nobody_touched_is_verified(auditor: Auditor) -> None:
    assert auditor.findings() == []
    shown = auditor.septet("audit", "verify", COLUMNS="200")
    assert "1 seal, the last is" in shown.stdout
    assert "entries are what they were" in shown.stdout
    assert "no seal" not in shown.stdout


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_done_to_the_table_is_found(auditor: Auditor, what: str) -> None:
    tamper, expected = TAMPERED[what]
    with restored(auditor) as (dynamodb, items):
        tamper(dynamodb, items)
        found = auditor.findings()
    assert any(expected in finding for finding in found), found


def test_a_run_that_is_gone_with_its_record_is_found(auditor: Auditor) -> None:
    key = {"tenant": {"S": auditor.tenant}, "run": {"S": auditor.run}}
    with restored(auditor) as (dynamodb, items):
        record = dynamodb.get_item(TableName=RUNS, Key=key)["Item"]
        dynamodb.delete_item(TableName=RUNS, Key=key)
        remove(dynamodb, items)
        found = auditor.findings()
        dynamodb.put_item(TableName=RUNS, Item=record)
    assert any(finding.startswith(f"{auditor.run}/main: all its entries are gone") for finding in found), found


def test_a_seal_that_was_laid_over_is_found_and_the_first_is_still_there(auditor: Auditor) -> None:
    s3 = auditor.twin.client("s3")
    (version,) = s3.list_object_versions(Bucket=SEALS, Prefix=f"{auditor.tenant}/")["Versions"]
    forged = s3.get_object(Bucket=SEALS, Key=version["Key"])["Body"].read().replace(b'"number":0', b'"number":1')
    laid = s3.put_object(Bucket=SEALS, Key=version["Key"], Body=forged, ChecksumAlgorithm="SHA256")  # IAM refuses this on AWS
    assert any("its signature is not by a key that is trusted" in finding for finding in auditor.findings())
    with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=SEALS, Key=version["Key"], VersionId=version["VersionId"])
    s3.delete_object(Bucket=SEALS, Key=version["Key"], VersionId=laid["VersionId"], BypassGovernanceRetention=True)
    assert auditor.findings() == []


def test_an_exported_run_is_verified_with_a_key_and_nothing_else(auditor: Auditor, tmp_path: Path) -> None:
    file, key = tmp_path / "run.jsonl", tmp_path / "key.pem"
    assert auditor.septet("export", auditor.run, "-o", str(file)).returncode == 0
    key.write_text(auditor.septet("audit", "key").stdout)
    nowhere = surroundings(tmp_path, SEPTET_URL="http://127.0.0.1:9")
    check = [SEPTET, "audit", "verify", str(file), "--key", str(key), "--json"]
    done = subprocess.run(check, env=nowhere, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert (document["seals"], document["keys_given"]) == (1, True)
    file.write_text(file.read_text().replace("opening", "closing"))
    assert subprocess.run(check, env=nowhere, capture_output=True, timeout=60, check=False).returncode == 1


def test_erased_content_is_nowhere_and_everything_verifies(auditor: Auditor) -> None:
    run = Auditor(twin=auditor.twin, tenant=auditor.tenant, run=auditor.start())
    assert "opening hours" in str(run.items())
    done = run.septet("erase", "--run", run.run, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["erased"] == [run.run]
    assert "opening hours" not in str(run.items())
    assert not any("body" in item or "salt" in item for item in run.items())
    assert "Contents" not in auditor.twin.client("s3").list_objects_v2(Bucket=BODIES, Prefix=f"{run.tenant}/{run.run}/")
    assert run.findings() == []
    shown = run.septet("watch", run.run, "--json")
    assert shown.returncode == 0, shown.stderr
    assert "opening hours" not in shown.stdout
    assert run.septet("watch", run.run).returncode == 0
