"""A run of three branches, over the real API on doubles: whatever looks at a run looks at all of it."""

import json
from collections.abc import Callable
from copy import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from local.cli.application import application
from local.cli.surroundings import Surroundings
from septet.core.entries import Answer, Erased, ModelReply, Note
from septet.core.journal import Branch, Pen, after
from septet.integration.erasing import Wanted, erase
from septet.integration.reading import Part, excerpt, report
from septet.orchestration.ends import Ends, Sought
from septet.orchestration.parting import Parter, Parting
from septet.orchestration.resolution import Resolver, Resolving
from septet.orchestration.resolving.gathering import Keys
from tests.unit.integration.conftest import Office, principal
from tests.unit.local.cli.test_audit import AUDITOR, over, seal

PATHS = ("voters-0", "voters-1", "voters-2")
SECRET = "the words of a branch"
type Command = Callable[..., Result]


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def run(office: Office) -> str:
    """A run in which three branches voted; sealed while they worked, and when it had ended."""
    name = office.start()
    main = Branch(tenant="acme", run=name)
    ends = Ends(journal=office.journal, ledger=office.ledger)
    parting = Parting(step="voters", agent="", field="message", most=3, percent=60)
    Parter(journal=office.journal, ledger=office.ledger, runs=office.runs, clock=office.clock).part(main, parting)
    seal(office)
    for path in PATHS:
        answer = Answer(value={"text": SECRET})
        write(office, replace(main, path=path), ModelReply(model="m", text=SECRET, calls=(), stop="end"), answer, cost=0)
    resolving = Resolving(step="voters", method="vote", sought=Sought(field="text"), keys=Keys())
    Resolver(journal=office.journal, ends=ends, clock=office.clock).resolve(main, resolving)
    office.write(name, Answer(value={"text": "done"}))
    office.end(name)
    office.runs.close("acme", name, status="succeeded", ended_at=office.clock())
    office.ledger.close("acme", name)
    seal(office)
    return name


def write(office: Office, branch: Branch, *bodies: object, cost: int) -> None:
    pen = Pen(journal=office.journal, branch=branch, clock=office.clock, head=after(office.journal.read(branch)), agent="voter", turn="v")
    for body in bodies:
        pen.write(body, cost=cost)  # type: ignore[arg-type]  # any body


@pytest.fixture
def septet(office: Office) -> Command:
    def command(*arguments: str, token: str = AUDITOR) -> Result:
        outside = Surroundings(
            twin=lambda _: None,  # type: ignore[arg-type, return-value]  # nobody asks for it
            seed=lambda *_: 0,
            transport=over(office),
            wait=lambda _: None,
            now=lambda: office.clock.now / 1000,
        )
        settings = {"SEPTET_URL": "https://septet.example", "SEPTET_TOKEN": token, "NO_COLOR": "1", "COLUMNS": "200"}
        return CliRunner().invoke(application(), arguments, obj=outside, env=settings, catch_exceptions=False)

    return command


def branch(run: str, path: str) -> Branch:
    return Branch(tenant="acme", run=run, path=path)


def test_an_audit_covers_every_branch(septet: Command, run: str) -> None:
    found = json.loads(septet("audit", "verify", run, "--json").stdout)
    assert found["verified"]
    assert {one["branch"]: (one["entries"], one["unsealed"]) for one in found["branches"]} == {
        "main": (4, 0),
        **dict.fromkeys(PATHS, (3, 0)),
    }


def test_what_was_changed_or_cut_in_a_branch_is_found(septet: Command, run: str, office: Office) -> None:
    third = branch(run, "voters-2")
    entry = list(office.journal.read(third))[1]
    office.journal.put(third, replace(entry, body=Note(kind="repair", text="nothing")))
    office.journal.cut(branch(run, "voters-1"), 2)
    found = json.loads(septet("audit", "verify", run, "--json").stdout)
    assert not found["verified"]
    assert {one["where"] for one in found["findings"]} == {f"{run}/voters-1", f"{run}/voters-2"}


def test_an_export_holds_every_branch_and_is_verified_as_a_file(septet: Command, run: str, tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    result = septet("export", run, "--output", str(file))
    assert result.exit_code == 0, result.output
    assert file.read_text().count(SECRET) >= 6
    result = septet("audit", "verify", str(file), "--json")
    assert json.loads(result.stdout)["verified"], result.stdout
    file.write_text(file.read_text().replace(SECRET, "other words", 1))
    assert not json.loads(septet("audit", "verify", str(file), "--json").stdout)["verified"]


def test_verifying_adds_up_what_every_branch_cost(septet: Command, run: str) -> None:
    result = septet("verify", run, "--json")
    assert result.exit_code == 0, result.output
    assert [one["branch"] for one in json.loads(result.stdout)["branches"]] == ["main", *PATHS]


def test_the_report_counts_and_the_journal_shows_every_branch(run: str, office: Office) -> None:
    told = report(run, principal("eve", "auditor"), office.ports)
    assert told.summary.model_calls == 3
    assert told.summary.path == ("voter", "refunds")
    found = excerpt(run, principal("eve", "auditor"), office.ports, part=Part(branch="voters-1"))
    assert [entry.body.type for entry in found.entries] == ["request", "model_reply", "answer"]


def test_erasing_takes_every_branch(septet: Command, run: str, office: Office) -> None:
    office.clock.now += 86_400_000
    erase(Wanted(of="run", subject=run), principal("root", "admin"), office.ports)
    for path in ("main", *PATHS):
        assert all(isinstance(entry.body, Erased) for entry in office.journal.read(branch(run, path)))
    assert json.loads(septet("audit", "verify", run, "--json").stdout)["verified"]
