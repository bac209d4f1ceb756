"""A batch on the twin: rows become runs (200 in `make drills`), some cannot be read, one is stopped, and what is left is done later."""

import csv
import hashlib
import io
from collections import Counter
from typing import Any

import pytest

from septet.aws.items import values
from septet.core.ledger import of_run
from tests.desk import Desk, plain, until
from tests.sizes import FULL

ROWS = 200 if FULL else 24
REJECTED = (ROWS // 4 + 2, ROWS // 4 + 3, ROWS * 3 // 5, ROWS)
"""Rows without a message, or with a key that was there before."""
WAITS = ROWS // 3 + 3
"""The row about which a person is asked."""
CHEAP, ASKS = "What are your opening hours?", "I want my money back for order A-1002."


def content() -> bytes:
    """The file: a byte-order mark, quotes, line ends within a text, as people's spreadsheets write it."""
    buffer = io.StringIO()
    out = csv.writer(buffer)
    out.writerow(["id", "message", "note"])
    for number in range(1, ROWS + 1):
        message = "" if number in REJECTED[:2] else ASKS if number == WAITS else f'{CHEAP}\r\nI am "number" {number}, thanks.'
        out.writerow([f"C-{7 if number in REJECTED[2:] else number}", message, "not for the model"])
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


class Batch:
    """What a customer does, over HTTP."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.who = desk.token("customer-17", "submitter")  # whose orders they are

    def post(self, path: str, body: Any, key: str = "") -> Any:
        answer = self.desk.http.post(path, json=body, headers=self.who | ({"Idempotency-Key": key} if key else {}))
        assert answer.is_success, answer.text
        return answer.json()

    def get(self, path: str, **query: Any) -> Any:
        answer = self.desk.http.get(path, params=query, headers=self.who)
        assert answer.is_success, answer.text
        return answer.json()

    def upload(self, data: bytes) -> str:
        offered = {"name": "claims.csv", "media_type": "text/csv", "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        file = self.post("/v1/files", offered)
        moved = file["transfer"]
        other = plain().put(moved["url"], content=b"x" * len(data), headers=moved["headers"])
        assert other.status_code == 400, "another content than the one that was agreed"
        assert plain().put(moved["url"], content=data, headers=moved["headers"]).status_code == 200
        assert self.post("/v1/files", offered)["state"] == "ready"
        return str(file["id"])

    def download(self, file: str) -> bytes:
        found = self.get(f"/v1/files/{file}")
        got = plain().get(found["transfer"]["url"])
        assert hashlib.sha256(got.content).hexdigest() == found["sha256"]
        return got.content

    def all(self, run: str, what: str = "run") -> dict[int, str]:
        page = self.get(f"/v1/runs/{run}/rows", limit=500)["page"]
        return {row["row"]: row[what] for row in page}


@pytest.mark.timeout(900)
def test_two_hundred_rows_are_done_once_each_and_a_batch_goes_on_where_it_was(desk: Desk) -> None:
    customer = Batch(desk)
    asked = {"workflow": "support", "concurrency": 6, "row_budget": "0.05", "tolerated_percent": 400 / ROWS, "key": "id", "attended": True}
    body = {"workflow": "batch", "input": {"file": customer.upload(content()), **asked, "retry": "failed"}}
    run = customer.post("/v1/runs", body, key="claims-of-November")["id"]

    child = until(lambda: _run_of(customer, run, WAITS), seconds=600, what="the row that asks")
    desk.asked(child)
    until(lambda: [*customer.all(run)] if _waits_alone(customer, run) else None, seconds=600, what="the others")
    assert desk.run(run)["status"] == "running", "a row waits for a person"
    customer.post(f"/v1/runs/{child}/stop", {"reason": "asked by mistake"})

    ended = desk.ended(run)
    assert (ended["status"], ended["failure"]["class"]) == ("failed", "RowsFailed")
    first, statuses = customer.all(run), customer.all(run, "status")
    assert [row for row in first if not first[row]] == list(REJECTED)
    assert statuses[WAITS] == "stopped"
    broken = {row for row, status in statuses.items() if status not in ("succeeded", "rejected")}
    _check_results(desk, customer, ended, Counter(statuses.values()))

    assert customer.post("/v1/runs", body, key="claims-of-November")["id"] == run, "the same submission starts nothing"
    customer.post(f"/v1/runs/{run}/restart", {})
    child = until(lambda: found if (found := _run_of(customer, run, WAITS)) != child else None, what="another run for the row")
    assert desk.decide(desk.asked(child)["id"], "approve").is_success
    again = desk.ended(run, seconds=300)
    assert again["status"] == "succeeded", again
    assert [payment["amount_cents"] for payment in desk.payments()] == [12900]
    second = customer.all(run)
    assert {row for row in first if first[row] != second[row]} == broken, "what was done is not done again"
    _check_results(desk, customer, again, Counter({"succeeded": ROWS - len(REJECTED), "rejected": len(REJECTED)}))


def _waits_alone(customer: Batch, run: str) -> bool:
    """Whether nothing is left but the row that asks. Some may have failed: an emulator under load drops calls of its own."""
    counts = customer.get(f"/v1/runs/{run}/rows")["counts"]
    return bool(sum(counts.values()) == ROWS and counts.get("running") == 1)


def _run_of(customer: Batch, run: str, number: int) -> str | None:
    answer = customer.desk.http.get(f"/v1/runs/{run}/rows", params={"after": number - 1, "limit": 1}, headers=customer.who)
    page = answer.json().get("page") if answer.is_success else None
    return page[0]["run"] if page and page[0]["row"] == number else None


def _check_results(desk: Desk, customer: Batch, batch: dict[str, Any], counts: Counter[str]) -> None:
    """The file tells of every row, and of what all of them cost, as the ledger has it."""
    standing = customer.get(f"/v1/runs/{batch['id']}/rows")
    files = standing["files"]
    assert (standing["rows"], standing["counts"]) == (ROWS, counts)
    found = list(csv.DictReader(io.StringIO(customer.download(files["results.csv"]).decode(), newline="")))
    assert [int(row["row"]) for row in found] == list(range(1, ROWS + 1))
    runs = [row["run"] for row in found if row["run"]]
    assert len(set(runs)) == len(runs) == ROWS - len(REJECTED)
    assert [row["key"] for row in found[:3]] == ["C-1", "C-2", "C-3"]
    assert found[REJECTED[2] - 1]["message"].endswith(": column id: a row before has the same")
    assert Counter(row["status"] for row in found) == counts
    assert all(row["answer"] for row in found if row["status"] == "succeeded")
    spent = sum(_spent(desk, run) for run in runs)
    assert spent == sum(int(row["cost_microdollars"]) for row in found) > 0
    assert customer.download(files["results.jsonl"]).count(b"\n") == ROWS


def _spent(desk: Desk, run: str) -> int:
    key = {"account": {"S": f"{desk.tenant}#{of_run(run)}"}}
    found = desk.twin.client("dynamodb").get_item(TableName=f"{desk.twin.prefix}-accounts", Key=key, ConsistentRead=True)
    return int(values(found["Item"])["spent"])
