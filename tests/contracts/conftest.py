"""Every port twice: its double in memory, and its adapter on AWS, as far as the twin is AWS."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pytest

from septet.aws.account_table import AccountTable
from septet.aws.approvals import DynamoApprovals
from septet.aws.bodies import S3Bodies
from septet.aws.control import Control, DynamoStops
from septet.aws.effects import DynamoEffects
from septet.aws.erasing import DynamoContents
from septet.aws.inquiries import DynamoInquiries
from septet.aws.journal import DynamoJournal
from septet.aws.ledger import DynamoLedger
from septet.aws.runs import DynamoRuns
from septet.aws.seals import S3Seals
from septet.aws.signing import KmsKey
from septet.aws.unsealed import DynamoUnsealed
from septet.core.inquiries import Inquiries
from septet.core.journal import Journal
from septet.core.ledger import Ledger
from septet.core.runs import Runs
from septet.core.seals import Heads, Seals, Unsealed
from septet.core.stops import Stops
from septet.local.approvals import MemoryApprovals
from septet.local.effects import MemoryEffects
from septet.local.erasing import MemoryContents
from septet.local.inquiries import MemoryInquiries
from septet.local.journal import MemoryJournal
from septet.local.ledger import DEFAULT, MemoryLedger
from septet.local.runs import MemoryRuns
from septet.local.seals import MemoryKey, MemorySeals, MemoryUnsealed
from septet.local.stops import MemoryStops
from septet.orchestration.erasing import Contents
from septet.security.approvals import Approvals
from septet.security.effects import Effects

BODIES, SEALS = "contracts-bodies", "contracts-seals"


@dataclass(frozen=True, kw_only=True)
class Storage:
    """The storage ports of one kind."""

    journal: Journal
    runs: Runs
    approvals: Approvals
    ledger: Ledger
    effects: Effects
    heads: Heads
    gaps: Journal
    """The journal as people read it, for whom an erased body is a gap."""
    seals: Seals
    key: Any
    """Signs seals, and tells its public half."""
    unsealed: Unsealed
    contents: Contents
    inquiries: Inquiries
    stops: Stops


@dataclass(frozen=True, kw_only=True)
class Aws:
    """Tables and a bucket as the stacks make them, on the twin."""

    dynamodb: Any
    s3: Any
    kms: Any
    key: str
    """ARN of an alias of a key."""

    @property
    def bodies(self) -> S3Bodies:
        """The bodies in S3."""
        return S3Bodies(lambda: self.s3, BODIES, self.key)

    def journal(self, *, gaps: bool = False) -> DynamoJournal:
        """The journal, which fails at erased bodies or reads them as gaps."""
        return DynamoJournal(self.dynamodb, "contracts-journal", self.bodies, gaps=gaps)

    def storage(self) -> Storage:
        """The adapters, as one function has them."""
        return Storage(
            journal=self.journal(),
            runs=DynamoRuns(self.dynamodb, "contracts-runs"),
            approvals=DynamoApprovals(self.dynamodb, "contracts-approvals"),
            ledger=DynamoLedger(AccountTable(self.dynamodb, "contracts-accounts"), Control(self.dynamodb, "contracts-control"), DEFAULT),
            effects=DynamoEffects(
                self.dynamodb,
                "contracts-effects",
                accounts="contracts-accounts",
                bodies=self.bodies,
                pause=lambda milliseconds: time.sleep(milliseconds / 1000),
            ),
            heads=self.journal(),
            gaps=self.journal(gaps=True),
            seals=S3Seals(self.s3, SEALS),
            key=KmsKey(self.kms, f"alias/{SEALS}"),
            unsealed=DynamoUnsealed(self.dynamodb, "contracts-runs"),
            inquiries=DynamoInquiries(self.dynamodb, "contracts-inquiries"),
            contents=DynamoContents(
                self.dynamodb,
                self.s3,
                tables={name: f"contracts-{name}" for name in ("journal", "runs", "effects", "approvals", "inquiries", "files")},
                bucket=BODIES,
            ),
            stops=DynamoStops(self.dynamodb, "contracts-control"),
        )


@pytest.fixture(scope="session")
def aws(bare_twin: Any) -> Aws:
    """Empty tables and a bucket, made once a session: every test has a tenant of its own."""
    dynamodb, s3 = bare_twin.client("dynamodb"), bare_twin.client("s3")
    _table(dynamodb, "journal", pk="S", number="N")
    listed = {"by_created": {"tenant": "S", "created_at": "S"}, "unsealed": {"unsealed": "S", "place": "S"}}
    _table(dynamodb, "runs", indexes=listed, tenant="S", run="S")
    sparse = {"outbox": {"outbox": "S", "decided_at": "N"}, "escalations": {"escalating": "S", "escalates_at": "N"}}
    sparse["pending"] = {"pending": "S", "expires_at": "N"}
    _table(dynamodb, "approvals", indexes=sparse, tenant="S", approval="S")
    _table(dynamodb, "accounts", indexes={"leases": {"shard": "S", "until": "N"}}, account="S")
    _table(dynamodb, "control", tenant="S", item="S")
    _table(dynamodb, "effects", pk="S", effect="S")
    _table(dynamodb, "waits", pk="S", what="S")
    _table(dynamodb, "choices", pk="S", agent="S")
    _table(dynamodb, "rows", pk="S", number="N")
    _table(dynamodb, "files", tenant="S", file="S")
    _table(dynamodb, "projections", pk="S")
    _table(dynamodb, "replays", pk="S", what="S")
    _table(dynamodb, "costs", tenant="S", place="S")
    _table(dynamodb, "summaries", indexes={"by_end": {"tenant": "S", "ended": "S"}}, tenant="S", run="S")
    _table(dynamodb, "sessions", indexes={"due": {"waiting": "S", "due": "N"}}, pk="S", what="S")
    _table(dynamodb, "stops", indexes={"unfinished": {"unfinished": "S", "item": "S"}}, tenant="S", item="S")
    _table(dynamodb, "inquiries", indexes={"outbox": {"outbox": "S", "ended_at": "N"}}, tenant="S", inquiry="S")
    _table(dynamodb, "health", model="S")
    _table(dynamodb, "cache", cache="S")
    _table(dynamodb, "orders", tenant="S", order_id="S")
    _table(dynamodb, "refunds", tenant="S", refund_key="S")
    _table(dynamodb, "supplies", tenant="S", item="S")
    s3.create_bucket(Bucket=BODIES)
    kms = bare_twin.client("kms")
    s3.create_bucket(Bucket=SEALS, ObjectLockEnabledForBucket=True)
    lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}}
    s3.put_object_lock_configuration(Bucket=SEALS, ObjectLockConfiguration=lock)
    signs = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    kms.create_alias(AliasName=f"alias/{SEALS}", TargetKeyId=signs["KeyId"])
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName=f"alias/{BODIES}", TargetKeyId=key["KeyId"])
    return Aws(dynamodb=dynamodb, s3=s3, kms=kms, key=key["Arn"].replace(f"key/{key['KeyId']}", f"alias/{BODIES}"))


def _table(dynamodb: Any, name: str, *, indexes: Mapping[str, dict[str, str]] = MappingProxyType({}), **keys: str) -> None:
    types = keys | {key: kind for of_index in indexes.values() for key, kind in of_index.items()}
    dynamodb.create_table(
        TableName=f"contracts-{name}",
        KeySchema=_schema(keys),
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, kind in types.items()],
        BillingMode="PAY_PER_REQUEST",
        **_indexes(indexes),
    )


def _indexes(indexes: Mapping[str, dict[str, str]]) -> dict[str, Any]:
    made = [{"IndexName": name, "KeySchema": _schema(keys), "Projection": {"ProjectionType": "ALL"}} for name, keys in indexes.items()]
    return {"GlobalSecondaryIndexes": made} if made else {}


def _schema(keys: dict[str, str]) -> list[dict[str, str]]:
    return [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)]


@pytest.fixture(params=["memory", pytest.param("aws", marks=pytest.mark.twin)])
def storage(request: pytest.FixtureRequest) -> Storage:
    """The doubles, then the adapters."""
    if request.param == "memory":
        ledger, journal, runs, approvals = MemoryLedger(), MemoryJournal(), MemoryRuns(), MemoryApprovals()
        effects, inquiries = MemoryEffects(ledger), MemoryInquiries()
        return Storage(
            journal=journal,
            runs=runs,
            approvals=approvals,
            ledger=ledger,
            effects=effects,
            heads=journal,
            gaps=journal,
            seals=MemorySeals(),
            key=MemoryKey(),
            unsealed=MemoryUnsealed(runs),
            inquiries=inquiries,
            contents=MemoryContents(journal=journal, runs=runs, approved=approvals, effected=effects, inquired=inquiries),
            stops=MemoryStops(),
        )
    on_aws: Aws = request.getfixturevalue("aws")
    return on_aws.storage()


@pytest.fixture
def tenant() -> str:
    """A tenant nobody else has."""
    return f"t-{uuid.uuid4().hex[:12]}"
