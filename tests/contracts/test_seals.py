from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from septet.core.entries import Answer, Note
from septet.core.journal import Branch, Head, Pen
from septet.core.runs import Run
from septet.core.seals import Leaf, Seal, Statement, root
from tests.contracts.conftest import SEALS, Aws, Storage

DAY = 24 * 3_600_000
NOW = 1_795_381_800_000  # 2026-11-22T21:10Z
LEAF = Leaf(run="run-1", path="main", number=4, hash="ab")


def made(tenant: str, name: str, **changes: Any) -> Seal:
    statement = Statement(tenant=tenant, name=name, at=NOW, number=0, previous="", root=root([LEAF]), leaves=1, through="", key="arn:key")
    return Seal(statement=replace(statement, **changes), signature=b"\x30\x01", leaves=(LEAF,))


class TestSeals:
    def test_a_seal_comes_back_as_it_was(self, storage: Storage, tenant: str) -> None:
        one = made(tenant, "2026-11-22T20-000", through="run-9")
        assert storage.seals.put(one)
        assert storage.seals.get(tenant, "2026-11-22T20-000") == one
        assert storage.seals.get(tenant, "2026-11-22T20-001") is None

    def test_a_seal_is_written_once(self, storage: Storage, tenant: str) -> None:
        first, second = (made(tenant, "2026-11-22T20-000", at=at) for at in (1, 2))
        assert storage.seals.put(first)
        assert not storage.seals.put(second)
        assert storage.seals.get(tenant, "2026-11-22T20-000") == first

    def test_of_many_at_once_one_is_kept(self, storage: Storage, tenant: str) -> None:
        together = Barrier(8)

        def put(at: int) -> bool:
            together.wait()
            return storage.seals.put(made(tenant, "2026-11-22T20-000", at=at))

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(put, range(8))) == 1

    def test_names_are_listed_in_order_and_page_by_page(self, storage: Storage, tenant: str) -> None:
        names = [f"2026-11-22T{hour:02}-{part:03}" for hour in (3, 4, 20) for part in (0, 1)]
        for name in reversed(names):
            storage.seals.put(made(tenant, name))
        storage.seals.put(made(f"{tenant}-2", "2026-11-22T01-000"))
        assert storage.seals.names(tenant, limit=9) == names
        assert storage.seals.names(tenant, limit=2) == names[:2]
        assert storage.seals.names(tenant, after=names[1], limit=2) == names[2:4]
        assert storage.seals.names(tenant, after="2026-11-22T04", limit=9) == names[2:]
        assert storage.seals.names(tenant, after=names[-1], limit=9) == []

    @pytest.mark.parametrize("days", [0, 3, 200])
    def test_the_newest_is_found_however_old_it_is(self, storage: Storage, tenant: str, days: int) -> None:
        assert storage.seals.last(tenant, now=NOW) is None
        for name in ("2026-11-22T19-000", "2026-11-22T20-000", "2026-11-22T20-001"):
            storage.seals.put(made(tenant, name))
        found = storage.seals.last(tenant, now=NOW + days * DAY)
        assert found is not None
        assert found.statement.name == "2026-11-22T20-001"

    def test_tenants_are_found_one_after_the_other(self, storage: Storage, tenant: str) -> None:
        tenants = [f"{tenant}-2", f"{tenant}.b", tenant, f"{tenant}0"]
        for name in tenants:
            storage.seals.put(made(name, "2026-11-22T20-000"))
        found, after = [], tenant[:-1]
        while (following := storage.seals.tenant_after(after)) is not None and following.startswith(tenant):
            found.append(following)
            after = following
        assert found == tenants


class TestKey:
    def test_what_it_signs_is_verified_by_its_public_half_outside(self, storage: Storage) -> None:
        statement = b"x" * 10_000
        key, pem = storage.key.pem()
        assert key == storage.key.key
        assert ":key/" in key
        public = load_pem_public_key(pem.encode())
        assert isinstance(public, ec.EllipticCurvePublicKey)
        signature = storage.key.sign(statement)
        public.verify(signature, statement, ec.ECDSA(hashes.SHA256()))
        with pytest.raises(InvalidSignature):
            public.verify(signature, statement + b"x", ec.ECDSA(hashes.SHA256()))


class TestHeads:
    def test_a_branch_has_a_last_entry(self, storage: Storage, tenant: str) -> None:
        branch = Branch(tenant=tenant, run="run-1")
        assert storage.heads.last(branch) is None
        pen = Pen(journal=storage.journal, branch=branch, clock=lambda: 1, head=Head())
        for number in range(12):
            last = pen.write(Answer(value="y" * 9000) if number % 2 else Note(kind="usage", text="x"))
            assert storage.heads.last(branch) == (number, last.hash)


