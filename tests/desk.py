"""What tests do with a deployed twin: start runs over HTTP as somebody, wait for what they await, and look behind the API."""

import ssl
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self

import httpx

from local.seed import orders
from septet.aws.bodies import S3Bodies
from septet.aws.items import item, values
from septet.aws.journal import DynamoJournal
from septet.core.entries import Entry
from septet.core.journal import Branch
from septet.integration.problems import Kind

ENDED = ("succeeded", "failed", "stopped", "timed_out")
REPEATED = 90
"""Seconds for which a request is repeated that may be."""
UNCHECKED = "the token cannot be checked now"
"""What the API says for ten seconds after it could not reach the issuer; it has done nothing then."""
BROKEN = Kind.BROKEN.type
"""In an answer that nobody is to repeat: the API itself is at fault."""


def until[T](look: Callable[[], T | None], *, seconds: float = 60, what: str = "it") -> T:
    """What *look* finds, as soon as it finds something; fails after *seconds*."""
    deadline = time.monotonic() + seconds
    pause = 0.05
    while (found := look()) is None:
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(pause)
        pause = min(0.5, pause * 1.3)
    return found


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: reading them takes longer than most requests."""
    return httpx.create_ssl_context()


@cache
def plain() -> httpx.Client:
    """For requests to the emulator and the doubles, which take their time on a busy machine. Made once: threads may share it."""
    return httpx.Client(timeout=60, verify=_certificates())


class Patient(httpx.Client):
    """Repeats, as a client does, what may be repeated: no answer, or that something behind the API has none; busy machines have some."""

    def send(self, request: httpx.Request, **how: Any) -> httpx.Response:
        """As without it, after `REPEATED` seconds at the latest."""
        repeatable = request.method == "GET" or "Idempotency-Key" in request.headers
        deadline = time.monotonic() + REPEATED
        while True:
            try:
                answer = super().send(request, **how)
            except httpx.TransportError:
                if not repeatable or time.monotonic() > deadline:
                    raise
            else:
                if not answer.is_server_error or time.monotonic() > deadline:
                    return answer
                answer.read()
                if BROKEN in answer.text or not (repeatable or UNCHECKED in answer.text):
                    return answer
            time.sleep(1)


def store(twin: Any) -> DynamoJournal:
    """The journal of *twin*, as its tables and its bucket hold it."""
    key = f"arn:aws:kms:{twin.region}:{twin.account}:alias/{twin.prefix}-bodies"
    bodies = S3Bodies(lambda: twin.client("s3"), f"{twin.prefix}-bodies-{twin.account}-{twin.region}", key)
    return DynamoJournal(twin.client("dynamodb"), f"{twin.prefix}-journal", bodies)


@dataclass(kw_only=True)
class Desk:
    """One tenant of its own on the twin, with orders."""

    twin: Any
    tenant: str = field(default_factory=lambda: f"t-{uuid.uuid4().hex[:12]}")

    def __post_init__(self) -> None:
        self.restock()
        self.http = Patient(base_url=self.twin.api, timeout=30, verify=_certificates())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def restock(self) -> None:
        """Write every order as it was."""
        written = [{"PutRequest": {"Item": item({**order, "tenant": self.tenant})}} for order in orders()]
        left = {f"{self.twin.prefix}-orders": written}
        while left:
            left = self.twin.client("dynamodb").batch_write_item(RequestItems=left)["UnprocessedItems"]

    def token(self, subject: str, *roles: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.twin.token(tenant=self.tenant, subject=subject, roles=list(roles))}"}

    def start(self, message: str, *, subject: str = "customer-17", key: str = "") -> str:
        return self.submit("support", {"message": message}, subject=subject, key=key)

    def submit(self, workflow: str, given: dict[str, Any], *, subject: str = "customer-17", key: str = "") -> str:
        """Start a run of any workflow. With a *key* it is asked for again when the API fails: where much goes on, give one."""
        headers = self.token(subject, "submitter") | ({"Idempotency-Key": key} if key else {})
        answer = self.http.post("/v1/runs", json={"workflow": workflow, "input": given}, headers=headers)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def run(self, run: str) -> dict[str, Any]:
        answer = self.http.get(f"/v1/runs/{run}", headers=self.token("night-shift", "operator"))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def ended(self, run: str, *, seconds: float = 150) -> dict[str, Any]:
        return until(lambda: found if (found := self.run(run))["status"] in ENDED else None, seconds=seconds, what=f"the end of {run}")

    def asked(self, run: str) -> dict[str, Any]:
        """The approval that *run* waits for, once its execution waits."""

        def look() -> dict[str, Any] | None:
            answer = self.http.get("/v1/approvals", params={"status": "pending"}, headers=self.token("boss", "approver"))
            assert answer.is_success, answer.text
            found: list[dict[str, Any]] = [item for item in answer.json()["approvals"] if item["run"] == run]
            return found[0] if found and self.waiting(run, f"approval/{found[0]['id']}") else None

        return until(look, seconds=150, what=f"a question in {run}")

    def waiting(self, run: str, what: str) -> str:
        """The token of the execution of *run* that waits for *what*; empty when none does."""
        key = {"pk": {"S": f"{self.tenant}#{run}"}, "what": {"S": what}}
        found = self.twin.client("dynamodb").get_item(TableName=f"{self.twin.prefix}-waits", Key=key, ConsistentRead=True)
        return str(values(found.get("Item", {})).get("token", ""))

    def decide(self, approval: str, decision: str, *, subject: str = "boss", reason: str = "as agreed") -> httpx.Response:
        body = {"decision": decision, "reason": reason}
        return self.http.post(f"/v1/approvals/{approval}", json=body, headers=self.token(subject, "approver"))

    def item(self, table: str, **key: str) -> dict[str, Any]:
        """One item of this tenant, as DynamoDB holds it."""
        held = {"tenant": {"S": self.tenant}} | {name: {"S": value} for name, value in key.items()}
        found = self.twin.client("dynamodb").get_item(TableName=f"{self.twin.prefix}-{table}", Key=held, ConsistentRead=True)
        return values(found.get("Item", {}))

    def payments(self) -> list[dict[str, Any]]:
        """Every refund paid to this tenant's customers."""
        found = self.twin.client("dynamodb").query(
            TableName=f"{self.twin.prefix}-refunds",
            KeyConditionExpression="tenant = :tenant",
            ExpressionAttributeValues={":tenant": {"S": self.tenant}},
            ConsistentRead=True,
        )
        return [values(item) for item in found["Items"]]

    def effects(self, run: str) -> list[dict[str, Any]]:
        """The effect records of *run*."""
        found = self.twin.client("dynamodb").query(
            TableName=f"{self.twin.prefix}-effects",
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
