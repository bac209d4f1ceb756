"""The workflow that has a claim examined, through the HTTP API: a vote, a tie that a judge breaks, the first good verdict, and none at all.

Each claim is examined on a tenant of its own, so that no run is taught by another. In each another
thing tells the pool's variants apart: one is sick, stopped, full, or dearer.
"""

import json
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from local.library import archive, put
from septet.aws.items import item, values
from septet.core.entries import Answer, Entry, Failure, ModelCall, ModelReply, Note, Request, Resolved, Routed
from septet.core.journal import Branch
from tests.conftest import REPOSITORY
from tests.desk import Desk, plain, until

pytestmark = pytest.mark.timeout(600)
VOTED = "The Tarn Sound causeway was opened to traffic on 3 June 1987."
TIED = "The causeway was opened on the day that had been announced."
FIRST = "The bearings of the swing span were replaced for 446,000 crowns."
NOBODY = "Nobody can say whether this claim holds."
CLAIMS = (VOTED, TIED, FIRST, NOBODY)
ASSESSORS = tuple(f"assessors-{number}" for number in range(3))
CHEAP, DEAR = "assessor", "assessor_pro"
MARKED = 2_000
"""Milliseconds after the claim by which the losers are marked as stopped."""


@dataclass(kw_only=True)
class Assessed:
    """One run for each claim."""

    twin: Any
    desks: dict[str, Desk] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)

    def submit(self, claim: str, **more: str) -> None:
        self.runs[claim] = self.desks[claim].submit("assess", {"message": claim, **more})

    def ended(self, claim: str) -> dict[str, Any]:
        return self.desks[claim].ended(self.runs[claim], seconds=150)

    def journal(self, claim: str, path: str = "main") -> list[Entry]:
        desk = self.desks[claim]
        return list(desk.store.read(Branch(tenant=desk.tenant, run=self.runs[claim], path=path)))

    def bodies[T](self, claim: str, kind: type[T], path: str = "main") -> list[T]:
        return [entry.body for entry in self.journal(claim, path) if isinstance(entry.body, kind)]

    def chosen(self, claim: str) -> list[Routed]:
        """Who was chosen from the pool, in each branch."""
        return [one for path in ASSESSORS for one in self.bodies(claim, Routed, path) if one.purpose == "pool"]

    def all_chosen(self, claim: str, *holds: Callable[[], None]) -> None:
        """Wait for the choices; *holds* are called meanwhile, for runs of other tests may teach the platform otherwise."""

        def chosen() -> bool | None:
            for hold in holds:
                hold()
            return len(self.chosen(claim)) == len(ASSESSORS) or None

        until(chosen, seconds=100, what=f"three choices for {claim}")

    @contextmanager
    def held(self, table: str, key: Mapping[str, Any], held: Callable[[], Mapping[str, Any]]) -> Iterator[Callable[[], None]]:
        """Meanwhile the table says what is *held* under *key*, as if the platform had learnt it; what is given says it once more."""
        client, name = self.twin.client("dynamodb"), f"{self.twin.prefix}-{table}"

        def hold() -> None:
            client.put_item(TableName=name, Item=item({**key, **held()}))

        hold()
        try:
            yield hold
        finally:
            client.delete_item(TableName=name, Key=item(dict(key)))