class TestUnsealed:
    def start(self, storage: Storage, tenant: str, name: str) -> None:
        storage.runs.create(Run(tenant=tenant, run=name, workflow="w", submitter="s", digest="d", created_at=NOW))

    def listed(self, storage: Storage, tenant: str) -> list[str]:
        return [one.run.run for one in storage.unsealed.runs(tenant, limit=100)]

    def test_a_run_is_on_the_list_from_its_creation_until_it_is_sealed(self, storage: Storage, tenant: str) -> None:
        for name in ("run-c", "run-a", "run-b"):
            self.start(storage, tenant, name)
        self.start(storage, f"{tenant}-2", "run-a")
        assert self.listed(storage, tenant) == ["run-a", "run-b", "run-c"]
        assert [one.run.run for one in storage.unsealed.runs(tenant, after="run-a", limit=1)] == ["run-b"]
        storage.runs.close(tenant, "run-b", status="failed", ended_at=7)
        (listed,) = [one for one in storage.unsealed.runs(tenant, limit=9) if one.run.run == "run-b"]
        assert listed.run == storage.runs.get(tenant, "run-b")
        storage.unsealed.sealed(listed, "2026-11-22T20-000")
        assert self.listed(storage, tenant) == ["run-a", "run-c"]
        assert storage.runs.get(tenant, "run-b") == replace(listed.run, sealed="2026-11-22T20-000")
        assert self.listed(storage, f"{tenant}-2") == ["run-a"]

    def test_tenants_are_found_one_after_the_other(self, storage: Storage, tenant: str) -> None:
        tenants = [f"{tenant}-2", f"{tenant}.b", tenant, f"{tenant}0"]
        for name in tenants:
            self.start(storage, name, "run-a")
        found, after = [], tenant[:-1]
        while (following := storage.unsealed.tenant_after(after)) is not None and following.startswith(tenant):
            found.append(following)
            after = following
        assert found == tenants

    def test_what_changed_since_it_was_read_stays_on_the_list(self, storage: Storage, tenant: str) -> None:
        self.start(storage, tenant, "run-a")
        storage.runs.refuse(tenant, "run-a", at=7, error="BudgetExhausted", message="")
        (listed,) = storage.unsealed.runs(tenant, limit=1)
        storage.unsealed.again(tenant, "run-a")
        storage.unsealed.sealed(listed, "a")
        assert self.listed(storage, tenant) == ["run-a"]
        (listed,) = storage.unsealed.runs(tenant, limit=1)
        storage.runs.started(tenant, "run-a", "arn:x")
        storage.unsealed.sealed(listed, "a")
        assert self.listed(storage, tenant) == ["run-a"]

    def test_a_refused_run_that_runs_after_all_is_on_the_list_again(self, storage: Storage, tenant: str) -> None:
        self.start(storage, tenant, "run-a")
        storage.runs.refuse(tenant, "run-a", at=7, error="BudgetExhausted", message="")
        (listed,) = storage.unsealed.runs(tenant, limit=1)
        storage.unsealed.sealed(listed, "a")
        assert self.listed(storage, tenant) == []
        storage.runs.started(tenant, "run-a", "arn:x")
        assert self.listed(storage, tenant) == ["run-a"]
        found = storage.runs.get(tenant, "run-a")
        assert found is not None
        assert not found.sealed

    def test_a_sealed_run_is_put_on_the_list_again_before_something_is_written(self, storage: Storage, tenant: str) -> None:
        self.start(storage, tenant, "run-a")
        storage.runs.close(tenant, "run-a", status="failed", ended_at=7)
        (listed,) = storage.unsealed.runs(tenant, limit=1)
        storage.unsealed.sealed(listed, "a")
        storage.unsealed.again(tenant, "run-a")
        assert self.listed(storage, tenant) == ["run-a"]


@pytest.mark.twin
class TestLock:
    """The emulator's lock; that AWS's holds is AWS's word."""

    def test_a_seal_s_version_cannot_be_deleted(self, aws: Aws, tenant: str) -> None:
        assert aws.storage().seals.put(made(tenant, "2026-11-22T20-000"))
        (version,) = aws.s3.list_object_versions(Bucket=SEALS, Prefix=f"{tenant}/")["Versions"]
        with pytest.raises(ClientError, match="AccessDenied"):
            aws.s3.delete_object(Bucket=SEALS, Key=version["Key"], VersionId=version["VersionId"])

    def test_what_is_no_seal_is_said_to_be_none(self, aws: Aws, tenant: str) -> None:
        for text in (b"no JSON", b"[]", b'{"statement": {}, "signature": "", "leaves": []}'):
            name = f"2026-11-22T2{len(text) % 3}-000"
            aws.s3.put_object(Bucket=SEALS, Key=f"{tenant}/{name}.json", Body=text, ChecksumAlgorithm="SHA256")
            with pytest.raises(ValueError, match=r".+"):
                aws.storage().seals.get(tenant, name)
