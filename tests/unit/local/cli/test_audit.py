"""The auditors' commands against the real API over the doubles: what is done to the stores is found, and said."""

import json
from collections.abc import Callable
from copy import replace
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest
from aws_lambda_powertools import Logger
from typer.testing import CliRunner, Result

from local.cli.application import application
from local.cli.surroundings import Surroundings
from septet.core.entries import Answer, Erased, ModelReply, Note
from septet.core.journal import Branch, Head, Pen
from septet.core.seals import Seal, root
from septet.integration.http.application import Api
from septet.integration.submitting import Submission, submit
from septet.local.journal import MemoryJournal
from septet.local.seals import MemoryKey
from tests.unit.integration.conftest import Office, principal
from tests.unit.integration.http.conftest import CONTEXT, event
from tests.unit.local.cli.output import unwrapped

HOUR = 3_600_000
AUDITOR, ADMIN = "acme/eve/auditor", "acme/root/admin"
type Command = Callable[..., Result]


def over(office: Office) -> httpx.MockTransport:
    """The API's own handler, as something that requests travel through."""
    api = Api(office.ports, Logger(service="audit"))

    def answer(request: httpx.Request) -> httpx.Response:
        sent = event(
            request.method,
            request.url.path,
            headers=dict(request.headers),
            query=parse_qs(request.url.query.decode(), keep_blank_values=True),
            body=request.content.decode() or None,
        )
        found = api(sent, CONTEXT)
        return httpx.Response(found["statusCode"], content=found["body"])

    return httpx.MockTransport(answer)


@pytest.fixture
def world() -> Office:
    """Two runs that were sealed twice: when one was at its second entry, and when both had ended; later a third began."""
    office = Office()
    first, second = office.start(), office.start(principal("bob"))
    seal(office)
    office.write(first, ModelReply(model="m", text="secret words", calls=(), stop="end"), Answer(value={"text": "soon"}), cost=3)
    office.write(second, Answer(value=1))
    for run in (first, second):
        office.end(run)
        office.runs.close("acme", run, status="succeeded", ended_at=office.clock())
    seal(office)
    office.start()
    office.clock.now += 1000
    return office


def seal(office: Office) -> None:
    """An hour passes, and the sealer comes."""
    office.clock.now += HOUR
    assert office.sealer.seal(lambda: True).failed == 0


def runs(office: Office) -> list[str]:
    """The runs in the order they were started."""
    return [run.run for run in sorted(office.runs.records.values(), key=lambda run: run.created_at)]


@pytest.fixture
def septet(world: Office) -> Command:
    def run(*arguments: str, token: str = AUDITOR, stdin: str | None = None) -> Result:
        outside = Surroundings(
            twin=lambda _: None,  # type: ignore[arg-type, return-value]  # nobody asks for it
            seed=lambda *_: 0,
            transport=over(world),
            wait=lambda _: None,
            now=lambda: world.clock.now / 1000,
        )
        settings = {"SEPTET_URL": "https://septet.example", "SEPTET_TOKEN": token, "NO_COLOR": "1", "COLUMNS": "200"}
        return CliRunner().invoke(application(), arguments, obj=outside, env=settings, input=stdin, catch_exceptions=False)

    return run


def findings(result: Result) -> list[str]:
    """What programs are told, one text a finding."""
    return [f"{one['where']}: {one['what']} ({one['since']})" for one in json.loads(result.stdout)["findings"]]


def test_untouched_journals_are_verified_and_what_is_newer_is_said_to_be_unsealed(septet: Command, world: Office) -> None:
    result = septet("audit", "verify")
    assert result.exit_code == 0, result.output
    shown = unwrapped(result.stdout)
    assert "acme 2 seals, the last is" in shown
    assert "verified: 6 entries are what they were; 1 of them no seal covers yet" in shown
    document = json.loads(septet("audit", "verify", "--json").stdout)
    assert document["verified"]
    assert not document["keys_given"]
    newest = runs(world)[-1]
    assert {one["run"]: one["unsealed"] for one in document["branches"] if one["entries"]}[newest] == 1


