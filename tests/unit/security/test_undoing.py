"""Undoing what a cancelled run did: every effect once, or named as not undone, whatever breaks on the way."""

from collections import Counter
from collections.abc import Mapping
from copy import replace
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.core.entries import Entry, Forked, Note, ToolCall, ToolIntent, ToolResult
from septet.core.errors import PolicyDenied, RunCancelled, RunStopped, StoreUnavailable
from septet.core.journal import Branch, Pen, after
from septet.local.journal import MemoryJournal
from septet.local.models import ScriptedModel
from septet.local.platform import Platform
from septet.local.policies import FOLDER
from septet.local.runs import MemoryRuns
from septet.local.tools import FunctionTools
from septet.security.calls import Call
from septet.security.cedar import CedarPolicies
from septet.security.desk import Calls
from septet.security.effects import Effect, again_key, effect_key
from septet.security.manifests import Argument, Compensation, Field, Manifest, Output
from septet.security.undoing import TRIES, Undone, filled
from tests.unit.shop import agent, schema
from tests.unit.strategies import quick

NUMBER = {"number": {"type": "integer", "minimum": 0}}
PLACE = {"place": {"type": "string"}}


def tool(name: str, **changes: Any) -> Manifest:
    whole: dict[str, Any] = {
        "effect": "write-private",
        "repeat": "keyed",
        "identity": ("number",),
        "input_schema": schema(NUMBER),
        "arguments": {"number": Argument(role="flag"), "place": Argument(role="flag")},
        "output": Output(fields={"place": Field(label="record")}),
    }
    return Manifest(name=name, **whole | changes)


RELEASE = Compensation(tool="release", arguments={"place": "result.place"})
FREE = Compensation(tool="free", arguments={"number": "arguments.number"})
"""It takes nothing from the result: an effect of unknown end lacks nothing that undoing it takes."""
MANIFESTS = {
    one.name: one
    for one in (
        tool("reserve", compensation=RELEASE),
        tool("reserve_once", repeat="once", reconcile=True, compensation=RELEASE),
        tool("hold", compensation=FREE),
        tool("hold_once", repeat="once", reconcile=True, compensation=FREE),
        tool("tell"),
        tool("free"),
        tool("release", identity=("place",), input_schema=schema(PLACE)),
    )
}


TELLS = {"reserve_once", "hold_once"}
"""The tools that can be asked whether an effect of theirs happened."""


class Flaky(MemoryJournal):
    """A double of the journal that fails at some appends."""

    def __init__(self) -> None:
        super().__init__()
        self.fails: list[bool] = []

    def append(self, branch: Branch, entry: Entry, *, writer: str) -> None:
        if self.fails and self.fails.pop():
            raise StoreUnavailable("made up")
        super().append(branch, entry, writer=writer)


