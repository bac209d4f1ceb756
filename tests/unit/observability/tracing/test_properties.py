"""What holds of the spans of every journal, sensible or not."""

from copy import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from septet.core.entries import ApprovalAsked, Entry
from septet.execution.agents import Agent
from septet.observability.places import Place
from septet.observability.spans import Span
from tests.unit.execution.test_properties import agents, worlds
from tests.unit.observability.tracing.stories import CALLER, RUN, TRACES, Story, folded, roots, stories, through_json
from tests.unit.play import Game, World

many = settings(deadline=None, max_examples=60)


def attempts(story: Story) -> list[str]:
    """Roots that there are: an attempt in which no branch has an entry of its own is known by the record alone, if it is the last."""
    return [root for root in roots(story) if root in folded(story)]


def covered(span: Span) -> set[tuple[str, int]]:
    """Entries that a span tells of, by what it says of itself."""
    path = str(span.attributes.get("septet.branch", "main"))
    found = {(path, int(str(event.attributes["septet.entry"]))) for event in span.events}
    if "septet.entry.first" in span.attributes:
        first, last = (int(str(span.attributes[f"septet.entry.{end}"])) for end in ("first", "last"))
        found |= {(path, number) for number in range(first, last + 1)}
    return found


@many
@given(stories())
def test_a_run_is_one_whole_trace(story: Story) -> None:
    spans = folded(story)
    tops = [span for span in spans.values() if span.name.startswith("invoke_workflow")]
    assert sorted(span.span for span in tops) == sorted(attempts(story))
    assert tops[-1].span == roots(story)[-1]
    for span in spans.values():
        assert span.trace == "65000000000000000000000000000001"
        assert span.start <= span.end
        if span in tops:
            assert span.parent == CALLER
        else:
            parent = spans[span.parent]
            assert parent.start <= span.start
            assert span.end <= parent.end
        assert all(span.start <= event.at <= span.end for event in span.events)
        assert all(link.span in spans or story.run.copied for link in span.links)


@many
@given(stories())
def test_every_entry_of_its_own_is_told_of(story: Story) -> None:
    told = set().union(*(covered(span) for span in folded(story).values()))
    assert {(path, entry.number) for path, entry in story.own()} <= told


@many
@given(stories())
def test_nothing_that_a_fork_took_over_is_told_of(story: Story) -> None:
    copied = {(place.path, entry.number) for place, entry in story.places() if place.copied(entry)}
    told = set().union(*(covered(span) for span in folded(story).values()))
    assert not copied & told


@many
@given(stories())
def test_the_state_through_json_gives_the_same_spans(story: Story) -> None:
    assert folded(story, through_json) == folded(story)


@many
@given(stories(), st.integers(0, 30))
def test_what_is_told_before_somebody_is_killed_is_told_again(story: Story, cut: int) -> None:
    """Whoever told spans and was killed before noting how far it came leaves none that the next one does not replace."""
    whole = folded(story)
    cut_short = Story(run=story.run, branches={path: entries[:cut] for path, entries in story.branches.items()})
    before = [span for place, entries in cut_short.branches.items() for span in _taken(place, entries, story)]
    assert {span.span for span in before} <= whole.keys()


def _taken(path: str, entries: list[Entry], story: Story) -> list[Span]:
    state, spans = TRACES.from_json(None), []
    for entry in entries:
        state, told = TRACES.take(state, Place(run=story.run, path=path), entry)
        spans += told
    return spans


@settings(deadline=None, max_examples=40)
@given(agents(), worlds)
def test_a_whole_turn_is_told_call_by_call(who: Agent, world: World) -> None:
    game = Game(agent=who, world=world).play()
    run = replace(RUN, created_at=0, status="succeeded", ended_at=len(game.entries))
    story = Story(run=run, branches={"main": game.entries})
    spans = list(folded(story).values())
    turn = next(span for span in spans if span.name == f"invoke_agent {who.name}")
    chats = [span for span in spans if span.name.startswith("chat ")]
    assert turn.parent == roots(story)[0]
    assert {span.parent for span in chats} <= {turn.span}
    count = sum(body.type in ("model_reply", "model_failed") for body in game.bodies)
    assert len(chats) == count
    calls = [span for span in spans if span.name.startswith("execute_tool")]
    assert len(calls) == sum(body.type == "tool_result" for body in game.bodies)
    waits = [span for span in spans if span.name == "septet.approval"]
    assert len(waits) == sum(isinstance(body, ApprovalAsked) for body in game.bodies)
    assert turn.attributes["septet.cost"] == sum(entry.cost for entry in game.entries)
