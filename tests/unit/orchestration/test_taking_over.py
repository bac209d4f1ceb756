"""Another agent, by declaration: decided by the journal alone."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.core.entries import Answer, Body, Entry, Failure, ModelCall, Request, Restarted, Routed
from septet.core.errors import CLASSES, InputRejected
from septet.core.journal import Branch, Pen, after
from septet.local.clock import ManualClock
from septet.local.journal import MemoryJournal
from septet.orchestration.mainline import Mainline
from septet.orchestration.routes import ANY, Worker
from septet.orchestration.taking_over import NOBODY, PURPOSE, TRIES, Successor, failures, successor, take_over

BRANCH = Branch(tenant="acme", run="run-1")
FIRST = Worker(name="first", fallback={"CheckFailed": ("careful",), ANY: ("second", "third")})
WORKERS = {
    worker.name: worker
    for worker in (FIRST, Worker(name="second", fallback={ANY: ("first", "third")}), Worker(name="third"), Worker(name="careful"))
}


def line(*written: tuple[str, Body]) -> Mainline:
    made = Mainline(journal=MemoryJournal(), branch=BRANCH, clock=ManualClock())
    write(made, ("", Request(workflow="support", input={}, submitter="s")), *written)
    return made


def write(at: Mainline, *written: tuple[str, Body]) -> None:
    for agent, body in written:
        head = after(at.journal.read(BRANCH))
        Pen(journal=at.journal, branch=BRANCH, clock=at.clock, head=head, agent=agent, turn=agent).write(body)


def failed(agent: str, error: str = "ModelRefused") -> tuple[str, Body]:
    return agent, Failure(error=error, message="m")


def routed(of: str, to: str) -> tuple[str, Body]:
    return "", Routed(purpose=PURPOSE, of=of, to=to, error="ModelRefused", rationale={"person": False})


def entries(*written: tuple[str, Body]) -> Sequence[Entry]:
    return line(*written).entries()


def go(at: Mainline, agent: str, error: str = "ModelRefused", *stopped: str) -> Successor:
    return take_over(at, WORKERS, stopped, agent=agent, error=error)


def test_the_class_s_own_list_comes_first_and_then_the_one_for_any() -> None:
    assert successor(FIRST, "CheckFailed", entries(failed("first", "CheckFailed")), ()).to == "careful"
    assert successor(FIRST, "ModelRefused", entries(failed("first")), ()).to == "second"
    assert successor(FIRST, "CheckFailed", entries(failed("careful"), failed("first", "CheckFailed")), ()).to == "second"
    assert successor(FIRST, "States.Timeout", entries(), ()).to == "second"


def test_who_failed_who_is_stopped_and_who_was_sent_twice_is_passed_over_and_it_says_so() -> None:
    found = successor(FIRST, "CheckFailed", entries(failed("careful"), failed("first")), ("second",))
    assert found.to == "third"
    assert found.rationale == {"declared_for": ANY, "passed_over": {"careful": "failed in this run", "second": "is stopped"}}
    twice = [routed("other", "second")] * TRIES
    assert successor(FIRST, "ModelRefused", entries(*twice), ()).rationale["passed_over"] == {"second": f"was sent {TRIES} times"}
    assert successor(FIRST, "ModelRefused", entries(*twice), ("third",)).to == ""


def test_one_whose_process_was_lost_has_failed_too_though_it_wrote_nothing() -> None:
    assert failures(entries(routed("second", "third"))) == {"second"}


@pytest.mark.parametrize("error", sorted(NOBODY))
def test_after_some_failures_nobody_goes_on_whatever_is_declared(error: str) -> None:
    found = successor(Worker(name="first", fallback={error: ("second",), ANY: ("third",)}), error, entries(failed("first", error)), ())
    assert (found.to, found.person) == ("", error == "EffectUnknown")


def test_an_effect_of_which_nobody_knows_needs_a_person_whatever_the_state_machine_was_told() -> None:
    at = line(failed("first", "EffectUnknown"))
    assert (found := go(at, "first", "States.Timeout")).to == ""
    assert found.person
    assert go(at, "first", "States.Timeout") == found, "asked again, it is the same"


def test_what_was_decided_stands_in_the_journal_and_is_found_again_until_somebody_works() -> None:
    at = line(("first", ModelCall(model="m", step=0)), failed("first"))
    assert [go(at, "first").to, go(at, "first").to] == ["second", "second"]
    body = at.entries()[-1].body
    assert body == Routed(
        purpose="take_over",
        of="first",
        to="second",
        error="ModelRefused",
        rationale={"declared_for": ANY, "passed_over": {}, "person": False},
    )
    assert len(at.entries()) == 4
    write(at, failed("second"))
    assert go(at, "second").to == "third", "first has failed"


def test_after_a_restart_nothing_that_was_before_is_held_against_anybody() -> None:
    at = line(failed("first"), routed("first", "second"), failed("second"))
    assert go(at, "second").to == "third"
    write(at, ("", Restarted(turns=("second",), by="ada", attempt=1)), failed("second"))
    assert go(at, "second").to == "first"


def test_an_agent_that_nobody_declared_is_refused() -> None:
    with pytest.raises(InputRejected, match="agent must be one that is declared"):
        go(line(), "nobody")


NAMES = ("a", "b", "c", "d")
FALLBACKS = st.dictionaries(
    st.sampled_from([*sorted(CLASSES), ANY, "States.Timeout"]), st.lists(st.sampled_from(NAMES), max_size=4).map(tuple), max_size=4
)


@given(
    workers=st.fixed_dictionaries(dict.fromkeys(NAMES, FALLBACKS)),
    errors=st.lists(st.sampled_from([*sorted(CLASSES), "States.Timeout"]), min_size=1, max_size=6),
    writes=st.lists(st.booleans(), min_size=1, max_size=6),
    stopped=st.frozensets(st.sampled_from(NAMES)),
)
def test_whatever_refers_to_whom_a_run_of_failures_ends_and_nobody_is_sent_who_failed(
    workers: Any, errors: Any, writes: Any, stopped: Any
) -> None:
    declared = {name: Worker(name=name, fallback=fallback) for name, fallback in workers.items()}
    at, agent, sent = line(), "a", Counter[str]()
    for turn in range(20):
        error = errors[turn % len(errors)]
        write(at, *([failed(agent, error)] if writes[turn % len(writes)] else [(agent, ModelCall(model="m", step=0))]))
        before = failures(at.entries()) | {agent}
        found = take_over(at, declared, stopped, agent=agent, error=error)
        if not found.to:
            break
        assert found.to not in before
        assert found.to not in stopped
        assert error not in NOBODY
        sent[found.to] += 1
        agent = found.to
    else:
        raise AssertionError("twenty agents failed in a run of four")
    assert max(sent.values(), default=0) <= TRIES
    assert not [entry for entry in at.entries() if isinstance(entry.body, Answer)]
