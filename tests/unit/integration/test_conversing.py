"""Sessions through what the API does, over the doubles of its ports."""

from dataclasses import replace
from typing import Any

import pytest

from septet.core.entries import Answer, Recalled, Request, ToolIntent, ToolResult
from septet.core.journal import Branch
from septet.core.ledger import Budgets, of_branch, of_run
from septet.core.sessions import QUEUED
from septet.core.traces import within
from septet.integration.advancing import PAGE, advance, follower
from septet.integration.conversing import Said, begin, close, found, say, show, stage
from septet.integration.problems import Kind, Problem
from septet.integration.queueing import arrive
from septet.integration.saying import Saying
from tests.unit.integration.conftest import Office, principal

ANN = principal()


@pytest.fixture
def session(office: Office) -> str:
    return begin("support", None, ANN, office.ports).session


def send(office: Office, session: str, text: str = "where is it?", busy: Any = "enqueue", who: Any = ANN, **rest: Any) -> Said:
    office.clock.now += 1
    return say(session, Saying(input={"message": text}, busy=busy, **rest), who, office.ports)


def end(office: Office, session: str, status: Any = "succeeded", answer: Any = None) -> str:
    """The running run's execution ends, and its end is told."""
    lease = office.sessions.get("acme", session).lease
    if answer is not None:
        office.write(lease.run, Answer(value=answer), agent="writer")
    office.end(lease.run, status)
    follower(lambda: stage(office.ports))(office.runs.get("acme", lease.run))
    return str(lease.run)


def reconcile(office: Office, session: str) -> None:
    """What whoever goes on with stops does: executions are aborted, and their ends told."""
    lease = office.sessions.get("acme", session).lease
    assert office.called, "nobody was called"
    assert office.ledger.account("acme", of_branch(lease.run)).stopped
    office.workflows.stop(office.runs.get("acme", lease.run).execution, error="RunStopped", cause="")
    office.called.clear()
    follower(lambda: stage(office.ports))(office.runs.get("acme", lease.run))


def fates(office: Office, session: str) -> list[str]:
    shown = show(session, ANN, office.ports, before=None, limit=50)
    return [message.fate for message in reversed(shown.messages)]


def running(office: Office) -> list[str]:
    return [name for name, state in office.workflows.states.items() if state.status == "running"]


def journal(office: Office, run: str) -> list[Any]:
    return [entry.body for entry in office.journal.read(Branch(tenant="acme", run=run))]


def test_a_message_starts_a_run_of_its_session(office: Office, session: str) -> None:
    said = send(office, session)
    run = office.runs.get("acme", said.message.run)
    assert (run.session, run.status, run.submitter, run.workflow) == (session, "running", "ann", "support")
    assert (said.message.fate, said.place) == ("running", 0)
    assert [type(body) for body in journal(office, run.run)] == [Request]
    assert office.sessions.message("acme", session, 0).input is None, "the journal has it now"


def test_each_run_of_a_session_is_a_trace_of_its_own_that_comes_from_the_one_before(office: Office, session: str) -> None:
    send(office, session)
    first = office.runs.get("acme", end(office, session, answer="here"))
    send(office, session, "and now?")
    second = office.runs.get("acme", end(office, session))
    assert first.link == ""
    assert second.link == within(first.trace, "acme", first.run, 0)
    assert second.trace != first.trace
    (request, *_) = office.journal.read(Branch(tenant="acme", run=second.run))
    assert request.body.trace == second.trace


def test_messages_that_wait_run_one_after_another_in_their_order(office: Office, session: str) -> None:
    places = [send(office, session, f"message {number}").place for number in range(4)]
    assert places == [0, 1, 2, 3]
    for number in range(4):
        assert len(running(office)) == 1
        run = end(office, session, answer=f"answer {number}")
        assert journal(office, run)[0].input == {"message": f"message {number}"}
    assert fates(office, session) == ["succeeded"] * 4
    assert running(office) == []


def test_a_rejected_message_is_told_which_run_runs_and_leaves_nothing(office: Office, session: str) -> None:
    run = send(office, session).message.run
    with pytest.raises(Problem, match=run) as refused:
        send(office, session, "again", "reject")
    assert refused.value.kind is Kind.CONFLICT
    assert fates(office, session) == ["running"]


def test_a_message_to_be_rejected_is_taken_when_the_run_has_ended_and_nobody_has_said_so(office: Office, session: str) -> None:
    office.end(send(office, session).message.run)
    assert send(office, session, "again", "reject").message.fate == "running"
    assert fates(office, session) == ["succeeded", "running"]