def test_what_no_seal_covers_is_not_said_to_be_the_original(septet: Command, world: Office) -> None:
    newest = runs(world)[-1]
    shown = unwrapped(septet("audit", "verify", newest).stdout)
    assert "consistent, but no seal covers it yet (1 entry): nothing shows that they are the original" in shown
    assert "sealing runs every 15 minutes" in shown
    assert "verified" not in shown
    older = unwrapped(septet("audit", "verify", runs(world)[0]).stdout)
    assert "verified: 3 entries are what they were" in older


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run-nothere",), "run-nothere is neither a run's id nor a file"),
        (("no/such.jsonl",), "no/such.jsonl is neither a run's id nor a file"),
        (("README.md",), "README.md is no exported run: it is not JSON"),
        (("--key", "README.md"), "README.md holds no public key"),
        (("--key", "no/such.pem"), "no/such.pem cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_checked_is_said_in_a_sentence(septet: Command, arguments: tuple[str, ...], said: str) -> None:
    result = septet("audit", "verify", *arguments)
    assert result.exit_code == 2
    assert f"septet: {said} fix: " in unwrapped(result.stderr)


def branch(office: Office, place: int = 0) -> Branch:
    return Branch(tenant="acme", run=runs(office)[place])


def change_body(office: Office) -> None:
    entry = list(office.journal.read(branch(office)))[1]
    office.journal.put(branch(office), replace(entry, body=Note(kind="repair", text="nothing")))


def change_header(office: Office) -> None:
    entry = list(office.journal.read(branch(office)))[1]
    office.journal.put(branch(office), replace(entry, cost=1))


def rewrite(office: Office) -> None:
    """All of the branch from entry 1 on, with hashes that fit: the chain alone tells nothing."""
    where, clock = branch(office), office.clock
    entries = list(office.journal.read(where))
    office.journal.cut(where, 1)
    pen = Pen(journal=office.journal, branch=where, clock=clock, head=Head(number=1, hash=entries[0].hash))
    pen.write(Answer(value="another"))
    pen.write(Answer(value="story"))


def cut(office: Office) -> None:
    office.journal.cut(branch(office), 2)


def empty(office: Office) -> None:
    office.journal.cut(branch(office), 0)


def remove_run(office: Office) -> None:
    where = branch(office, 1)
    del office.runs.records[where.tenant, where.run]
    office.journal.cut(where, 0)


def swap(office: Office) -> None:
    where = branch(office)
    one, two = list(office.journal.read(where))[1:3]
    office.journal.put(where, replace(two, number=1))
    office.journal.put(where, replace(one, number=2))


def erase_silently(office: Office) -> None:
    entry = list(office.journal.read(branch(office)))[1]
    office.journal.put(branch(office), replace(entry, body=Erased(), salt=""))


def kept(office: Office, place: int) -> tuple[tuple[str, str], Seal]:
    return sorted(office.seals.kept.items())[place]


def forge_leaves(office: Office) -> None:
    place, made = kept(office, 1)
    leaves = tuple(replace(leaf, number=leaf.number - 1) for leaf in made.leaves)
    office.seals.kept[place] = replace(made, leaves=leaves)


def forge_statement(office: Office) -> None:
    place, made = kept(office, 1)
    leaves = made.leaves[:1]
    office.seals.kept[place] = replace(made, leaves=leaves, statement=replace(made.statement, leaves=1, root=root(leaves)))


def forge_signature(office: Office) -> None:
    place, made = kept(office, 1)
    office.seals.kept[place] = replace(made, signature=MemoryKey().sign(made.statement.encoded()))


def lose_seal(office: Office) -> None:
    del office.seals.kept[kept(office, 0)[0]]


def replace_first(office: Office) -> None:
    """With one that is signed by the right key: somebody had it sign another."""
    place, made = kept(office, 0)
    other = replace(made.statement, at=made.statement.at + 1)
    office.seals.kept[place] = replace(made, statement=other, signature=office.key.sign(other.encoded()))


def move_seal(office: Office) -> None:
    (tenant, _), made = kept(office, 1)
    office.seals.kept[tenant, "2030-01-01T00-000"] = made


def lose_last_seal(office: Office) -> None:
    del office.seals.kept[kept(office, 1)[0]]
    office.clock.now += 3 * HOUR


TAMPERED = {
    "an entry's body": (change_body, "the body of entry 1 was changed"),
    "an entry's header": (change_header, "entry 1 was changed"),
    "a whole story with fitting hashes": (rewrite, "entry 2 is not the one that seal"),
    "the end": (cut, "entry 2 is gone from its end: seal"),
    "all entries": (empty, "all its entries are gone; seal"),
    "a whole run": (remove_run, "all its entries are gone; seal"),
    "the order": (swap, "entry 1 does not follow the entry before it"),
    "a body that nobody ordered to be erased": (erase_silently, "the body of entry 1 is gone"),
    "a seal's branches": (forge_leaves, "its branches are not those that were signed"),
    "a seal's statement": (forge_statement, "its signature is not by a key that is trusted"),
    "a seal's signature": (forge_signature, "its signature is not by a key that is trusted"),
    "a missing seal": (lose_seal, "a seal before it is missing"),
    "a seal that was made anew": (replace_first, "it does not follow the seal before it"),
    "a seal under another name": (move_seal, "it was made as"),
    "the last seal": (lose_last_seal, "in no seal, though older than two hours"),
}


@pytest.mark.parametrize("kind", TAMPERED)
def test_whatever_was_done_is_found(septet: Command, world: Office, kind: str) -> None:
    tamper, expected = TAMPERED[kind]
    tamper(world)
    result = septet("audit", "verify", "--json")
    assert result.exit_code == 1, result.output
    assert any(expected in finding for finding in findings(result)), findings(result)
    shown = septet("audit", "verify")
    assert shown.exit_code == 1
    assert "NOT verified" in shown.stdout
    assert expected in unwrapped(shown.stdout)


def test_since_when_is_said(septet: Command, world: Office) -> None:
    last = kept(world, 1)[0][1]
    cut(world)
    (finding,) = findings(septet("audit", "verify", "--json"))
    assert finding.endswith(f"(done after seal {last})")
    seal(world)
    world.runs.unsealed["acme", runs(world)[0]] = "again"
    seal(world)
    (finding,) = [one for one in findings(septet("audit", "verify", "--json")) if "gone from its end" in one]
    assert finding.endswith(f"(done after seal {last} and before seal {kept(world, -1)[0][1]})")


def test_a_seal_that_was_noted_has_to_be_there(septet: Command, world: Office) -> None:
    noted = json.loads(septet("audit", "verify", "--json").stdout)["last_seal_hash"]
    assert septet("audit", "verify", "--kept", noted).exit_code == 0
    del world.seals.kept[kept(world, 1)[0]]
    result = septet("audit", "verify", "--kept", noted, "--json")
    assert any("seals were taken away" in finding for finding in findings(result))
    assert septet("audit", "verify", "--kept", "nothing").exit_code == 2


def test_one_run_is_verified_by_itself(septet: Command, world: Office) -> None:
    change_body(world)
    broken, whole, _ = runs(world)
    assert septet("audit", "verify", broken).exit_code == 1
    assert septet("audit", "verify", whole).exit_code == 0


def test_a_key_that_is_given_is_the_only_one_that_is_trusted(septet: Command, tmp_path: Path) -> None:
    right, wrong = tmp_path / "right.pem", tmp_path / "wrong.pem"
    right.write_text(septet("audit", "key").stdout)
    wrong.write_text(MemoryKey().pem()[1])
    assert json.loads(septet("audit", "verify", "--key", str(right), "--json").stdout)["keys_given"]
    assert septet("audit", "verify", "--key", str(wrong)).exit_code == 1
    assert septet("audit", "verify", "--key", str(wrong), "--key", str(right)).exit_code == 0
    wrong.write_text("no key")
    assert septet("audit", "verify", "--key", str(wrong)).exit_code == 2


def test_others_may_not(septet: Command) -> None:
    for token in ("acme/eve/submitter", "acme/eve/approver"):
        assert septet("audit", "verify", token=token).exit_code == 3


class TestExport:
    @pytest.fixture
    def file(self, septet: Command, world: Office, tmp_path: Path) -> Path:
        path = tmp_path / "run.jsonl"
        result = septet("export", runs(world)[0], "-o", str(path))
        assert result.exit_code == 0, result.output
        assert "holds 3 entries of" in unwrapped(result.stdout)
        assert "2 seals have it" in unwrapped(result.stdout)
        return path

    def test_a_file_is_verified_without_asking_anybody(self, world: Office, file: Path, tmp_path: Path) -> None:
        key = tmp_path / "key.pem"
        key.write_text(world.key.pem()[1])
        world.journal = MemoryJournal()
        nothing = Surroundings(twin=lambda _: None, seed=lambda *_: 0, now=lambda: world.clock.now / 1000)  # type: ignore[arg-type, return-value]  # nobody asks
        result = CliRunner().invoke(application(), ["audit", "verify", str(file), "--key", str(key), "--json"], obj=nothing)
        document = json.loads(result.stdout)
        assert result.exit_code == 0
        assert (document["verified"], document["keys_given"], document["seals"]) == (True, True, 2)
        (branch,) = document["branches"]
        assert (branch["entries"], branch["unsealed"]) == (3, 0)
        assert branch["sealed"] == document["last_seal"]

    def test_that_its_first_line_is_not_proven_is_said(self, septet: Command, file: Path) -> None:
        file.write_text(file.read_text().replace('"status":"succeeded"', '"status":"failed"', 1))
        result = septet("audit", "verify", str(file))
        assert result.exit_code == 0
        assert "No seal covers the run's record in the file's line 1 (status, submitter" in unwrapped(result.stdout)

    def test_it_holds_the_bodies_and_no_other_run(self, world: Office, file: Path) -> None:
        text = file.read_text()
        assert "secret words" in text
        first, *others = runs(world)
        assert first in text
        assert not [other for other in others if other in text]

    @pytest.mark.parametrize(
        ("old", "new", "expected"),
        [
            ("secret words", "public words", "the body of entry 1 was changed"),
            ('"cost":3', '"cost":4', "entry 1 was changed"),
            ('"place":0', '"place":1', "the branch is not among those that were signed"),
            ('"number":1,"previous"', '"number":2,"previous"', "its signature is not by a key that is trusted"),
            ('"end":{"entries":3', '"end":{"entries":2', "it is not complete"),
            ('{"proof":', '{"prof":', "a line is neither an entry nor a proof"),
        ],
    )
    def test_a_file_that_was_changed_is_found(self, septet: Command, file: Path, old: str, new: str, expected: str) -> None:
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
        result = septet("audit", "verify", str(file), "--json")
        assert result.exit_code == 1
        assert any(expected in finding for finding in findings(result)), findings(result)

    @pytest.mark.parametrize("left_out", [1, 2, 3, 4, 5, 6])
    def test_no_line_can_be_left_out(self, septet: Command, file: Path, left_out: int) -> None:
        lines = file.read_text().splitlines(keepends=True)
        assert len(lines) == 7
        file.write_text("".join(lines[:left_out] + lines[left_out + 1 :]))
        assert septet("audit", "verify", str(file)).exit_code == 1

    def test_entries_cannot_be_cut_off_even_if_they_are_counted_anew(self, septet: Command, file: Path) -> None:
        lines = file.read_text().replace('"end":{"entries":3', '"end":{"entries":2').splitlines(keepends=True)
        file.write_text("".join(lines[:5] + lines[6:]))
        (finding,) = findings(septet("audit", "verify", str(file), "--json"))
        assert "entry 2 is gone from its end: seal" in finding

    def test_another_key_does_not_verify_it(self, septet: Command, file: Path, tmp_path: Path) -> None:
        other = tmp_path / "other.pem"
        other.write_text(MemoryKey().pem()[1])
        assert septet("audit", "verify", str(file), "--key", str(other)).exit_code == 1

    def test_a_submitter_exports_their_own_and_no_other(self, septet: Command, world: Office, tmp_path: Path) -> None:
        mine, bobs, _ = runs(world)
        assert septet("export", mine, "-o", str(tmp_path / "mine"), token="acme/ann/submitter").exit_code == 0
        assert septet("export", bobs, "-o", str(tmp_path / "bobs"), token="acme/ann/submitter").exit_code == 3
        assert not (tmp_path / "bobs").exists()

    def test_a_file_that_is_there_stays(self, septet: Command, world: Office, file: Path) -> None:
        before = file.read_text()
        assert septet("export", runs(world)[1], "-o", str(file)).exit_code == 2
        assert file.read_text() == before

    @pytest.mark.parametrize("text", ["", "no JSON", "[1]", '{"format": "another"}', '{"format": "septet-run/1"}'])
    def test_what_is_no_export_is_refused(self, septet: Command, tmp_path: Path, text: str) -> None:
        path = tmp_path / "file"
        path.write_text(text)
        assert septet("audit", "verify", str(path)).exit_code == 2


class TestErase:
    def test_content_goes_and_everything_verifies_as_before(self, septet: Command, world: Office, tmp_path: Path) -> None:
        run = runs(world)[0]
        result = septet("erase", "--run", run, "--yes", token=ADMIN)
        assert result.exit_code == 0, result.output
        assert "the content of 1 run is erased" in result.stdout
        assert "secret words" not in str(list(world.journal.read(branch(world))))
        assert septet("audit", "verify").exit_code == 0
        seal(world)
        checked = json.loads(septet("audit", "verify", "--json").stdout)
        assert checked["verified"]
        assert {one["run"]: one["erased"] for one in checked["branches"]}[run] == 3
        path = tmp_path / "run.jsonl"
        assert septet("export", run, "-o", str(path)).exit_code == 0
        assert septet("audit", "verify", str(path)).exit_code == 0

    def test_what_a_person_submitted_goes_and_a_run_that_goes_on_is_kept(self, septet: Command, world: Office) -> None:
        first, bobs, third = runs(world)
        result = septet("erase", "--person", "ann", "--yes", "--json", token=ADMIN)
        assert result.exit_code == 1
        done = json.loads(result.stdout)
        assert (done["erased"], done["kept"]) == ([first], {third: "it is running"})
        assert not isinstance(next(world.journal.read(Branch(tenant="acme", run=bobs))).body, Erased)

    def test_a_tenant_s_content_goes_slice_by_slice(self, septet: Command, world: Office) -> None:
        world.erases = 4
        for number in range(23):
            world.clock.now += 1
            run = submit(Submission(workflow="support", input={"message": f"m{number}"}), principal(), world.ports).run
            world.end(run)
        world.end(runs(world)[2])
        world.clock.now += 1000
        result = septet("erase", "--all-of", "acme", "--yes", "--json", token=ADMIN)
        assert result.exit_code == 0, result.output
        assert sorted(json.loads(result.stdout)["erased"]) == sorted(runs(world))
        assert all(run.erased_at for run in world.runs.records.values())
        assert septet("audit", "verify").exit_code == 0

    def test_a_person_is_asked_first(self, septet: Command, world: Office) -> None:
        assert septet("erase", "--run", runs(world)[0], stdin="n\n", token=ADMIN).exit_code == 1
        assert "secret words" in str(list(world.journal.read(branch(world))))

    @pytest.mark.parametrize(
        ("given", "said"),
        [((), "give one of --run, --person and --all-of"), (("--run", "run-1", "--person", "ann"), "give only one of --run")],
    )
    def test_exactly_one_thing_is_named(self, septet: Command, given: tuple[str, ...], said: str) -> None:
        result = septet("erase", *given, "--yes", token=ADMIN)
        assert result.exit_code == 2
        assert said in unwrapped(result.stderr)

    def test_that_there_was_nothing_to_erase_is_said(self, septet: Command) -> None:
        result = septet("erase", "--person", "nobody", "--yes", token=ADMIN)
        assert "nothing was erased: no run is theirs" in result.stdout

    @pytest.mark.parametrize("token", [AUDITOR, "acme/eve/operator,approver,submitter,auditor", "other/root/admin"])
    def test_only_an_administrator_of_the_tenant_may(self, septet: Command, world: Office, token: str) -> None:
        assert septet("erase", "--run", runs(world)[0], "--yes", token=token).exit_code == 3
        assert septet("erase", "--all-of", "acme", "--yes", token=token).exit_code == 3
        assert "secret words" in str(list(world.journal.read(branch(world))))
