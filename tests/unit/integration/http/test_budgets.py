"""Budgets over the API: of a run, and of a tenant."""

from typing import Any

import pytest

from tests.unit.integration.http.answered import SUBMISSION, nothing_started, problem


class TestBudget:
    def test_a_submission_may_ask_for_its_budget(self, client: Any) -> None:
        run = client.call("POST", "/v1/runs", send={**SUBMISSION, "budget": "0.25"}).body["id"]
        shown = client.call("GET", f"/v1/runs/{run}").body["budget"]
        assert (shown["limit_microdollars"], shown["available_microdollars"]) == (250_000, 250_000)

    @pytest.mark.parametrize("budget", ["0", "0.0", "-1", "1e3", "0.0000001", "", "1.", ".5", "01", "٣", 1, 0.25, None, "5.000001"])
    def test_a_budget_that_is_none_or_too_large_is_refused_by_name(self, client: Any, office: Any, budget: Any) -> None:
        answer = client.call("POST", "/v1/runs", send={**SUBMISSION, "budget": budget})
        told = problem(answer, 422)["errors"][0]["message"]
        assert "at most" in told
        assert budget == "5.000001" or told.startswith('must be dollars as decimal text, e.g. "0.25"')
        assert answer.fields == ["budget"]
        assert nothing_started(office)

    def test_a_tenant_without_money_is_told_when_there_is_some_again(self, client: Any, office: Any) -> None:
        for _ in range(10):
            office.start(budget=5_000_000)
        answer = client.call("POST", "/v1/runs", send=SUBMISSION)
        assert problem(answer, 429)["type"] == "urn:septet:problem:exhausted"
        assert answer.headers["Retry-After"] == "8700"
        (refused,) = client.call("GET", "/v1/runs", query={"status": "refused"}).body["runs"]
        shown = client.call("GET", f"/v1/runs/{refused['id']}").body
        assert (shown["status"], shown["failure"]["class"], shown["budget"]) == ("refused", "BudgetExhausted", None)

    def test_limits_are_read_changed_and_the_change_is_in_the_history(self, client: Any) -> None:
        root, auditor = client.as_("acme/root/admin"), client.as_("acme/eve/auditor")
        before = client.call("GET", "/v1/budget").body
        assert before == {
            "limits": {"day_microdollars": 50_000_000, "run_microdollars": 5_000_000, "usual_microdollars": 1_000_000},
            "today": {
                "date": "2025-11-22",
                "limit_microdollars": 50_000_000,
                "spent_microdollars": 0,
                "reserved_microdollars": 0,
                "available_microdollars": 50_000_000,
            },
        }
        changed = root.call("PUT", "/v1/budget", send={"day": "20"})
        assert (changed.status, changed.body["limits"]["day_microdollars"]) == (200, 20_000_000)
        assert client.call("GET", "/v1/budget").body == changed.body
        (entry,) = auditor.call("GET", "/v1/budget/history").body["entries"]
        assert (entry["type"], entry["body"]) == ("limit_set", {"name": "day", "before": 50_000_000, "after": 20_000_000, "by": "root"})

    @pytest.mark.parametrize("role", ["submitter", "approver", "operator", "auditor"])
    def test_only_an_administrator_changes_limits(self, client: Any, role: str) -> None:
        assert "admin" in problem(client.as_(f"acme/x/{role}").call("PUT", "/v1/budget", send={"day": "20"}), 403)["detail"]

    @pytest.mark.parametrize("role", ["submitter", "approver"])
    def test_the_history_is_for_those_who_oversee_money(self, client: Any, role: str) -> None:
        problem(client.as_(f"acme/x/{role}").call("GET", "/v1/budget/history"), 403)

    @pytest.mark.parametrize(
        ("sent", "field"), [({}, "body"), ({"day": "0"}, "day"), ({"day": 20}, "day"), ({"week": "20"}, "week"), ({"usual": "6"}, "usual")]
    )
    def test_a_change_that_cannot_be_is_refused_by_name(self, client: Any, sent: Any, field: str) -> None:
        answer = client.as_("acme/root/admin").call("PUT", "/v1/budget", send=sent)
        problem(answer, 422)
        assert answer.fields == [field]