def test_an_interrupting_message_runs_next_before_those_that_wait_and_the_history_keeps_what_was_done(office: Office, session: str) -> None:
    first = send(office, session, "first").message.run
    send(office, session, "waits")
    office.write(first, *_refund("issue_refund", 4900))
    said = send(office, session, "no, this", "interrupt")
    assert (said.message.fate, said.place) == ("queued", 1)
    assert [effect["outcome"] for effect in said.effects] == ["done"]
    reconcile(office, session)
    assert office.runs.get("acme", first).status == "stopped"
    assert fates(office, session) == ["interrupted", "queued", "running"]
    recalled = journal(office, found(session, 2, ANN, office.ports).message.run)[1]
    assert [(told["fate"], told["input"], told["answer"]) for told in recalled.exchanges] == [("interrupted", {"message": "first"}, None)]
    assert recalled.exchanges[0]["did"][0]["arguments"] == {"order_id": "1002", "amount": 4900}


def test_what_is_rolled_back_is_not_told_but_its_effects_are_named_and_stay_recognised(office: Office, session: str) -> None:
    send(office, session, "zero")
    end(office, session, answer="nought")
    first = send(office, session, "first").message.run
    office.write(first, *_refund("issue_refund", 4900))
    said = send(office, session, "second", "rollback")
    assert said.effects == [{"tool": "issue_refund", "arguments": {"order_id": "1002", "amount": 4900}, "outcome": "done"}]
    reconcile(office, session)
    run = found(session, 2, ANN, office.ports).message.run
    assert office.runs.get("acme", run).origin == first
    assert [told["input"] for told in journal(office, run)[1].exchanges] == [{"message": "zero"}]
    assert fates(office, session) == ["succeeded", "forgotten", "running"]
    send(office, session, "third", "rollback")
    reconcile(office, session)
    run = found(session, 3, ANN, office.ports).message.run
    assert office.runs.get("acme", run).origin == first, "what was done before the first rollback, too"


def test_a_rollback_s_effects_are_its_own_message_s_and_no_other_urgent_one_s(office: Office, session: str) -> None:
    first = send(office, session, "first").message.run
    send(office, session, "pay B", "interrupt")
    send(office, session, "pay A instead", "rollback")
    send(office, session, "pay B again", "interrupt")
    reconcile(office, session)
    for _ in range(2):
        end(office, session)
    runs = [found(session, number, ANN, office.ports).message.run for number in (1, 2, 3)]
    assert [office.runs.get("acme", run).origin for run in runs] == ["", first, ""]


def test_earlier_exchanges_come_with_their_labels_and_everything_else_is_unknown(office: Office, session: str) -> None:
    office.clock.now += 1
    say(session, Saying(input={"message": "hello", "channel": "mail"}), ANN, office.ports)
    end(office, session, answer={"text": "hi"})
    run = send(office, session, "and?").message.run
    entry = list(office.journal.read(Branch(tenant="acme", run=run)))[1]
    assert isinstance(entry.body, Recalled)
    assert entry.body.exchanges[0]["answer"] == {"text": "hi"}
    assert entry.labels == {"0.input.message": "external", "0.input.channel": "trusted", "*": "unknown"}


def test_only_the_latest_exchanges_are_told_and_how_many_are_dropped(office: Office, session: str) -> None:
    for number in range(13):
        send(office, session, f"message {number}")
        end(office, session, answer="x" * (20_000 if number == 10 else 1))
    recalled = journal(office, send(office, session, "last").message.run)[1]
    assert [told["input"]["message"] for told in recalled.exchanges] == [f"message {number}" for number in range(3, 13)]
    assert recalled.dropped == 3
    end(office, session, answer="y" * 20_000)
    recalled = journal(office, send(office, session, "one more").message.run)[1]
    assert [told["input"]["message"] for told in recalled.exchanges] == ["message 11", "message 12", "last"]
    assert recalled.dropped == 11


def test_any_number_of_messages_that_came_to_nothing_make_a_session_forget_nothing(office: Office, session: str) -> None:
    for number in range(2):
        send(office, session, f"message {number}")
        end(office, session, answer="x")
    usual = office.ledger.budgets("acme")
    office.ledger.set_budgets("acme", replace(usual, day=1), now=office.clock())
    for number in range(2 * PAGE):
        with pytest.raises(Problem):
            send(office, session, f"refused {number}")
    office.ledger.set_budgets("acme", usual, now=office.clock())
    recalled = journal(office, send(office, session, "last").message.run)[1]
    assert [told["input"]["message"] for told in recalled.exchanges] == ["message 0", "message 1"]
    assert recalled.dropped == 0


def test_a_message_with_a_key_that_was_used_is_the_one_of_before(office: Office, session: str) -> None:
    first = send(office, session, key="k-1")
    again = send(office, session, key="k-1")
    assert again.message == first.message
    with pytest.raises(Problem, match="was used before"):
        send(office, session, "something else", key="k-1")
    assert fates(office, session) == ["running"]


