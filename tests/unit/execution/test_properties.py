"""What holds of every history: those that a turn can really have, and those that nobody would write."""

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from septet.core.entries import Body, Entry, ModelCall, ModelFailed, ModelReply, Note, ToolCall, ToolResult
from septet.core.journal import Pen, after
from septet.execution.actions import Action, CallModel
from septet.execution.agents import Agent, Limits
from septet.execution.ports import Reply
from septet.execution.turn import PASSING, Turn, decide
from septet.local.journal import MemoryJournal
from tests.unit.play import BRANCH, ENDS, TURN, Game, Move, World
from tests.unit.shop import MODEL, agent
from tests.unit.strategies import bodies, json_values, objects, quick, text, usages

thorough: Callable[[Any], Any] = settings(deadline=None, max_examples=150)
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
SMALL = {"result_bytes": 200, "reply_tokens": 100}


def _calling(tool: str, arguments: Any) -> Reply:
    return Reply(calls=(ToolCall(id="", tool=tool, arguments=arguments),), stop="tools")


names = st.sampled_from(["find_order", "find_order", "read_result", "answer", "hand_over", "no such tool"])
handles = st.builds(lambda step, place: {"call": f"call-{step}-{place}", "bytes": 150}, st.integers(0, 5), st.integers(0, 2))
ends = st.sampled_from([{"n": 1}, {"n": "one"}, {"to": "boss", "reason": "hard"}, {"to": "nobody"}])
arguments = st.one_of(objects, handles, ends, st.builds(lambda n: {"n": "x" * n}, st.integers(0, 3_000)))
asked = st.builds(ToolCall, id=st.just(""), tool=names, arguments=arguments)
anything = st.builds(
    Reply,
    text=st.sampled_from(["", "", "I am done.", "word " * 400]),
    calls=st.lists(asked, max_size=3).map(tuple),
    stop=st.sampled_from(["tools", "tools", "tools", "end", "truncated", "refused"]),
)
searching = st.builds(lambda n: _calling("find_order", {"n": n}), st.integers(0, 99))
reading = st.builds(lambda given: _calling("read_result", given), handles)
mixed = st.builds(lambda one, two: Reply(calls=one.calls + two.calls, stop="tools"), reading, searching)
ending = st.sampled_from(
    [Reply(text="I am done."), *(_calling(*last) for last in (("answer", {"n": 1}), ("hand_over", {"to": "boss", "reason": "hard"})))]
)
moves = st.builds(
    Move,
    value=st.one_of(json_values, st.integers(0, 2_000).map(lambda n: {"rows": ["é" * 10] * n})),
    error=st.sampled_from([*[""] * 8, "ToolFailed", "EffectUnknown"]),
    asks=st.sampled_from([False, False, True]),
)
worlds = st.builds(
    World,
    replies=st.builds(
        lambda work, end: [*work, end], st.lists(st.one_of(searching, reading, mixed, searching, anything), max_size=8), ending | anything
    ),
    failures=st.lists(st.sampled_from(["", "", "ModelThrottled", "ModelUnavailable", "Lost"]), max_size=6),
    moves=st.lists(moves, min_size=1, max_size=4),
    cached=st.frozensets(st.integers(0, 6), max_size=2),
    together=st.integers(1, 4),
    window=st.sampled_from([10**9, 10**9, 2_000]),
)


@st.composite
def agents(draw: st.DrawFn, **limits: int) -> Agent:
    """An agent with few limits left to chance, and a window that a game can fill."""
    drawn = {"model_calls": draw(st.integers(1, 15)), "tool_calls": draw(st.integers(0, 20)), "identical_calls": draw(st.integers(2, 4))}
    model = draw(
        st.sampled_from(
            [MODEL, *(type(MODEL)(id="m", provider="double", price=MODEL.price, max_output=100, context=n) for n in (4_000, 6_000))]
        )
    )
    whole = Limits(cost=draw(st.sampled_from([10**9, 10**9, 20_000])), tokens=draw(st.sampled_from([10**9, 10**9, 5_000])))
    return agent(
        models=(model,),
        answer_schema=draw(st.sampled_from([None, SCHEMA])),
        hand_over_to=draw(st.sampled_from([(), ("boss",)])),
        limits=replace(whole, **(drawn | SMALL | limits)),
    )