def now() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture(scope="module")
def assessed(twin: Any) -> Iterator[Assessed]:
    with ExitStack() as stack:
        made = Assessed(twin=twin, desks={claim: stack.enter_context(Desk(twin=twin)) for claim in CLAIMS})
        for claim in (VOTED, TIED, FIRST):
            put(twin.client("dynamodb"), f"{twin.prefix}-documents", made.desks[claim].tenant, archive())
        other = made.desks[NOBODY]
        stop = {"scope": "agent", "name": CHEAP, "reason": "its prompt is being looked at"}
        other.http.post("/v1/stops", json=stop, headers=other.token("night-shift", "operator")).raise_for_status()
        roles = tomllib.loads((REPOSITORY / "policies" / "models.toml").read_text())["roles"]

        def ill() -> dict[str, int]:
            return {"open_until": now() + 100_000}

        def well() -> dict[str, int]:
            return {"failures": 0}

        def busy() -> dict[str, int]:
            return {"minute": now() // 60_000, "choices": 1_000, "earlier": 0}

        def health(held: Callable[[], Mapping[str, Any]], *names: str) -> list[Callable[[], None]]:
            models = {model for name in names for model in roles[name]}
            return [stack.enter_context(made.held("health", {"model": model}, held)) for model in models]

        unlike = set(roles["balanced"]) - set(roles["fast"])
        assert unlike, "what makes all models of the cheap one sick leaves one of the other's"
        sick = health(ill, "fast")
        made.submit(TIED, method="weighted")
        made.all_chosen(TIED, *sick)
        sound = health(well, "fast", "balanced")
        made.ended(TIED)  # by then nobody takes the models for sick any more
        for hold in sound:
            hold()
        made.submit(NOBODY)
        made.submit(FIRST, method="first")
        made.all_chosen(FIRST, *sound)
        with made.held("choices", {"pk": "*#load", "agent": CHEAP}, busy) as hold:
            made.submit(VOTED)
            made.all_chosen(VOTED, hold, *sound)
        yield made


def test_the_verdict_of_most_stands_whatever_its_spelling(assessed: Assessed) -> None:
    run = assessed.ended(VOTED)
    assert (run["status"], run["degraded"]) == ("succeeded", False)
    assert run["answer"]["verdict"] == "supported"
    assert run["answer"]["sources"] == ["minutes-1987-06-09"]
    (resolved,) = assessed.bodies(VOTED, Resolved)
    assert (resolved.method, resolved.winner, resolved.missing) == ("vote", "assessors-1", {})
    assert [(group["by"], group["votes"]) for group in resolved.rationale["groups"]] == [
        (["assessors-0"], 1),
        (["assessors-1", "assessors-2"], 2),
    ]
    assert "arbiter" not in run["path"]


def test_a_writer_cannot_tell_another_verdict_than_the_one_that_stands(assessed: Assessed) -> None:
    assessed.ended(VOTED)
    (told,) = (note.text for note in assessed.bodies(VOTED, Note) if note.kind == "check")
    assert "The verdict that stands is supported" in told
    assert "board-secret-ledger is no document that an assessor or you have read" in told


def test_assessors_know_nothing_of_each_other(assessed: Assessed) -> None:
    assessed.ended(VOTED)
    asked = [assessed.bodies(VOTED, Request, path)[0].input for path in ASSESSORS]
    assert asked == [{"question": VOTED, "opinion": f"{number} of 3"} for number in (1, 2, 3)]
    for path in ASSESSORS:
        assert len(assessed.bodies(VOTED, Answer, path)) == 1
        assert len({entry.agent for entry in assessed.journal(VOTED, path) if entry.agent}) == 1


def test_a_tie_of_the_equally_sure_is_broken_by_a_judge_who_does_not_know_whose_verdicts_they_are(assessed: Assessed) -> None:
    run = assessed.ended(TIED)
    assert (run["status"], run["answer"]["verdict"]) == ("succeeded", "refuted")
    (resolved,) = assessed.bodies(TIED, Resolved)
    assert (resolved.method, resolved.winner, resolved.rationale["choice"]) == ("judge", "assessors-1", "answer_1")
    (shown,) = assessed.bodies(TIED, Resolved, "assessors-judge")
    assert [one["verdict"] for one in shown.value.values()] == ["refuted", "supported"]
    assert not any("confidence" in one for one in shown.value.values())
    (told,) = (note.text for note in assessed.bodies(TIED, Note, "assessors-judge") if note.kind == "check")
    assert "choose one of answer_1, answer_2" in told


def test_an_assessor_that_fails_is_followed_by_the_other_variant_and_then_leaves_a_gap(assessed: Assessed) -> None:
    assessed.ended(TIED)
    (resolved,) = assessed.bodies(TIED, Resolved)
    assert set(resolved.missing) == {"assessors-2"}
    failed = [entry.agent for entry in assessed.journal(TIED, "assessors-2") if isinstance(entry.body, Failure)]
    (first,) = assessed.bodies(TIED, Routed, "assessors-2")[:1]
    assert failed == [first.to, *({DEAR, CHEAP} - {first.to})]


def test_the_first_good_verdict_wins_and_the_others_cost_one_more_step_at_most(assessed: Assessed) -> None:
    run = assessed.ended(FIRST)
    assert (run["status"], run["answer"]["verdict"]) == ("succeeded", "supported")
    (claim,) = (entry for entry in assessed.journal(FIRST) if isinstance(entry.body, Routed) and entry.body.purpose == "first")
    assert claim.body.to == "assessors-1", "the first to answer was not sure enough"
    (resolved,) = assessed.bodies(FIRST, Resolved)
    assert (resolved.method, resolved.winner, resolved.missing) == ("first", "assessors-1", {"assessors-2": "RunStopped"})
    loser = assessed.journal(FIRST, "assessors-2")
    assert sum(isinstance(entry.body, ModelReply) and entry.at > claim.at for entry in loser) <= 1, "the call that it was in"
    assert sum(isinstance(entry.body, ModelCall) and entry.at > claim.at + MARKED for entry in loser) == 0
    assert not any(isinstance(entry.body, Answer) for entry in loser)


def test_the_model_server_saw_no_call_that_no_journal_has(assessed: Assessed) -> None:
    assessed.ended(FIRST)
    called = Counter(entry.agent for path in ASSESSORS for entry in assessed.journal(FIRST, path) if isinstance(entry.body, ModelCall))
    assert called
    for agent in (CHEAP, DEAR):
        seen = plain().get(f"{assessed.twin.doubles}/calls", params={"run": assessed.runs[FIRST], "agent": agent}).raise_for_status().json()
        assert len(seen["calls"]) == called[agent], agent


def test_without_any_verdict_a_prepared_answer_is_given(assessed: Assessed) -> None:
    run = assessed.ended(NOBODY)
    assert (run["status"], run["degraded"], run["failure"]["class"]) == ("succeeded", True, "NoAnswer")
    assert "none of our assessors could give a verdict" in run["answer"]["text"]
    assert assessed.bodies(NOBODY, Resolved) == []


@pytest.mark.parametrize(
    ("claim", "agent", "why", "marks"),
    [
        (TIED, DEAR, "healthy", {CHEAP: {"sick"}, DEAR: set()}),
        (VOTED, DEAR, "not full", {CHEAP: {"full"}, DEAR: set()}),
        (NOBODY, DEAR, "the only one", {CHEAP: {"stopped"}}),
        (FIRST, CHEAP, "cheapest", {CHEAP: set(), DEAR: set()}),
    ],
)
def test_of_the_pool_one_is_chosen_by_health_load_and_price_and_the_journal_says_why(
    assessed: Assessed, claim: str, agent: str, why: str, marks: dict[str, set[str]]
) -> None:
    """Where the journal says what the fixture held, this was chosen: other runs may teach otherwise meanwhile, not for all branches."""
    assessed.all_chosen(claim)
    met = 0
    for one in assessed.chosen(claim):
        assert one.of == "assessors"
        candidates = one.rationale["candidates"]
        if all({name for name in ("sick", "full", "stopped") if candidates[other].get(name)} == marked for other, marked in marks.items()):
            met += 1
            assert one.to == agent
            assert why in one.rationale["why"]
    assert met


def test_the_pool_learns_from_branches_and_holds_nothing_against_who_was_only_slower(assessed: Assessed) -> None:
    for claim in CLAIMS:
        assessed.ended(claim)

    def learnt(claim: str) -> dict[str, tuple[int, int]]:
        key = f"{assessed.desks[claim].tenant}#assessors"
        found = assessed.twin.client("dynamodb").query(
            TableName=f"{assessed.twin.prefix}-choices",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=item({":pk": key}),
            ConsistentRead=True,
        )
        return {one["agent"]: (round(one["good"] / 1000), round(one["bad"] / 1000)) for one in map(values, found["Items"])}

    def told(claim: str) -> dict[str, tuple[int, int]]:
        """Who was chosen in each branch, and whether they did well: by the journals. Losers of a race did neither."""
        counted: dict[str, tuple[int, int]] = {}
        for path in ASSESSORS:
            chosen = assessed.bodies(claim, Routed, path)[0].to
            answered = [entry.agent for entry in assessed.journal(claim, path) if isinstance(entry.body, Answer)]
            failed = [one for one in assessed.bodies(claim, Failure, path) if one.error != "RunStopped"]
            if answered or failed:
                good, bad = counted.get(chosen, (0, 0))
                counted[chosen] = (good + (answered == [chosen]), bad + (answered != [chosen]))
        return counted

    def agreed(claim: str) -> bool | None:
        return learnt(claim) == told(claim) or None

    for claim, branches in {VOTED: 3, TIED: 3, FIRST: 2, NOBODY: 3}.items():
        assert sum(good + bad for good, bad in told(claim).values()) == branches, "all but who lost"
        until(partial(agreed, claim), seconds=150, what=f"what the run teaches that examines {claim}")
    assert learnt(NOBODY) == {DEAR: (0, 3)}


def test_no_content_enters_the_state_machine(assessed: Assessed) -> None:
    for claim in (VOTED, TIED, FIRST, NOBODY):
        pages = assessed.twin.client("stepfunctions").get_paginator("get_execution_history")
        events = [event for page in pages.paginate(executionArn=assessed.ended(claim)["execution"]) for event in page["events"]]
        history = json.dumps(events, default=str)
        assert "assessors-0" in history
        assert not [word for word in ("causeway", "bearings", "holds", "supported", "refuted", "minutes-1987") if word in history]
