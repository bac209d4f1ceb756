"""What tests do with a deployed twin: start runs over HTTP as somebody, wait for what they await, and look behind the API."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from local.seed import seed
from septet.aws.bodies import S3Bodies
from septet.aws.items import values
from septet.aws.journal import DynamoJournal
from septet.core.entries import Entry
from septet.core.journal import Branch

KEY = "arn:aws:kms:us-east-1:000000000000:alias/septet-twin-bodies"
ENDED = ("succeeded", "failed", "stopped", "timed_out")


def until[T](look: Callable[[], T | None], *, seconds: float = 60, what: str = "it") -> T:
    """What *look* finds, as soon as it finds something; fails after *seconds*."""
    deadline = time.monotonic() + seconds
    pause = 0.05
    while (found := look()) is None:
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(pause)
        pause = min(0.5, pause * 1.3)
    return found


def store(twin: Any) -> DynamoJournal:
    """The journal of *twin*, as its tables and its bucket hold it."""
    bodies = S3Bodies(lambda: twin.client("s3"), "septet-twin-bodies-000000000000-us-east-1", KEY)
    return DynamoJournal(twin.client("dynamodb"), "septet-twin-journal", bodies)


@dataclass(kw_only=True)
class Desk:
    """One tenant of its own on the twin, with orders."""

    twin: Any
    tenant: str = field(default_factory=lambda: f"t-{uuid.uuid4().hex[:12]}")

    def __post_init__(self) -> None:
        self.restock()
        self.http = httpx.Client(base_url=self.twin.api, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def restock(self) -> None:
        """Write every order as it was."""
        seed(self.twin.endpoint, self.tenant)

    def token(self, subject: str, *roles: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.twin.token(tenant=self.tenant, subject=subject, roles=list(roles))}"}

    def start(self, message: str, *, subject: str = "customer-17") -> str:
        body = {"workflow": "support", "input": {"message": message}}
        answer = self.http.post("/v1/runs", json=body, headers=self.token(subject, "submitter"))
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def run(self, run: str) -> dict[str, Any]:
        answer = self.http.get(f"/v1/runs/{run}", headers=self.token("night-shift", "operator"))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def ended(self, run: str, *, seconds: float = 60) -> dict[str, Any]:
        return until(lambda: found if (found := self.run(run))["status"] in ENDED else None, seconds=seconds, what=f"the end of {run}")

    def asked(self, run: str) -> dict[str, Any]:
        """The approval that *run* waits for, once its execution waits."""

        def look() -> dict[str, Any] | None:
            answer = self.http.get("/v1/approvals", params={"status": "pending"}, headers=self.token("boss", "approver"))
            if answer.is_server_error:  # a fault in the API's own process: ask again
                return None
            found: list[dict[str, Any]] = [item for item in answer.json()["approvals"] if item["run"] == run]
            return found[0] if found and "token" in self.item("approvals", approval=found[0]["id"]) else None

        return until(look, what=f"a question in {run}")

    def decide(self, approval: str, decision: str, *, subject: str = "boss", reason: str = "as agreed") -> httpx.Response:
        body = {"decision": decision, "reason": reason}
        return self.http.post(f"/v1/approvals/{approval}", json=body, headers=self.token(subject, "approver"))

    def item(self, table: str, **key: str) -> dict[str, Any]:
        """One item of this tenant, as DynamoDB holds it."""
        held = {"tenant": {"S": self.tenant}} | {name: {"S": value} for name, value in key.items()}
        found = self.twin.client("dynamodb").get_item(TableName=f"septet-twin-{table}", Key=held, ConsistentRead=True)
        return values(found.get("Item", {}))

    def payments(self) -> list[dict[str, Any]]:
        """Every refund paid to this tenant's customers."""
        found = self.twin.client("dynamodb").query(
            TableName="septet-twin-refunds",
            KeyConditionExpression="tenant = :tenant",
            ExpressionAttributeValues={":tenant": {"S": self.tenant}},
            ConsistentRead=True,
        )
        return [values(item) for item in found["Items"]]

    def effects(self, run: str) -> list[dict[str, Any]]:
        """The effect records of *run*."""
        found = self.twin.client("dynamodb").query(
            TableName="septet-twin-effects",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"{self.tenant}#{run}"}},
            ConsistentRead=True,
        )
        return [values(item) for item in found["Items"]]

    def journal(self, run: str) -> list[Entry]:
        """The run's main branch, read from the table itself."""
        return list(self.store.read(Branch(tenant=self.tenant, run=run)))

    @property
    def store(self) -> DynamoJournal:
        """The journal behind the API."""
        return store(self.twin)
