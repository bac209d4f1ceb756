import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.local.cli.fake_api import APPROVAL, RUN, FakeApi, approval, problem
from tests.unit.local.cli.output import unwrapped


def body(api: FakeApi) -> dict[str, str]:
    found: dict[str, str] = json.loads(api.asked[0].content)
    return found


def test_questions_show_raw_values_and_where_they_come_from(septet: Any, api: FakeApi) -> None:
    api.approvals = [approval()]
    shown = septet("approvals", COLUMNS="120").stdout
    for told in (
        APPROVAL,
        "pending",
        "50 minutes left",
        "issue_refund",
        "amount_cents  12900",
        "order A-1002, from find_order, entry 7",
        "of a record that the request picks",
        "the agent's own",
        "amount_cents is above 10000",
        "admin, approver",
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
    assert f"What comes of it: septet watch {RUN}" in result.stdout, "so it is true of a run that has ended, too"


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


CALL = "apr-" + "c" * 32
CHANGED: dict[str, Any] = {
    "edited": {"order_id": "A-1002", "amount_cents": 5000, "reason": "The customer returned it."},
    "edited_by": "eve",
    "call": CALL,
    "approvers": 2,
    "approved_by": ["eve"],
    "votes": [{"by": "eve", "at": "2026-11-22T21:01:00.000Z", "reason": "half", "arguments": {"amount_cents": 5000}, "counts": True}],
}


def test_one_question_is_shown_by_its_id_whatever_its_status(septet: Any, api: FakeApi) -> None:
    api.approvals = [approval(status="approved", decided_by="zoe", used_at="2026-11-22T21:02:00.000Z")]
    shown = septet("approvals", APPROVAL).stdout
    assert api.asked[0].url.path.endswith(f"/approvals/{APPROVAL}")
    assert "used" in shown
    assert json.loads(septet("approvals", APPROVAL, "--json").stdout)["approvals"][0]["id"] == APPROVAL


def test_all_pages_of_questions_are_shown(septet: Any, api: FakeApi) -> None:
    api.page, api.approvals = 2, [approval(id=f"apr-{place}") for place in range(5)]
    assert len(json.loads(septet("approvals", "--json").stdout)["approvals"]) == 5


def test_votes_and_changes_show_what_is_decided_on_now_what_was_asked_and_how_to_approve_just_that(septet: Any, api: FakeApi) -> None:
    api.approvals = [approval(**CHANGED)]
    shown = unwrapped(septet("approvals", COLUMNS="120").stdout)
    for told in (
        "amount_cents 5000",
        "amount_cents 5000 changed by eve",
        "by eve; the agent asked for",
        "amount_cents 12900",
        "admin, approver (1 of 2 approvals)",
        "eve approved other arguments",
        "half",
        f"septet approve {APPROVAL} --call {CALL}",
    ):
        assert told in shown, told


def test_escalation_is_shown(septet: Any, api: FakeApi) -> None:
    api.approvals = [approval(escalates_at="2026-11-22T21:30:00.000Z", escalate_to=["auditor"])]
    assert ", to auditor" in septet("approvals").stdout
    api.approvals = [approval(escalates_at="2026-11-22T21:05:00.000Z", escalated=True, roles=["admin", "approver", "auditor"])]
    shown = septet("approvals").stdout
    assert "escalated" in shown
    assert "admin, approver, auditor" in shown


def sent(api: FakeApi) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(api.asked[-1].content)
    return found


def test_an_argument_is_changed_and_sent_with_the_others_and_with_the_call_that_was_seen(septet: Any, api: FakeApi) -> None:
    api.approvals = [approval()]
    assert septet("approve", APPROVAL, "--edit", "amount_cents=5000", "--edit", "reason=Half of it").exit_code == 0
    arguments = {"order_id": "A-1002", "amount_cents": 5000, "reason": "Half of it"}
    assert sent(api) == {"decision": "approve", "reason": "", "arguments": arguments, "call": APPROVAL}


def test_all_arguments_can_come_from_a_file(septet: Any, api: FakeApi, tmp_path: Path) -> None:
    api.approvals = [approval()]
    (tmp_path / "call.json").write_text('{"order_id": "A-1002"}')
    assert septet("approve", APPROVAL, "--arguments", str(tmp_path / "call.json")).exit_code == 0
    assert sent(api)["arguments"] == {"order_id": "A-1002"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--edit", "amount=1"), "the call has: order_id, amount_cents, reason"),
        (("--edit", "amount_cents"), "names no argument"),
        (("--edit", "amount_cents=much"), "has no JSON value"),
        (("--edit", "amount_cents=1", "--arguments", "-"), "together"),
    ],
)
def test_a_change_that_cannot_be_meant_is_not_sent(septet: Any, api: FakeApi, options: tuple[str, ...], told: str) -> None:
    api.approvals = [approval()]
    result = septet("approve", APPROVAL, *options)
    assert result.exit_code == 2
    assert told in unwrapped(result.stderr)
    assert [request.method for request in api.asked] == ["GET"]


