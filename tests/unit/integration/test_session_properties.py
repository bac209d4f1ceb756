"""Whatever people say at once in a session, and wherever workers break off: one run at a time, every message once, in its order."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from septet.core.entries import Request
from septet.core.errors import StoreUnavailable
from septet.core.journal import Branch
from septet.integration.advancing import advance, follower
from septet.integration.conversing import begin, say, show, stage
from septet.integration.ports import Ports
from septet.integration.problems import Kind, Problem
from septet.integration.saying import Saying
from septet.local.workflows import MemoryWorkflows
from tests.unit.integration.conftest import Office, principal

ANN = principal()
ANSWERS = ("enqueue", "reject", "interrupt", "rollback")
TRIES = 60


class Crash(Exception):  # noqa: N818 -- of a worker, between two writes
    pass


class Breaking:
    """A port whose caller is gone now and then, before or after the call has done what it does."""

    def __init__(self, port: Any, chance: random.Random, share: float) -> None:
        self._port, self._chance, self._share = port, chance, share

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*given: Any, **named: Any) -> Any:
            at = self._chance.random()
            if at < self._share / 2:
                raise Crash
            done = method(*given, **named)
            if at < self._share:
                raise Crash
            return done

        return call


class Watched(MemoryWorkflows):
    """State machines that say when two runs of one session run at once."""

    def __init__(self) -> None:
        super().__init__()
        self.most = 0
        self._watch = Lock()

    def start(self, workflow: str, run: str, input: Any, *, trace: str = "") -> str:  # noqa: A002 -- as the port has it
        with self._watch:
            started = super().start(workflow, run, input, trace=trace)
            self.most = max(self.most, len(self.running()))
        return started

    def running(self) -> list[str]:
        return [name for name, state in list(self.states.items()) if state.status == "running"]


def breaking(office: Office, seed: int, share: float) -> Ports:
    """The office's ports as one worker has them that may break off anywhere."""
    chance, ports = random.Random(seed), office.ports  # noqa: S311 -- no secret
    names = ("sessions", "runs", "journal", "ledger", "workflows", "stop_records")
    broken: dict[str, Any] = {name: Breaking(getattr(ports, name), chance, share) for name in names}
    return replace(ports, **broken, reconcile=lambda tenant, stop: aborted(office, tenant, stop))


def aborted(office: Office, tenant: str, stop: str) -> None:
    for covered in office.stop_records.covered(tenant, stop):
        run = office.runs.get(tenant, covered.run)
        if run and run.execution:
            office.workflows.stop(run.execution, error="RunStopped", cause="")


def insist(say_it: Any) -> Any:
    """As a client does that repeats what broke off, with its key."""
    for _ in range(TRIES):
        try:
            return say_it()
        except (Crash, StoreUnavailable):
            continue
        except Problem as problem:
            if problem.kind is Kind.UNAVAILABLE:
                continue
            if problem.kind is Kind.CONFLICT:
                return None
            raise
    raise AssertionError("it never got through")


def play(office: Office, senders: list[list[str]], *, seed: int, share: float) -> None:
    """People send at once; executions end meanwhile; in the end everything that waits has run."""
    office.workflows = Watched()
    session = begin("support", None, ANN, office.ports).session
    taken: dict[str, int] = {}

    def send(sender: int) -> None:
        for place, busy in enumerate(senders[sender]):
            ports = breaking(office, seed * 1_000 + sender * 100 + place, share)
            text = f"{sender}/{place}"
            saying = Saying(input={"message": text}, busy=busy, key=text)  # type: ignore[arg-type]  # one of the four
            said = insist(lambda saying=saying, ports=ports: say(session, saying, ANN, ports))
            if said:
                taken[text] = said.message.number
            finish(office, random.Random(seed + place))  # noqa: S311 -- no secret

    with ThreadPoolExecutor(len(senders)) as pool:
        list(pool.map(send, range(len(senders))))
    drain(office, session)
    check(office, session, taken, senders)


def finish(office: Office, chance: random.Random) -> None:
    """An execution that runs may end now, and its end may not be told."""
    for execution in office.workflows.running():
        if chance.random() < 0.5:
            run = office.runs.get("acme", execution.rpartition(":")[2])
            if run and run.execution:
                office.end(run.run)
                if chance.random() < 0.5:
                    follower(lambda: stage(office.ports))(run)


def drain(office: Office, session: str) -> None:
    ports = breaking(office, 0, 0.0)
    for _ in range(500):
        standing = advance("acme", session, stage(ports))
        if standing is None or (standing.lease is None and not standing.queue):
            return
        if standing.lease and (run := office.runs.get("acme", standing.lease.run)) and run.execution:
            office.end(run.run)
    raise AssertionError("the session never came to rest")


def check(office: Office, session: str, taken: dict[str, int], senders: list[list[str]]) -> None:
    messages = {message.number: message for message in office.sessions.messages("acme", session, before=10_000, limit=10_000)}
    assert office.workflows.most <= 1, "two runs at once"
    assert sorted(messages) == list(range(len(messages))), "numbers without gaps"
    assert len(messages) == len(taken) == len(set(taken.values())), "each message that was taken is there once"
    assert {message.fate for message in messages.values()} <= {"succeeded", "interrupted", "forgotten", "stopped"}
    texts = {}
    for number, message in messages.items():
        first = next(iter(office.journal.read(Branch(tenant="acme", run=message.run)))).body
        assert isinstance(first, Request)
        texts[number] = first.input["message"]
    assert {text: number for number, text in texts.items()} == taken, "each run was asked what its message says"
    assert len({message.run for message in messages.values()}) == len(messages), "no run answers two"
    for sender in range(len(senders)):
        own = [taken[f"{sender}/{place}"] for place in range(len(senders[sender])) if f"{sender}/{place}" in taken]
        assert own == sorted(own), "what one says after another stays so"
    # One that interrupts and met nothing that ran is in neither: it went before those that waited, if there were any.
    urgent = [message for message in messages.values() if message.over]
    patient = [message for message in messages.values() if message.busy not in {"interrupt", "rollback"}]
    for order in (urgent, patient):
        fences = [message.fence for message in sorted(order, key=lambda message: message.number)]
        assert fences == sorted(fences), "among those that wait, and among those that do not, runs come in the order of the messages"
    started = {run.run for run in office.runs.records.values() if run.execution}
    assert started <= {message.run for message in messages.values()}, "nothing ran that no message asked for"


SENDERS = st.lists(st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=4), min_size=2, max_size=6)


@settings(max_examples=60, deadline=None)
@given(senders=SENDERS, seed=st.integers(0, 10_000))
def test_many_senders_at_once(make_office: Any, senders: list[list[str]], seed: int) -> None:
    play(make_office(), senders, seed=seed, share=0.0)


@settings(max_examples=120, deadline=None)
@given(senders=SENDERS, seed=st.integers(0, 10_000))
def test_many_senders_at_once_whose_workers_break_off_anywhere(make_office: Any, senders: list[list[str]], seed: int) -> None:
    play(make_office(), senders, seed=seed, share=0.05)


def test_the_check_sees_two_runs_at_once(make_office: Any) -> None:
    office = make_office(workflows=Watched())
    for name in ("run-1", "run-2"):
        office.workflows.start("support", name, {})
    with pytest.raises(AssertionError, match="two runs"):
        check(office, "ses-1", {}, [])


def test_show_is_left_alone_by_a_store_that_fails(make_office: Any) -> None:
    office = make_office()
    session = begin("support", None, ANN, office.ports).session
    with pytest.raises(Crash):
        show(session, ANN, breaking(office, 1, 1.0), before=None, limit=5)