@dataclass(kw_only=True)
class World:
    """A run with effects in its journal, and what is outside."""

    breaks: list[str] = field(default_factory=list)
    """What happens to the next calls of ``release`` and ``free``: fine, ``before`` or ``after`` it acted, or ``refuse``."""
    looks: Mapping[int, bool] = field(default_factory=dict)
    """What the tools that can be asked say has happened; they cannot tell of others."""
    policies: Any = None
    run: str = "run-1"
    lineage: str = "run-1"

    def __post_init__(self) -> None:
        self.released: Counter[str] = Counter()
        self.order: list[str] = []
        self.keys: set[str] = set()
        self.journal = Flaky()
        self.runs = MemoryRuns()
        self.made: list[str] = []
        handlers = {"release": self.release, "free": self.release, "reserve": self.reserve} | dict.fromkeys(TELLS, self.look)
        given = {"policies": self.policies} if self.policies else {}
        self.platform = Platform(
            agents={"clerk": agent()},
            model=ScriptedModel({}),
            tools=FunctionTools(handlers),
            manifests=MANIFESTS,
            journal=self.journal,
            runs=self.runs,
            **given,
        )
        self.branch = self.platform.submit(self.run, {"message": "x"})
        if self.lineage != self.run:
            self.descends(self.run)

    def descends(self, run: str) -> None:
        """Let *run* be a fork of the lineage."""
        self.runs.records["acme", run] = replace(self.runs.records["acme", run], origin=self.lineage)

    def release(self, event: Any, _: object) -> Any:
        """Releases a place once a key."""
        place = event["arguments"].get("place") or f"p{event['arguments']['number']}"
        fate = self.breaks.pop() if self.breaks else "fine"
        if fate == "refuse":
            raise PolicyDenied("it may not")
        if fate == "before":
            raise RuntimeError(fate)
        if event["context"]["key"] not in self.keys:
            self.keys.add(event["context"]["key"])
            self.released[place] += 1
            self.order.append(place)
        if fate == "after":
            raise RuntimeError(fate)
        return {"released": True}

    def reserve(self, event: Any, _: object) -> Any:
        """Reserves a place, and says so by the key."""
        self.made.append(event["context"]["key"])
        return {"place": "new"}

    def look(self, event: Any, _: object) -> Any:
        """Reconciles, and is never asked to do anything here."""
        number = event["reconcile"]["number"]
        if number not in self.looks:
            raise RuntimeError("cannot tell")
        return {"happened": True, "value": {"place": f"p{number}"}} if self.looks[number] else {"happened": False}

    def pen(self, branch: Branch | None = None, **who: str) -> Pen:
        at = branch or self.branch
        return Pen(journal=self.journal, branch=at, clock=self.platform.clock, head=after(self.journal.read(at)), **who)

    def did(self, name: str, number: int, fate: str = "done", branch: Branch | None = None, *, by_run: str = "") -> None:
        """Let the run have begun an effect, which ended so: ``done``, ``unwritten`` (done, and no result in the journal), ``broken``
        (nobody knows), ``refused``, ``never`` (its maker was gone before anything), ``met`` (done before, as the record says).

        *by_run* made it, if not the run itself.
        """
        pen = self.pen(branch, agent="clerk", turn="clerk")
        key, call = f"{number:040x}", f"c{number}"
        pen.write(ToolIntent(call=call, tool=name, arguments={"number": number}, key=key, reasons=()))
        value = {"place": f"p{number}"}
        if fate in {"done", "unwritten", "broken"}:
            effect = Effect(
                tenant="acme",
                run=self.lineage,
                key=key,
                tool=name,
                status="intended",
                deadline=self.platform.clock(),
                by="x",
                by_run=by_run or self.run,
            )
            assert self.platform.effects is not None
            self.platform.effects.intend(self.branch, effect)
            if fate != "broken":
                self.platform.effects.done(effect, value)
        if fate in {"done", "refused", "met"}:
            error = "PolicyDenied" if fate == "refused" else ""
            repeated = fate == "met" or bool(by_run)
            pen.write(ToolResult(call=call, tool=name, value=value if not error else None, error=error, repeated=repeated))
        self.platform.clock.now += 1

    def undo(self) -> Undone:
        """One request to a gateway that has seen nothing."""
        self.platform.clock.now += 60_000
        return self.platform.fresh_gateway().undo("acme", self.run)

    def settled(self) -> Undone:
        """Ask until it is at its end; a request may break."""
        for _ in range(200):
            try:
                if (done := self.undo()).outcome != "again":
                    return done
            except StoreUnavailable:
                continue
        raise AssertionError("it does not end")

    @property
    def named(self) -> list[str]:
        bodies = [entry.body for entry in self.journal.read(self.branch)]
        return [body.message for body in bodies if isinstance(body, ToolResult) and body.error == "NotUndone"]


FATES = st.tuples(
    st.sampled_from(["reserve", "reserve_once", "hold", "hold_once", "tell"]),
    st.sampled_from(["done", "unwritten", "broken", "refused", "never"]),
)