def test_nobody_changes_a_call_over_a_change_that_they_have_not_seen(septet: Any, api: FakeApi) -> None:
    api.approvals = [approval(**CHANGED)]
    result = septet("approve", APPROVAL, "--edit", "amount_cents=1")
    assert result.exit_code == 2
    assert f"--call {CALL}" in unwrapped(result.stderr)
    assert septet("approve", APPROVAL, "--edit", "amount_cents=1", "--call", CALL).exit_code == 0
    assert sent(api)["call"] == CALL


def test_the_call_that_was_seen_is_sent(septet: Any, api: FakeApi) -> None:
    assert septet("approve", APPROVAL, "--call", CALL).exit_code == 0
    assert body(api) == {"decision": "approve", "reason": "", "call": CALL}


def test_who_approves_a_call_that_was_changed_is_told_to_look_again(septet: Any, api: FakeApi) -> None:
    api.failures = [problem(409, "eve changed the arguments: look at the call, and approve it by its `call`")]
    assert "look at it again with septet approvals" in unwrapped(septet("approve", APPROVAL).stderr)


def test_an_unattended_run_says_so(septet: Any, api: FakeApi) -> None:
    assert septet("run", "support", "hi", "--unattended", "--no-watch").exit_code == 0
    assert sent(api)["attended"] is False
    septet("run", "support", "hi", "--no-watch")
    assert "attended" not in sent(api)


def test_what_became_of_an_approved_call_that_was_not_made_is_shown(septet: Any, api: FakeApi) -> None:
    api.approvals = [approval(status="approved", decided_by="zoe", refused="denied: amount_cents must be bigger than or equal to 1")]
    assert "not used denied: amount_cents must be bigger" in unwrapped(septet("approvals", APPROVAL, COLUMNS="120").stdout)


def test_a_question_says_on_whose_behalf_it_is_asked_unless_it_is_from_before_that_was_kept(septet: Any, api: FakeApi) -> None:
    api.approvals = [approval()]
    assert "by refunds on behalf of customer-17 (workflow support), " in unwrapped(septet("approvals", COLUMNS="120").stdout)
    api.approvals = [approval(on_behalf_of=None, workflow=None)]
    assert "on behalf of" not in septet("approvals").stdout


def test_a_vote_that_no_longer_counts_says_so_and_who_is_missing_is_told(septet: Any, api: FakeApi) -> None:
    before = {"by": "zoe", "at": "2026-11-22T21:00:30.000Z", "reason": None, "arguments": None, "counts": False}
    api.approvals = [approval(**CHANGED | {"votes": [before, *CHANGED["votes"]]})]
    shown = unwrapped(septet("approvals", COLUMNS="140").stdout)
    assert "(no reason given); it does not count: the call was changed after it" in shown
    assert "half; it does not count" not in shown
    assert "missing 1 more who may decide and did not submit the run, such as zoe again" in shown


def test_a_change_of_a_settled_call_is_left_to_the_platform_to_refuse(septet: Any, api: FakeApi) -> None:
    api.approvals = [approval(**CHANGED | {"status": "approved"})]
    septet("approve", APPROVAL, "--edit", "amount_cents=1")
    assert [request.method for request in api.asked] == ["GET", "POST"]


def test_a_status_that_there_is_not_is_told_with_those_there_are(septet: Any, api: FakeApi) -> None:
    result = septet("approvals", "--status", "gone")
    assert result.exit_code == 2
    assert "pending, approved, rejected, expired, all" in unwrapped(result.stderr)
    assert api.asked == []
