"""Journals over the API: read on, as they are shown and as they are stored."""

import json
from typing import Any

import pytest

from septet.core.entries import Answer
from septet.core.journal import Branch, from_json, verify
from tests.unit.integration.http.answered import problem


def test_a_journal_is_read_on_from_where_it_ended(client: Any, office: Any) -> None:
    run = office.start()
    office.write(run, Answer(value=1), agent="triage", cost=3)
    first = client.call("GET", f"/v1/runs/{run}/journal", query={"limit": "1"}).body
    body = first["entries"][0]["body"]
    assert body == {"workflow": "support", "input": {"message": "where is it?"}, "submitter": "ann", "trace": body["trace"]}
    assert first["next"] == 0
    second = client.call("GET", f"/v1/runs/{run}/journal", query={"after": "0"}).body
    assert second["entries"] == [
        {
            "number": 1,
            "at": "2025-11-22T21:35:00.001Z",
            "type": "answer",
            "agent": "triage",
            "turn": "t-1",
            "body": {"value": 1},
            "cost_microdollars": 3,
        }
    ]
    assert second["next"] is None


@pytest.mark.parametrize(
    "text", ["x" * 900_000, "\u4e00" * 330_000, '"' * 500_000, "\u0001" * 150_000], ids=["ascii", "wide", "quoted", "control"]
)
@pytest.mark.parametrize("sealed", ["false", "true"])
def test_a_page_of_large_entries_stays_below_what_a_function_may_answer(client: Any, office: Any, text: str, sealed: str) -> None:
    run = office.start()
    office.write(run, *(Answer(value=text) for _ in range(14)))
    auditor = client.as_("acme/eve/auditor")
    found = []
    after = -1
    while after is not None:
        page = auditor.call("GET", f"/v1/runs/{run}/journal", query={"after": str(after), "sealed": sealed})
        sent = json.dumps({"body": json.dumps(page.body, ensure_ascii=False, separators=(",", ":"))}, ensure_ascii=False)
        assert len(sent.encode()) < 4_500_000
        found += [entry.get("number", entry.get("header", {}).get("number")) for entry in page.body["entries"]]
        after = page.body["next"]
    assert found == list(range(15))


class TestSealed:
    def test_entries_as_they_are_stored_can_be_verified(self, client: Any, office: Any) -> None:
        run = office.start(message="Grüße 👋")
        office.write(run, Answer(value={"x": [0.1, 1e16, 1.0, -0.0, 10**20, None, True]}), cost=7)
        found = [from_json(one) for one in client.call("GET", f"/v1/runs/{run}/journal", query={"sealed": "true"}).body["entries"]]
        assert found == list(office.journal.read(Branch(tenant="acme", run=run)))
        assert verify(found) == []

    @pytest.mark.parametrize(("token", "status"), [("acme/eve/auditor", 200), ("acme/ann/submitter", 200), ("acme/eve/approver", 403)])
    def test_only_who_may_verify_reads_them(self, client: Any, office: Any, token: str, status: int) -> None:
        run = office.start()
        assert client.as_(token).call("GET", f"/v1/runs/{run}/journal", query={"sealed": "true"}).status == status

    def test_another_submitters_are_not_there(self, client: Any, office: Any) -> None:
        run = office.start()
        problem(client.as_("acme/bob/submitter").call("GET", f"/v1/runs/{run}/journal", query={"sealed": "true"}), 404)

    def test_each_branch_is_read_by_its_name(self, client: Any, office: Any) -> None:
        run = office.start()
        assert client.call("GET", f"/v1/runs/{run}/journal", query={"branch": "specialist"}).body == {"entries": [], "next": None}
        assert len(client.call("GET", f"/v1/runs/{run}/journal", query={"branch": "main"}).body["entries"]) == 1

    @pytest.mark.parametrize("query", [{"sealed": "1"}, {"sealed": "True"}, {"branch": "a/b"}, {"branch": "a#b"}, {"branch": ""}])
    def test_anything_else_is_refused(self, client: Any, office: Any, query: dict[str, str]) -> None:
        answer = client.call("GET", f"/v1/runs/{office.start()}/journal", query=query)
        problem(answer, 422)
        assert answer.fields == list(query)