@quick
@given(
    effects=st.lists(FATES, max_size=6),
    breaks=st.lists(st.sampled_from(["fine", "fine", "before", "after", "refuse"]), max_size=12),
    fails=st.lists(st.sampled_from([False, False, True]), max_size=20),
    looks=st.dictionaries(st.integers(0, 5), st.booleans(), max_size=6),
)
def test_after_any_prefix_of_effects_and_any_crash_each_is_undone_once_or_named(
    effects: list[tuple[str, str]], breaks: list[str], fails: list[bool], looks: dict[int, bool]
) -> None:
    world = World(breaks=breaks, looks=looks)
    for number, (name, fate) in enumerate(effects):
        world.did(name, number, fate)
    world.journal.fails = fails
    done = world.settled()
    for number, (name, fate) in enumerate(effects):
        told = [message for message in world.named if f"(entry {_entry(world, number)})" in message]
        happened = fate in {"done", "unwritten"} or (fate == "broken" and name in TELLS and looks.get(number, False))
        nothing = fate in {"refused", "never"} or (fate == "broken" and name in TELLS and looks.get(number) is False)
        released = world.released[f"p{number}"]
        assert released <= 1
        assert len(told) <= 1
        assert not (nothing and (told or released))
        if happened and not told:
            assert released == 1
        if not happened and not nothing:
            assert told
            assert not released, "nothing of unknown end is undone blindly"
    assert done.outcome == ("unsettled" if world.named else "undone")
    before = len(world.order)
    assert world.settled() == done, "asked again, it does nothing"
    assert len(world.order) == before


def _entry(world: World, number: int) -> int:
    entries = world.journal.read(world.branch)
    return next(one.number for one in entries if isinstance(one.body, ToolIntent) and one.agent and one.body.call == f"c{number}")


def test_the_newest_is_undone_first_over_all_branches() -> None:
    world = World()
    aside = Branch(tenant="acme", run="run-1", path="aside")
    world.platform.runs.part("acme", "run-1", ["aside"])
    world.did("reserve", 0)
    world.did("reserve", 1, branch=aside)
    world.did("reserve", 2)
    assert world.settled() == Undone(outcome="undone", undone=3, named=0)
    assert world.order == ["p2", "p1", "p0"]


@pytest.mark.parametrize("name", ["hold", "hold_once"])
def test_what_may_have_happened_is_named_and_not_undone_also_where_undoing_it_would_take_nothing_from_its_result(name: str) -> None:
    world = World()
    world.did(name, 0, "broken")
    assert world.settled() == Undone(outcome="unsettled", undone=0, named=1)
    assert world.order == []
    assert "it may or may not have happened, so it is not undone blindly" in world.named[0]


def test_one_that_fails_is_tried_again_before_what_is_older_and_named_in_the_end() -> None:
    world = World(breaks=["before"] * 2 * TRIES)
    world.did("reserve", 0)
    world.did("reserve", 1)
    assert [world.undo().outcome for _ in range(TRIES)] == ["again"] * (TRIES - 1) + ["unsettled"]
    assert world.order == ["p0"]
    assert len(world.named) == 1
    assert "reserve (entry 3) stays done: release ended with ToolFailed" in world.named[0]


def test_a_refusal_is_not_repeated() -> None:
    world = World(breaks=["refuse"])
    world.did("reserve", 0)
    assert world.undo() == Undone(outcome="unsettled", undone=0, named=1)


def test_who_had_it_cancelled_is_written_once() -> None:
    world = World()
    world.did("reserve", 0)
    world.platform.runs.cancel("acme", "run-1", by="boss", reason="the customer left")
    world.undo()
    world.undo()
    notes = [entry.body for entry in world.journal.read(world.branch) if isinstance(entry.body, Note)]
    assert notes == [Note(kind="cancelled", text="boss: the customer left")]


def test_a_tenants_own_policies_hold() -> None:
    sources = {path.name: path.read_text() for path in sorted(FOLDER.glob("*.cedar"))}
    never = '@id("acme-never") @reason("nothing is released here") forbid (principal, action, resource == Septet::Tool::"release");'
    world = World(policies=CedarPolicies(sources, (FOLDER / "schema.cedarschema").read_text(), {"acme": never}))
    world.did("reserve", 0)
    assert world.settled().outcome == "unsettled"
    assert "the tenant's policies forbid release: nothing is released here" in world.named[0]
    assert world.order == []


def test_of_a_fork_what_it_made_is_undone_and_nothing_else_in_branches_too() -> None:
    world = World(lineage="run-0")
    aside = Branch(tenant="acme", run="run-1", path="aside")
    world.platform.runs.part("acme", "run-1", ["aside"])
    world.did("reserve", 0, by_run="run-0")
    world.did("reserve", 4, by_run="run-0", branch=aside)
    world.pen().write(Forked(run="run-0", at=2, overrides={}, by="boss"))
    world.did("reserve", 1)
    world.did("reserve", 2, by_run="run-0")
    world.did("tell", 3, by_run="run-0")
    assert world.settled() == Undone(outcome="undone", undone=1, named=0)
    assert world.order == ["p1"]