def counted(game: Game) -> Counter[str]:
    """Entries by type; a call that failed for something that passes is none."""
    count = Counter(body.type for body in game.bodies)
    passing = sum(isinstance(body, ModelFailed) and body.error in PASSING for body in game.bodies)
    return count - Counter(model_call=passing, model_failed=passing)


@thorough
@given(agents(), worlds)
def test_every_turn_ends_once_within_its_limits(who: Agent, world: World) -> None:
    game = Game(agent=who, world=world).play()
    count, limits = counted(game), who.limits
    assert len(game.ends) == 1
    assert isinstance(game.bodies[-1], ENDS)
    assert count["model_call"] <= limits.model_calls
    assert count["tool_result"] <= limits.tool_calls
    assert count["note"] <= 1
    assert count["model_reply"] <= limits.model_calls + len(world.cached)
    assert count["compacted"] <= 2 * count["model_call"] + 1
    if not world.cached:
        assert count["model_call"] == count["model_reply"] + count["model_failed"]


@thorough
@given(agents(), worlds)
def test_every_prefix_gives_the_action_that_was_taken_and_always_the_same(who: Agent, world: World) -> None:
    game = Game(agent=who, world=world).play()
    taken = dict(game.seen)
    for length in range(1, len(game.entries) + 1):
        action = decide(who, game.entries[:length], TURN)
        assert action == decide(who, game.entries[:length], TURN)
        assert action is not None or length == len(game.entries)
        if length in taken:
            assert action == taken[length]


@thorough
@given(agents(model_calls=1_000), worlds, st.data())
def test_a_turn_taken_up_after_any_prefix_ends_the_same(who: Agent, world: World, data: st.DataObject) -> None:
    who = replace(who, limits=replace(who.limits, tokens=10**9))
    whole = Game(agent=who, world=world).play()
    for length in data.draw(st.lists(st.integers(1, len(whole.entries)), min_size=1, max_size=5)):
        again = Game(agent=who, world=world, history=whole.entries[:length]).play()
        assert again.bodies[-1] == whole.bodies[-1]
        if getattr(whole.bodies[-1], "error", "") != "EffectUnknown":  # an unknown effect ends a turn at once, whatever else was under way
            assert again.turn.conversation.messages == whole.turn.conversation.messages
            assert again.turn.conversation.size == whole.turn.conversation.size


STOPLESS = st.sampled_from(
    [
        Reply(calls=(ToolCall(id="", tool="find_order", arguments={}),), stop="tools"),
        Reply(calls=tuple(ToolCall(id="", tool="read_result", arguments={"call": "call-0-0", "from": n}) for n in range(3)), stop="tools"),
        Reply(calls=tuple(ToolCall(id="", tool="find_order", arguments={"n": n}) for n in range(400)), stop="tools"),
        Reply(calls=(ToolCall(id="", tool="answer", arguments={"n": "one"}),), stop="tools"),
        Reply(calls=(ToolCall(id="", tool="hand_over", arguments={"to": "nobody"}),), stop="tools"),
        Reply(text="word " * 30_000, stop="truncated"),
        Reply(),
    ]
)


@quick
@given(agents(), st.lists(STOPLESS, min_size=1, max_size=4), st.lists(moves, min_size=1, max_size=4))
def test_a_model_that_never_stops_is_stopped(who: Agent, said: list[Reply], tools: list[Move]) -> None:
    game = Game(agent=who, world=World(replies=said * 30, moves=tools)).play()
    assert counted(game)["model_call"] <= who.limits.model_calls
    assert counted(game)["tool_result"] <= who.limits.tool_calls
    assert len(game.ends) == 1


