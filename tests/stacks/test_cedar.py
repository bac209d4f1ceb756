"""Trees with one thing wrong in their policies: the synth says which file, which policy, and what to do."""

import json
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from septet.security.cedar import policies as runtime_policies
from stacks.catalog import CatalogError, read
from stacks.catalog.generated import files
from stacks.settings import SettingsError, settings
from tests.stacks.conftest import REAL, SCHEMA
from tests.stacks.templates import context, synthesise

READS = "policies/reads.cedar"
OWN = "policies/own/ours.cedar"
TENANT = "policies/tenants/acme.cedar"


def policy(head: str = "forbid (principal, action, resource)", marks: str = '@id("x") @reason("it is so")', when: str = "") -> str:
    return f"{marks} {head} {f'when {{ {when} }}' if when else ''};\n"


def problems(tree: Path, file: str, text: str) -> tuple[str, ...]:
    """What the synth says of *tree* with *text* in *file*."""
    (tree / file).parent.mkdir(exist_ok=True)
    (tree / file).write_text(text)
    with pytest.raises(CatalogError) as caught:
        read(tree)
    return caught.value.problems


def archives(folder: Path) -> list[ZipFile]:
    """The code of the functions."""
    return [ZipFile(BytesIO(path.read_bytes())) for path in folder.rglob("*.zip")]


PERMIT = "permit (principal, action, resource)"
TWO = "policies/two.cedar"
AMONG_TOOLS = "there is find_thing, pay_thing"