def test_an_effect_that_a_fork_asked_for_twice_or_met_when_it_was_taken_up_again_is_its_own_all_the_same() -> None:
    world = World(lineage="run-0")
    world.pen().write(Forked(run="run-0", at=0, overrides={}, by="boss"))
    world.did("reserve", 1)
    world.did("reserve", 1, "met")
    world.did("reserve", 2, "unwritten")
    world.did("reserve", 2, "met")
    assert world.settled() == Undone(outcome="undone", undone=2, named=0)
    assert world.order == ["p2", "p1"]


def test_what_a_fork_did_stays_when_its_origin_is_cancelled() -> None:
    world = World()
    world.did("reserve", 1, by_run="run-2")
    assert world.settled() == Undone(outcome="undone", undone=0, named=0)
    assert world.order == []


@pytest.mark.parametrize("fails", [[], [True, False], [True, False, False]], ids=["whole", "before its result", "after its note"])
def test_after_its_origin_undid_an_effect_a_fork_makes_its_own_which_is_undone_by_itself(fails: list[bool]) -> None:
    world = World()
    key = effect_key(MANIFESTS["reserve"], "run-1", {"number": 1})
    world.did("reserve", int(key, 16))
    world.journal.fails = fails
    world.settled()
    world.journal.fails = []
    (released,) = world.order
    forked = world.platform.submit("run-2", {"message": "x"})
    world.descends("run-2")
    call = Call(
        manifest=MANIFESTS["reserve"],
        arguments={"number": 1},
        branch=forked,
        origin="run-1",
        principal="c",
        until=world.platform.clock.now + 60_000,
    )
    hands = world.platform.gateway.house.hands
    assert [hands.perform(call).repeated for _ in range(2)] == [False, True]
    assert world.made == [again_key(key)], "for its tool it is another call, and one"
    with pytest.raises(RunCancelled, match="was undone"):
        hands.perform(replace(call, branch=world.branch, origin=""))
    pen = Pen(journal=world.journal, branch=forked, clock=world.platform.clock, head=after(world.journal.read(forked)), agent="a", turn="t")
    pen.write(ToolIntent(call="c", tool="reserve", arguments={"number": 1}, key=key, reasons=()))
    world.run = "run-2"
    assert world.settled() == Undone(outcome="undone", undone=1, named=0)
    assert world.order == [released, "new"]
    assert world.settled() == Undone(outcome="undone", undone=1, named=0)
    assert world.order == [released, "new"]


def test_after_a_stop_nothing_is_undone() -> None:
    world = World()
    world.did("reserve", 0)
    world.platform.ledger.stop("acme", "run-1", "enough")
    with pytest.raises(RunStopped):
        world.undo()
    assert world.order == []


def test_in_a_cancelled_run_an_agent_reads_and_does_nothing() -> None:
    world = World()
    world.platform.runs.cancel("acme", "run-1", by="boss", reason="")
    pins = {name: one.pin for name, one in MANIFESTS.items()}
    call = Calls(
        branch=world.branch,
        head=after(world.journal.read(world.branch)),
        agent="clerk",
        turn="t",
        bundle="b",
        calls=(ToolCall(id="c", tool="reserve", arguments={"number": 1}),),
        pins=pins,
    )
    with pytest.raises(RunCancelled):
        world.platform.fresh_gateway().handle(call)
    unknown = replace(call, calls=(ToolCall(id="c", tool="nothing", arguments={}),))
    assert len(world.platform.fresh_gateway().handle(unknown)) == 1


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        ({"a": "arguments.x", "b": "result.y.z"}, {"a": 1, "b": 2}),
        ({"a": "result.none"}, None),
        ({"a": "result.y.z.deeper"}, None),
        ({}, {}),
    ],
)
def test_arguments_come_from_the_record_alone(paths: dict[str, str], found: Any) -> None:
    assert filled(paths, {"x": 1}, {"y": {"z": 2}}) == found
