"""A turn that is killed anywhere goes on to the same end, pays for no answered model call twice, and does nothing twice."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.core.entries import ApprovalAsked, ModelReply, ToolIntent, ToolResult
from septet.core.journal import verify
from septet.core.ledger import of_branch
from septet.execution.agents import Limits
from septet.execution.driver import Driver, Ports
from septet.execution.ports import Message, Reply
from septet.execution.turn import Turn
from septet.local.models import ScriptedModel
from septet.local.platform import LocalGateway
from tests.unit.perils import Broke, Fuse, Killed, Voyage, sailed
from tests.unit.shop import Shop, agent, asks, find, parcel, refund, says
from tests.unit.strategies import quick

STORY = [
    asks(find("A-1"), find("A-2")),
    asks(refund("A-1", 4_000), refund("A-2", 20_000), find("A-3")),
    asks(("issue_refund", {"order_id": "A-9", "amount_cents": 1}), ("nothing", {})),
    says("Both are refunded."),
]
"""Reads, a refund within the limit, one that a person decides on, and calls that are refused."""


def story(lines: list[Reply] = STORY) -> ScriptedModel:
    return ScriptedModel({"clerk": lines})


def heard(voyage: Voyage) -> list[Message]:
    """What the model was told in the end."""
    turn = Turn(voyage.who, voyage.who.name)
    for entry in voyage.entries:
        turn.observe(entry)
    return list(turn.conversation.messages)


QUIET = sailed(story())
MOMENTS = QUIET.fuse.burnt


def test_the_quiet_story_is_what_the_others_are_held_to() -> None:
    assert QUIET.shop.paid == {("A-1", 4_000): 1, ("A-2", 20_000): 1}
    assert QUIET.end is not None
    assert QUIET.invocations == 2, "a pause for a person, and no more"
    assert MOMENTS > 80, "every port is called"


def check(voyage: Voyage, quiet: Voyage) -> None:
    assert voyage.end == quiet.end
    assert heard(voyage) == heard(quiet)
    assert voyage.shop.paid == quiet.shop.paid, "every effect exactly once"
    assert verify(voyage.entries) == []
    _nothing_twice(voyage)
    _balanced(voyage)


def _balanced(voyage: Voyage) -> None:
    """The ledger has what the journal has: nothing is held any more, and what was spent is what entries cost."""
    account = voyage.plain.ledger.account("acme", of_branch(voyage.branch.run))
    assert account is not None
    assert account.reserved == 0
    assert not account.reservations
    assert account.spent == sum(entry.cost for entry in voyage.entries)
    assert account.limit == account.spent + account.available


def _nothing_twice(voyage: Voyage) -> None:
    for kind in (ToolIntent, ToolResult, ApprovalAsked):
        seen = Counter(entry.body.call for entry in voyage.entries if isinstance(entry.body, kind))
        assert set(seen.values()) <= {1}
    asked = Counter(int(request.metadata["step"]) for request in voyage.model.requests)
    assert sorted(asked) == list(range(len(asked)))
    assert sum(asked.values()) - len(asked) <= 1, "only the call in flight is made again"
    replies = [entry.body for entry in voyage.entries if isinstance(entry.body, ModelReply)]
    assert len(replies) == len(asked)


@pytest.mark.parametrize("moment", range(MOMENTS))
def test_a_process_killed_at_any_moment(moment: int) -> None:
    check(sailed(story(), fuse=Fuse(moment, Killed)), QUIET)


@pytest.mark.parametrize("moment", range(MOMENTS))
def test_a_call_that_breaks_at_any_moment(moment: int) -> None:
    check(sailed(story(), fuse=Fuse(moment, Broke)), QUIET)


@pytest.mark.parametrize("decision", ["rejected", "expired"])
def test_a_process_killed_at_any_moment_around_a_decision_against(decision: str) -> None:
    quiet = sailed(story(), decision=decision)
    assert quiet.shop.paid == {("A-1", 4_000): 1}
    for moment in range(quiet.fuse.burnt):
        check(sailed(story(), decision=decision, fuse=Fuse(moment)), quiet)


orders = st.sampled_from(["A-1", "A-2", "A-3", "B-1", "A-99"])
amounts = st.sampled_from([-1, 0, 1, 9_999, 10_000, 10_001, 49_999, 50_001])
askable = st.one_of(orders.map(find), st.builds(refund, orders, amounts), st.just(("nothing", {})), st.just(("find_order", "A-1")))


def apart(reply: list[tuple[str, Any]]) -> bool:
    """Whether no order is both looked at and refunded: calls of one reply are made at once, so what is seen would be chance."""
    looked, refunded = (
        {given["order_id"] for tool, given in reply if tool == wanted and isinstance(given, dict)}
        for wanted in ("find_order", "issue_refund")
    )
    return looked.isdisjoint(refunded)


stories = st.lists(st.lists(askable, min_size=1, max_size=4).filter(apart), min_size=1, max_size=4)


@quick
@given(stories, st.data())
def test_any_story_survives_two_misfortunes(calls: list[list[tuple[str, Any]]], data: st.DataObject) -> None:
    lines = [*(asks(*reply) for reply in calls), says("Done.")]
    quiet = sailed(story(lines))
    fuses = st.builds(Fuse, st.integers(0, quiet.fuse.burnt), st.sampled_from([Killed, Broke]))
    voyage = Voyage(model=story(lines), fuse=data.draw(fuses, "first"), next_fuse=data.draw(fuses, "second")).sail()
    assert voyage.end == quiet.end
    assert heard(voyage) == heard(quiet)
    assert voyage.shop.paid == quiet.shop.paid
    assert verify(voyage.entries) == []


def test_what_must_not_be_repeated_is_not_and_says_so() -> None:
    lines = [asks(find("A-1")), asks(parcel("A-1")), says("Sent.")]
    quiet = sailed(story(lines))
    assert quiet.shop.parcels == {"A-1": 1}
    ends = set()
    for moment in range(quiet.fuse.burnt):
        voyage = sailed(story(lines), fuse=Fuse(moment))
        assert voyage.shop.parcels["A-1"] <= 1
        assert voyage.end is not None
        ends.add(getattr(voyage.end, "error", "answered"))
        if voyage.shop.parcels["A-1"] == 0:
            assert getattr(voyage.end, "error", "") == "EffectUnknown"
    assert ends == {"answered", "EffectUnknown"}


@pytest.mark.parametrize("left", [0, 59_999])
def test_a_turn_that_only_ever_has_time_for_one_step_ends_as_well(left: int) -> None:
    voyage = Voyage(model=story(), shop=Shop())
    outcomes = []
    while voyage.end is None:
        voyage.platform.gateway = voyage.platform.fresh_gateway()
        outcome = voyage.platform.turn(voyage.branch, "clerk", remaining=lambda: left)
        outcomes.append(outcome.outcome)
        if outcome.outcome == "approval":
            voyage._decide(outcome)
        assert len(outcomes) < 20
    check(voyage, QUIET)
    assert outcomes.count("continue") > 3


def test_every_invocation_reads_the_branch_once() -> None:
    class Counting:
        def __init__(self, journal: Any) -> None:
            self.journal, self.reads = journal, 0

        def read(self, *arguments: Any, **named: Any) -> Any:
            self.reads += 1
            return self.journal.read(*arguments, **named)

        def append(self, *arguments: Any, **named: Any) -> None:
            self.journal.append(*arguments, **named)

    many = 40
    lines = [*(asks(find("A-1"), find(f"A-{step % 3 + 2}")) for step in range(many)), says("Done.")]
    who = agent(limits=Limits(model_calls=100, tool_calls=200, tokens=10**9, cost=10**9))
    voyage = Voyage(model=story(lines), who=who)
    counting = Counting(voyage.plain.journal)
    plain = voyage.plain
    ports = Ports(journal=counting, models=plain.models(), gateway=LocalGateway(plain.gateway), clock=plain.clock)
    Driver(who, voyage.branch, "clerk", ports=ports, remaining=lambda: 10**9).run()
    assert counting.reads == 1