CASES: dict[str, tuple[str, str, str]] = {
    "syntax": (TWO, "forbid (principal", f"{TWO}: is not Cedar: unexpected end of input; docs/policies.md shows how one is written"),
    "blank": (TWO, " \n", f"{TWO}: is empty: write it"),
    "only comments": (TWO, "// later\n", f"{TWO}: holds no policy: write one, or remove the file"),
    "a slot": (TWO, policy("forbid (principal == ?principal, action, resource)"), f"{TWO}: has a policy with a slot"),
    "no id": (TWO, policy(marks='@reason("r")'), f'{TWO}: policy 1: has no @id: add @id("...") with a name that no other policy has'),
    "no reason": (TWO, policy(marks='@id("x")'), f"{TWO}: x: has no @reason: add"),
    "id twice in a file": (TWO, policy() * 2, f"{TWO}: x: has the @id of a policy in {TWO}: give each its own"),
    "id twice in two files": (TWO, policy(marks='@id("read") @reason("r")'), f"{TWO}: read: has the @id of a policy in {READS}"),
    "a tenant's id of the platform's": (TENANT, policy(marks='@id("read") @reason("r")'), f"{TENANT}: read: has the @id of a policy in"),
    "unknown outcome": (
        TWO,
        policy(marks='@id("x") @reason("r") @outcome("maybe")'),
        f'{TWO}: x: has the @outcome \'maybe\': a forbid has "deny" or "ask"',
    ),
    "the other's outcome": (
        TWO,
        policy(PERMIT, marks='@id("x") @reason("r") @outcome("deny")'),
        f'{TWO}: x: has the @outcome \'deny\': a permit has "allow" or "ask"',
    ),
    "misspelt annotation": (
        TWO,
        policy(marks='@id("x") @reason("r") @outcom("ask")'),
        f"{TWO}: x: has the annotation @outcom, did you mean 'outcome'?: nothing reads it; there is enforced, id, outcome, reason",
    ),
    "what the schema does not have": (
        TWO,
        policy(when="context.mood"),
        f'{TWO}: x: does not fit {SCHEMA}: attribute `mood` in context for Septet::Action::"write-private" not found; correct',
    ),
    "a number held against a text": (TWO, policy(when='context.labels.target > "x"'), f"{TWO}: x: does not fit {SCHEMA}"),
    "an effect there is not": (
        TWO,
        policy('forbid (principal, action == Septet::Action::"sends", resource)'),
        f"{TWO}: x: does not fit {SCHEMA}",
    ),
    "a generic policy about a tool": (
        TWO,
        policy('forbid (principal, action, resource == Septet::Tool::"pay_thing")'),
        f"{TWO}: x: names the tool 'pay_thing': move it into policies/own/; policies here know effects and labels only",
    ),
    "a generic policy about an agent": (TWO, policy(when='principal == Septet::Agent::"clerk"'), f"{TWO}: x: names the agent 'clerk'"),
    "a generic policy about what went before": (
        TWO,
        policy(when='context.history.before.contains("pay_thing")'),
        f"{TWO}: x: names the tool 'pay_thing'",
    ),
    "a tool there is not": (
        OWN,
        policy('forbid (principal, action, resource == Septet::Tool::"pay_thin")'),
        f"{OWN}: x: names the tool 'pay_thin', did you mean 'pay_thing'?: {AMONG_TOOLS}",
    ),
    "an agent there is not": (TENANT, policy(when='[Septet::Agent::"clark"].contains(principal)'), f"{TENANT}: x: names the agent 'clark'"),
    "after a tool there is not": (
        OWN,
        policy(
            'forbid (principal, action, resource == Septet::Tool::"pay_thing")',
            when='if context.secret then true else !(context.history.before.containsAny(["find_thing", "find_thin"]))',
        ),
        f"{OWN}: x: names the tool 'find_thin', did you mean 'find_thing'?",
    ),
    "a tenant's permit": (TENANT, policy(PERMIT), f"{TENANT}: x: permits: a tenant's own policies only restrict; make it a forbid"),
    "a file of no tenant": (
        "policies/tenants/Acme_Ltd.cedar",
        policy(),
        "policies/tenants/Acme_Ltd.cedar: is named as no tenant can be: use its name",
    ),
    "a file nobody reads": (
        "policies/more/two.cedar",
        policy(),
        "policies/more/two.cedar: is not read: move it into policies/, policies/own/ or policies/tenants/",
    ),
    "no schema": (SCHEMA, "", f"{SCHEMA}: is empty: write it"),
    "a broken schema": (SCHEMA, "entity X =", f"{SCHEMA}: is no schema of Cedar's: error parsing schema: unexpected end of input"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_named(tree: Path, case: str) -> None:
    file, text, said = CASES[case]
    (found,) = problems(tree, file, text)
    assert found.startswith(said)


def test_without_policies_nothing_could_be_done(tree: Path) -> None:
    (tree / READS).unlink()
    with pytest.raises(CatalogError, match=r"policies/: holds no \*\.cedar, and without a policy every call is denied: write one"):
        read(tree)


def test_without_a_schema_nothing_can_be_checked(tree: Path) -> None:
    (tree / SCHEMA).unlink()
    with pytest.raises(CatalogError, match=f"{SCHEMA}: is missing: add it, what policies may ask about"):
        read(tree)


def test_a_file_that_is_no_text_is_named(tree: Path) -> None:
    (tree / TWO).write_bytes(b"\xff")
    with pytest.raises(CatalogError, match=f"{TWO}: is not UTF-8"):
        read(tree)


def test_what_is_wrong_is_told_at_once(tree: Path) -> None:
    both = policy(marks='@id("x")', when="context.mood") + policy(marks='@reason("r")', when="context.humour")
    assert [found.split(": ")[1] for found in problems(tree, TWO, both)] == ["policy 2", "policy 2", "x", "x"]


def test_a_deployment_may_write_about_its_own_tools(tree: Path) -> None:
    for file in (OWN, TENANT, "policies/tenants/b-2.cedar"):  # two tenants may use one id
        text = policy('forbid (principal == Septet::Agent::"clerk", action, resource == Septet::Tool::"pay_thing")', when="context.secret")
        (tree / file).parent.mkdir(exist_ok=True)
        (tree / file).write_text(text.replace('"x"', '"own"' if file == OWN else '"x"'))
    found = read(tree).policies
    assert (list(found.sources), list(found.tenants)) == ([READS, OWN], ["acme", "b-2"])


def test_what_is_written_beside_the_gateway_is_what_the_runtime_decides_by(tree: Path) -> None:
    catalog = read(tree)
    written = json.loads(files(catalog, catalog.steps["gateway"].function)["policies.json"])
    assert written == {
        "sources": {READS: (tree / READS).read_text()},
        "schema": (tree / SCHEMA).read_text(),
        "tenants": {},
        "mode": "enforce",
    }
    assert runtime_policies(written)
    real = read(REAL)
    assert runtime_policies(json.loads(files(real, real.steps["gateway"].function)["policies.json"]))


def test_an_environment_may_decide_in_shadow(tree: Path, tmp_path: Path) -> None:
    modes = {}
    for mode in ("enforce", "shadow"):
        made = synthesise(read(tree), tmp_path / mode, policies_mode=mode)
        (declared,) = [
            json.loads(archive.read("policies.json")) for archive in archives(made.folder) if "policies.json" in archive.namelist()
        ]
        modes[mode] = declared["mode"]
        outputs = [each.get("Outputs", {}) for each in made.by_stack.values()]
        assert [one["PoliciesMode"]["Value"] for one in outputs if "PoliciesMode" in one] == [mode], "septet status reads it there"
    assert modes == {"enforce": "enforce", "shadow": "shadow"}


def test_production_may_not() -> None:
    given = context(environment="prod", account="1", region="r", issuer="i", jwks_url="j", policies_mode="shadow")
    with pytest.raises(
        SettingsError, match=r"environments\.prod\.policies_mode is shadow, which stops nothing, .* set policies_mode to enforce"
    ):
        settings(given, ambient={})
    assert settings({**given, "policies_mode": "enforce"}, ambient={}).policies_mode == "enforce"
    assert settings({**given, "policies_mode": ""}, ambient={}).policies_mode == "enforce"


def test_there_is_no_third_mode() -> None:
    with pytest.raises(SettingsError, match=r"environments\.twin\.policies_mode is 'off', none of enforce, shadow"):
        settings(context(policies_mode="off"), ambient={})