@pytest.mark.parametrize(
    ("error", "asked"), [("ModelUnavailable", 6), ("Lost", 4), ("ModelRefused", 4), ("ContextOverflow", 1), ("ModelThrottled", 6)]
)
def test_a_model_that_always_fails_is_given_up(error: str, asked: int) -> None:
    journal, turn = MemoryJournal(), Turn(agent(limits=Limits(model_calls=4, seconds=10)), TURN)
    pen = Pen(journal=journal, branch=BRANCH, clock=lambda: 1_000 * pen.head.number, head=after([]), agent="clerk", turn=TURN)
    made = 0
    while isinstance(turn.act(), CallModel):
        made += 1
        turn.observe(pen.write(ModelCall(model="m", step=0)))
        turn.observe(pen.write(ModelFailed(model="m", error=error, message="")))
    assert made == asked


@st.composite
def written(draw: st.DrawFn) -> list[Entry]:
    """Any bodies in any order, as one turn's and as others'."""
    journal = MemoryJournal()
    pen = Pen(journal=journal, branch=BRANCH, clock=lambda: 1, head=after([]))
    mine: st.SearchStrategy[Body] = st.one_of(
        bodies,
        st.builds(ModelReply, model=text, text=text, calls=st.lists(_calls, max_size=3).map(tuple), stop=st.sampled_from(["end", "tools"])),
        st.builds(ToolResult, call=_ids, tool=names, value=json_values, error=st.sampled_from(["", "EffectUnknown"])),
        st.builds(ModelFailed, model=text, error=st.sampled_from(["ContextOverflow", "Lost"]), message=text),
        st.builds(Note, kind=st.just("repair"), text=text),
    )
    for body in draw(st.lists(mine, max_size=10)):
        pen.agent, pen.turn, at = draw(st.sampled_from(["clerk", "boss", ""])), draw(st.sampled_from([TURN, TURN, "", "t"])), draw(_times)
        pen.clock = lambda at=at: at  # type: ignore[misc]  # a default argument keeps this moment's time
        pen.write(body, usage=draw(usages), cost=draw(_times), labels=draw(st.dictionaries(text, text, max_size=2)))
    return list(journal.read(BRANCH))


_times = st.integers(0, 10**15)
_ids = st.sampled_from(["", "a", "b"])
_calls = st.builds(ToolCall, id=_ids, tool=names, arguments=st.one_of(json_values, arguments))


@thorough
@given(agents(), written())
def test_no_history_however_senseless_makes_it_raise(who: Agent, history: list[Entry]) -> None:
    for length in range(len(history) + 1):
        action = decide(who, history[:length], TURN)
        assert action is None or isinstance(action, Action.__args__)


class _Work:
    """Bytecode instructions that Python executes meanwhile: unlike seconds, the same on every machine."""

    def __enter__(self) -> Self:
        self.done = 0
        watch = sys.monitoring
        watch.use_tool_id(watch.PROFILER_ID, "work")
        watch.register_callback(watch.PROFILER_ID, watch.events.INSTRUCTION, self._count)
        watch.set_events(watch.PROFILER_ID, watch.events.INSTRUCTION)
        return self

    def _count(self, *_: Any) -> None:
        self.done += 1

    def __exit__(self, *_: object) -> None:
        watch = sys.monitoring
        watch.set_events(watch.PROFILER_ID, 0)
        watch.register_callback(watch.PROFILER_ID, watch.events.INSTRUCTION, None)
        watch.free_tool_id(watch.PROFILER_ID)


def test_a_step_costs_the_same_after_five_thousand() -> None:
    limits = Limits(model_calls=10**5, tool_calls=10**5, tokens=10**12, cost=10**12, result_bytes=200)
    orders = [Reply(calls=(ToolCall(id="", tool="find_order", arguments={"n": n}),), stop="tools") for n in range(5_100)]
    for value in ({"ok": True}, {"rows": ["row"] * 100}):
        model = replace(MODEL, max_output=100, context=60_000)
        game = Game(agent=agent(models=(model,), limits=limits), world=World(replies=orders, moves=[Move(value=value)]))
        costs = {}
        for start in (100, 4_900):
            while counted_steps(game) < start:
                game.step()
            with _Work() as work:
                while counted_steps(game) < start + 100:
                    game.step()
            costs[start] = work.done
        assert counted_steps(game) == 5_000
        assert costs[4_900] <= 1.2 * costs[100]


def counted_steps(game: Game) -> int:
    return game.turn._replies
