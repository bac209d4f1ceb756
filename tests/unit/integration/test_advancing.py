"""Sessions that nobody looks at go on by themselves."""

import json
from copy import replace
from typing import Any

from septet.aws.advance import LambdaAdvance
from septet.core.runs import Run
from septet.integration.conversing import begin, say, stage
from septet.integration.due import AT_ONCE, advance_due, fairly
from septet.integration.ports import Principal
from septet.integration.queueing import SOON
from septet.integration.saying import Saying
from tests.unit.integration.conftest import Office, principal

ANN = principal()


class Client:
    """A double of the Lambda client."""

    def __init__(self) -> None:
        self.invoked: list[dict[str, Any]] = []

    def invoke(self, **given: Any) -> None:
        self.invoked.append(given)


def test_a_message_whose_worker_was_gone_has_its_run_when_its_time_has_come(office: Office) -> None:
    session = office.session()
    run = say(session, Saying(input={"message": "first"}), ANN, office.ports).message.run
    say(session, Saying(input={"message": "second"}), ANN, office.ports)
    office.end(run)
    broken = office.session()
    standing = office.sessions.get("acme", broken)
    assert advance_due(stage(office.ports), lambda: True) == (0, 0), "not yet"
    office.clock.now += SOON
    assert advance_due(stage(office.ports), lambda: False) == (0, 0), "no time"
    assert advance_due(stage(office.ports), lambda: True) == (1, 0)
    assert office.sessions.get("acme", session).lease.number == 1
    assert office.sessions.get("acme", broken) == standing


def test_one_session_that_fails_is_no_matter_of_another_s(office: Office, caplog: Any) -> None:
    for number in range(2):
        session = office.session()
        run = say(session, Saying(input={"message": "first"}), ANN, office.ports).message.run
        say(session, Saying(input={"message": "second"}), ANN, office.ports)
        if number:
            office.end(run)
        else:
            office.sessions._messages["acme", session].pop(1)
            office.end(run)
    office.clock.now += SOON
    assert advance_due(stage(office.ports), lambda: True) == (1, 1)
    assert "left for the next time: AssertionError" in caplog.text


def interrupted(office: Office, who: Principal) -> None:
    """As many sessions as are looked at in one go, of runs that somebody else has to stop."""
    messages: tuple[tuple[str, Any], ...] = (("first", "enqueue"), ("second", "interrupt"))
    for _ in range(AT_ONCE):
        session = begin("support", None, who, office.ports).session
        for text, busy in messages:
            office.clock.now += 1
            say(session, Saying(input={"message": text}, busy=busy, budget=1_000), who, office.ports)


def ended(office: Office) -> str:
    """A session of Ann's whose run has ended, so that its next one could begin."""
    session = office.session()
    run = say(session, Saying(input={"message": "first"}), ANN, office.ports).message.run
    say(session, Saying(input={"message": "second"}), ANN, office.ports)
    office.end(run)
    office.clock.now += SOON
    return session


def test_sessions_of_one_tenant_that_cannot_go_on_keep_no_other_tenant_waiting(office: Office) -> None:
    interrupted(office, principal("eve", tenant="evil"))
    session = ended(office)
    assert advance_due(replace(stage(office.ports), stop=None), lambda: True) == (AT_ONCE, 0)
    assert office.sessions.get("acme", session).lease.number == 1


def test_what_was_looked_at_comes_after_what_was_not(office: Office) -> None:
    interrupted(office, ANN)
    session = ended(office)
    step = replace(stage(office.ports), stop=None)
    assert advance_due(step, lambda: True) == (AT_ONCE, 0)
    assert office.sessions.get("acme", session).lease.number == 0
    assert advance_due(step, lambda: True) == (1, 0)
    assert office.sessions.get("acme", session).lease.number == 1


def test_tenants_take_turns() -> None:
    assert fairly([("a", "1"), ("a", "2"), ("a", "3"), ("b", "4"), ("c", "5"), ("b", "6")]) == [
        *(("a", "1"), ("b", "4"), ("c", "5")),
        *(("a", "2"), ("b", "6")),
        ("a", "3"),
    ]


def test_the_step_is_told_of_sessions_runs_and_not_waited_for() -> None:
    client = Client()
    tell = LambdaAdvance("step:live", lambda _: client)
    run = Run(tenant="acme", run="run-1", workflow="w", submitter="s", digest="d", created_at=1)
    tell(run)
    assert client.invoked == []
    tell(Run(tenant="acme", run="run-1", workflow="w", submitter="s", digest="d", created_at=1, session="ses-1"))
    (call,) = client.invoked
    assert (call["FunctionName"], call["InvocationType"]) == ("step:live", "Event")
    assert json.loads(call["Payload"]) == {"tenant": "acme", "session": "ses-1"}
