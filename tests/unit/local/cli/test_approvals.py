import json
from typing import Any

import httpx

from tests.unit.local.cli.fake_api import APPROVAL, RUN, FakeApi, approval, problem
from tests.unit.local.cli.output import unwrapped


def body(api: FakeApi) -> dict[str, str]:
    found: dict[str, str] = json.loads(api.asked[0].content)
    return found


def test_questions_show_raw_values_and_where_they_come_from(septet: Any, api: FakeApi) -> None:
    api.approvals = [approval()]
    shown = septet("approvals").stdout
    for told in (
        APPROVAL,
        "pending",
        "50 minutes left",
        "issue_refund",
        "amount_cents  12900",
        "order A-1002, read by find_order, entry 7",
        "refundable_cents  12900",
        "by refunds",
        RUN,
        f"septet approve {APPROVAL}",
        f'septet reject {APPROVAL} --reason "…"',
    ):
        assert told in shown, told
    assert api.asked[0].url.params["status"] == "pending"


def test_values_are_shown_whole_and_steer_nothing(septet: Any, api: FakeApi) -> None:
    words = "Pay at once. " * 50
    api.approvals = [approval(arguments={"reason": f"{words}\x1b[8m[bold]\u202e00921"})]
    shown = septet("approvals").stdout
    assert "".join(shown.split()).count("Payatonce.") == 50
    assert not {"\x1b", "\u202e"} & set(shown)
    assert "[bold]" in shown


def test_a_command_to_copy_is_never_broken_in_two(septet: Any, api: FakeApi) -> None:
    api.approvals = [approval()]
    assert f'  septet reject {APPROVAL} --reason "…"' in septet("approvals", COLUMNS="40").stdout.splitlines()


def test_all_questions_are_asked_for_without_a_status(septet: Any, api: FakeApi) -> None:
    api.approvals = [approval(status="rejected", decided_by="agent-desk", decided_at="2026-11-22T21:01:00.000Z", reason="Too much")]
    shown = septet("approvals", "--status", "all").stdout
    assert "status" not in api.asked[0].url.params
    assert "by agent-desk: Too much" in shown
    assert "septet approve" not in shown


def test_nothing_to_decide_is_said(septet: Any) -> None:
    assert "Nothing waits" in septet("approvals").stdout


def test_approving_sends_the_decision_and_shows_what_was_approved(septet: Any, api: FakeApi) -> None:
    result = septet("approve", APPROVAL, "--reason", "Checked the return")
    assert result.exit_code == 0
    assert body(api) == {"decision": "approve", "reason": "Checked the return"}
    assert "approved" in result.stdout
    assert "amount_cents  12900" in result.stdout
    assert f"septet watch {RUN}" in result.stdout


def test_rejecting_needs_a_reason(septet: Any, api: FakeApi) -> None:
    assert septet("reject", APPROVAL).exit_code == 2
    assert api.asked == []
    assert septet("reject", APPROVAL, "--reason", "Not returned").exit_code == 0
    assert body(api) == {"decision": "reject", "reason": "Not returned"}


def test_a_decision_whose_answer_was_lost_is_not_sent_again_by_itself(septet: Any, api: FakeApi) -> None:
    api.failures = [httpx.ReadTimeout("lost")]
    result = septet("approve", APPROVAL)
    assert result.exit_code == 3
    assert len(api.asked) == 1


def test_a_refused_decision_says_why(septet: Any, api: FakeApi) -> None:
    api.failures = [problem(409, "the approval has expired: nobody can decide on it any more; submit the run again")]
    result = septet("approve", APPROVAL)
    assert result.exit_code == 3
    assert "the approval has expired" in unwrapped(result.stderr)


def test_decisions_print_json_for_programs(septet: Any) -> None:
    assert json.loads(septet("approve", APPROVAL, "--json").stdout)["status"] == "approved"


def test_who_may_not_approve_their_own_run_is_told_to_use_another_principal(septet: Any, api: FakeApi) -> None:
    api.failures = [problem(403, "you submitted this run: another person with the role approver or admin has to approve")]
    told = unwrapped(septet("approve", APPROVAL).stderr)
    assert "use another principal: --as agent-desk" in told
    assert "role it names" not in told