def test_no_more_wait_than_a_session_may_have(office: Office, session: str) -> None:
    for number in range(QUEUED + 1):
        send(office, session, f"message {number}")
    with pytest.raises(Problem) as full:
        send(office, session, "one more")
    assert full.value.kind is Kind.EXHAUSTED
    assert full.value.retry_after


def test_nobody_else_says_anything_in_a_session_and_only_overseers_see_it(office: Office, session: str) -> None:
    for who in (principal("bob"), principal("ann", tenant="other"), principal("boss", "admin")):
        with pytest.raises(Problem) as unknown:
            send(office, session, who=who)
        assert unknown.value.kind is Kind.NOT_FOUND
    assert show(session, principal("boss", "auditor"), office.ports, before=None, limit=5).session.session == session
    for who in (principal("bob"), principal("boss", "admin", tenant="other")):
        with pytest.raises(Problem):
            show(session, who, office.ports, before=None, limit=5)


def test_a_closed_session_lets_its_run_end_withdraws_what_waits_and_takes_nothing(office: Office, session: str) -> None:
    send(office, session)
    send(office, session, "waits")
    close(session, ANN, office.ports)
    with pytest.raises(Problem, match="closed"):
        send(office, session, "more")
    assert len(running(office)) == 1
    end(office, session, answer="x")
    assert fates(office, session) == ["succeeded", "withdrawn"]


def test_a_deleted_session_stops_its_run_and_forgets_what_waited(office: Office, session: str) -> None:
    send(office, session)
    send(office, session, "waits")
    close(session, ANN, office.ports, delete=True)
    reconcile(office, session)
    assert running(office) == []
    with pytest.raises(Problem) as gone:
        show(session, ANN, office.ports, before=None, limit=5)
    assert gone.value.kind is Kind.NOT_FOUND
    assert [office.sessions.message("acme", session, number).input for number in (0, 1)] == [None, None]


def test_a_run_that_the_day_has_no_money_for_is_refused_and_the_session_goes_on(office: Office, session: str) -> None:
    office.ledger.set_budgets("acme", Budgets(day=10, run=10, usual=10), now=office.clock())
    send(office, session)
    send(office, session, "waits")
    office.ledger.set_budgets("acme", Budgets(day=0, run=10, usual=10), now=office.clock())
    end(office, session, answer="x")
    assert fates(office, session) == ["succeeded", "refused"]
    with pytest.raises(Problem) as exhausted:
        send(office, session, "more")
    assert exhausted.value.kind is Kind.EXHAUSTED


def test_the_end_that_nobody_told_is_found_by_whoever_comes_by(office: Office, session: str) -> None:
    first = send(office, session).message.run
    send(office, session, "waits")
    office.end(first)
    assert found(session, 1, ANN, office.ports).place == 1
    advance("acme", session, stage(office.ports))
    assert fates(office, session) == ["succeeded", "running"]


def test_a_run_that_was_given_up_is_never_started_however_late_its_worker(office: Office, session: str) -> None:
    given_up: list[str] = []

    def interrupted() -> None:
        standing = office.sessions.get("acme", session)
        second = replace(office.sessions.message("acme", session, 0), key="k-2", busy="interrupt", input={"message": "second"})
        move = arrive(standing, second, now=office.clock())
        assert office.sessions.replace(standing, move.session, move.messages)
        given_up.append(standing.lease.run)
        advance("acme", session, stage(office.ports))
        assert [told["input"] for told in journal(office, running_run(office, session))[1].exchanges] == [{"message": "first"}]

    class Late:
        """Run records of a worker that is held up before it claims the first."""

        def __getattr__(self, name: str) -> Any:
            return getattr(office.runs, name)

        def claim(self, *given: Any) -> bool:
            if not given_up:
                interrupted()
            return bool(office.runs.claim(*given))

    say(session, Saying(input={"message": "first"}), ANN, replace(office.ports, runs=Late()))
    assert fates(office, session) == ["interrupted", "running"]
    assert office.workflows.states.keys() == {office.runs.get("acme", running_run(office, session)).execution}
    assert office.ledger.account("acme", of_run(given_up[0])).closed, "what was taken for it went back"


def running_run(office: Office, session: str) -> str:
    return str(office.sessions.get("acme", session).lease.run)


def _refund(tool: str, amount: int) -> tuple[ToolIntent, ToolResult]:
    arguments = {"order_id": "1002", "amount": amount}
    return (
        ToolIntent(call="c-1", tool=tool, arguments=arguments, key="k", reasons=()),
        ToolResult(call="c-1", tool=tool, value={"paid": amount}),
    )
