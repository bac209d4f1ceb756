"""The steps of the workflow ``assess`` where a judge is asked at once: with the payloads of its state machine, restarted and forked."""

import json
from pathlib import Path
from typing import Any

import pytest

from septet.core.entries import Answer, Branched, Failure, Request, Resolved, Restarted
from septet.core.errors import InputRejected
from septet.core.journal import Branch
from septet.integration.copying import branches, last
from septet.local.journal import MemoryJournal
from septet.orchestration.comparing import Compared, Comparing
from septet.orchestration.ends import Sought
from septet.orchestration.parting import Parting
from septet.orchestration.resolution import Resolving
from septet.orchestration.resolving.gathering import Keys
from tests.unit.orchestration.parted import MAIN, World, forked

STATES: dict[str, Any] = json.loads((Path(__file__).parents[3] / "state_machines/assess.asl.json").read_text())["States"]
PATHS = ("assessors-0", "assessors-1", "assessors-2")
JUDGE = "assessors-judge"
TWO_TO_ONE = ("refuted", "refuted", "supported")


def payload(state: str) -> dict[str, Any]:
    """What *state* gives its step."""
    found: dict[str, Any] = STATES[state]["Arguments"]["Payload"]
    return found


class Assess:
    """A run of ``assess`` with the method ``judge``, step by step as its state machine goes."""

    def __init__(self) -> None:
        self.world = World()
        self.world.journal = MemoryJournal()
        self.world.write(MAIN, Request(workflow="assess", input={"message": "It was opened in 1987.", "method": "judge"}, submitter="ann"))

    def parted(self, main: Branch = MAIN) -> tuple[tuple[str, ...], str]:
        """The branches, and the method by which the state machine chooses its way."""
        given = payload("Three assessors get the claim")
        parting = Parting(agent="", **{name: given[name] for name in ("step", "field", "most", "percent")})
        return self.world.parter.part(main, parting), self.world.parter.words(main, given["words"])["method"]

    def examined(self, *verdicts: str) -> None:
        for path, verdict in zip(PATHS, verdicts, strict=True):
            answer = Answer(value={"verdict": verdict, "confidence": 0.5, "why": f"as {path} found", "sources": []})
            self.world.write(self.world.branch(path), answer, agent="assessor")

    def compared(self, main: Branch = MAIN) -> Compared:
        given = payload("A judge gets what they say")
        comparing = Comparing(step=given["step"], percent=given["percent"], sought=Sought(by=given["by"]))
        return self.world.comparer.compare(main, comparing)

    def chosen(self, verdict: str) -> None:
        """The arbiter chooses the answer that says *verdict*."""
        shown = next(body for body in self.world.bodies(JUDGE) if isinstance(body, Resolved))
        choice = next(name for name, value in shown.value.items() if value["verdict"] == verdict)
        self.world.write(self.world.branch(JUDGE), Answer(value={"choice": choice, "why": "it cites"}), agent="arbiter")

    def resolved(self, main: Branch = MAIN) -> dict[str, Any]:
        given = payload("What the judge chose stands")
        resolving = Resolving(step=given["step"], method=given["method"], sought=Sought(by=given["by"]), keys=Keys())
        return self.world.resolver.resolve(main, resolving)

    def stands(self, run: str = "run-1") -> Resolved:
        journal = self.world.journal.read(Branch(tenant="acme", run=run))
        (body,) = (entry.body for entry in journal if isinstance(entry.body, Resolved))
        return body


@pytest.fixture
def judged() -> Assess:
    """A run whose judge has chosen against the majority."""
    run = Assess()
    run.parted()
    run.examined(*TWO_TO_ONE)
    run.compared()
    run.chosen("supported")
    run.resolved()
    return run


def test_who_asks_for_a_judge_gets_one_at_once_and_no_vote_before() -> None:
    (asked,) = STATES["Is a judge to choose?"]["Choices"]
    assert (asked["Condition"], asked["Next"]) == ("{% $method = 'judge' %}", "A judge gets what they say")
    assert payload("What the judge chose stands")["method"] == "judge"
    assert Assess().parted() == (PATHS, "judge")


def test_what_the_judge_chooses_stands_against_the_majority(judged: Assess) -> None:
    stands = judged.stands()
    assert (stands.method, stands.winner, stands.value["verdict"]) == ("judge", "assessors-2", "supported")
    assert stands.paths == (*PATHS, JUDGE)
    assert judged.resolved()["tied"] is False


def test_a_judge_that_failed_judges_when_the_run_is_restarted() -> None:
    run = Assess()
    run.parted()
    run.examined(*TWO_TO_ONE)
    before = run.compared()
    run.world.write(run.world.branch(JUDGE), Failure(error="ModelUnavailable", message=""), agent="arbiter")
    run.world.write(run.world.branch(JUDGE), Restarted(turns=("arbiter",), by="ann", attempt=1), agent="")
    assert run.parted() == (PATHS, "judge")
    assert run.compared() == before, "shown once, whoever restarts"
    run.chosen("supported")
    assert run.resolved()["winner"] == "assessors-2"


def test_restarted_after_the_judgement_nothing_is_parted_compared_or_resolved_again(judged: Assess) -> None:
    before = {path: judged.world.bodies(path) for path in ("main", *PATHS, JUDGE)}
    assert judged.parted() == (PATHS, "judge")
    assert judged.compared() == Compared(branch=JUDGE, answers=2)
    assert judged.resolved()["winner"] == "assessors-2"
    assert {path: judged.world.bodies(path) for path in before} == before


def test_a_fork_after_the_judgement_takes_the_judge_with_it_and_asks_nobody_again(judged: Assess) -> None:
    entries = list(judged.world.journal.read(MAIN))
    assert last(entries, len(entries) - 1) == len(entries) - 1
    assert branches(entries) == tuple(sorted((*PATHS, JUDGE)))
    fork = forked(judged.world, branches(entries))
    assert judged.parted(fork) == (PATHS, "judge")
    assert judged.compared(fork) == Compared(branch=JUDGE, answers=2)
    assert judged.resolved(fork)["winner"] == "assessors-2"
    assert judged.stands("run-2") == judged.stands()
    copied = list(judged.world.journal.read(Branch(tenant="acme", run="run-2", path=JUDGE)))
    assert [type(entry.body) for entry in copied] == [Request, Resolved, Answer]


def test_nothing_is_forked_between_the_parting_and_the_judgement(judged: Assess) -> None:
    entries = list(judged.world.journal.read(MAIN))
    parted = [entry.number for entry in entries if isinstance(entry.body, Branched)]
    assert len(parted) == 2, "into the assessors, and to the judge"
    for at in range(parted[0], len(entries) - 1):
        with pytest.raises(InputRejected, match="lies between where assessors parted"):
            last(entries, at)
    assert last(entries, parted[0] - 1) == parted[0] - 1
