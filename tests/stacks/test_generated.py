"""The JSON files that the synth puts beside handlers, against the contract that the runtime reads."""

import json
from pathlib import Path
from typing import Any

import pytest

from septet.execution.agents import agent as runtime_agent
from septet.security.manifests import manifest as runtime_manifest
from stacks.catalog import read
from stacks.catalog.generated import bundle, digest, endpoints, files, grants, manifests, workflows

REAL = Path(__file__).parents[2]


def bundles(tree: Path) -> dict[str, Any]:
    catalog = read(tree)
    return {name: bundle(catalog, agent) for name, agent in catalog.agents.items()}


def test_a_bundle_is_all_that_an_agent_is(tree: Path) -> None:
    found = bundles(tree)["clerk"]
    assert found["prompt"] == "Pay for the thing.\n"
    assert found["models"] == [
        {
            "id": "us.large-model",
            "provider": "bedrock",
            "input_price": 3_000_000,
            "output_price": 15_000_001,
            "cache_read_price": 3_000_000,
            "cache_write_price": 3_000_000,
            "context": 200_000,
            "max_output": 8_000,
            "capabilities": ["tools", "images"],
            "weight": 1,
            "endpoint": "",
            "region": "",
            "secret": "",
        }
    ]
    assert (found["fallback"], found["cache_seconds"]) == ({}, 0)
    assert [tool["name"] for tool in found["tools"]] == ["find_thing", "pay_thing"]
    assert found["tools"][0]["input_schema"]["properties"] == {"thing": {"type": "string"}}
    assert found["answer_schema"]["required"] == ["paid"]
    assert found["hand_over_to"] == []


def test_an_agent_that_plans_is_told_what_its_tools_declare(tree: Path) -> None:
    file = tree / "functions/agents/scout/agent.toml"
    file.write_text("plan = true\n" + file.read_text())
    found = bundles(tree)
    assert (found["scout"]["plan"], found["clerk"]["plan"]) == (True, False)
    assert found["scout"]["tools"][0]["output"]["fields"] == {"holder": {"label": "record"}}
    assert "output" not in found["clerk"]["tools"][0]
    assert runtime_agent(found["scout"]).plan


def test_what_an_hour_of_an_instance_costs_is_told_of_models_that_are_on_one(tree: Path) -> None:
    assert endpoints(read(tree)) == {}
    file = tree / "policies/models.toml"
    before = bundles(tree)["clerk"]["models"]
    tuned = '"sagemaker"\nendpoint = "tuned"\ninstance = "ml.g5.xlarge"\nhour_price = "1.408"'
    file.write_text(file.read_text().replace('"bedrock"', tuned, 1))
    assert endpoints(read(tree)) == {"small-model": 1_408_000}
    assert bundles(tree)["clerk"]["models"] == before, "no agent reads it"


def test_every_limit_is_always_there(tree: Path) -> None:
    found = bundles(tree)
    default = {"model_calls": 12, "tool_calls": 24, "tokens": 200_000, "cost": 1_000_000, "seconds": 900, "identical_calls": 3}
    default |= {"reply_tokens": 4_096, "result_bytes": 16_384}
    assert found["scout"]["limits"] == default
    assert found["clerk"]["limits"] == default | {"model_calls": 4, "cost": 250_000}
    assert found["scout"]["answer_schema"] is None


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("functions/agents/scout/prompt.md", "Find it well."),
        ("functions/agents/scout/handler.py", "handler = print  # changed\n"),
        ("functions/agents/scout/more.py", "# added\n"),
        ("functions/tools/find_thing/tool.toml", None),
        ("policies/models.toml", None),
        ("functions/agents/scout/agent.toml", None),
    ],
)
def test_a_bundle_is_another_when_anything_in_it_changes(tree: Path, file: str, text: str | None) -> None:
    before = bundles(tree)
    old = (tree / file).read_text() if (tree / file).exists() else ""
    new = text or old.replace("Find a thing", "Find any thing").replace('"0.06"', '"0.07"').replace("Finds a thing", "Finds any thing")
    assert new != old
    (tree / file).write_text(new)
    after = bundles(tree)
    assert before["scout"]["bundle"] != after["scout"]["bundle"]
    assert len(after["scout"]["bundle"]) == 16


def test_a_bundle_stays_when_nothing_in_it_changes(tree: Path) -> None:
    before = bundles(tree)
    (tree / "functions/agents/scout/__pycache__").mkdir()
    (tree / "functions/agents/scout/__pycache__/handler.pyc").write_bytes(b"x")
    (tree / "functions/agents/scout/tests").mkdir()
    (tree / "functions/agents/scout/tests/test_handler.py").write_text("")
    (tree / "functions/agents/clerk/prompt.md").write_text("Pay.")
    (tree / "functions/agents/scout/prompt.md").touch()
    assert bundles(tree)["scout"] == before["scout"]


def test_only_what_runs_is_shipped(tree: Path) -> None:
    catalog = read(tree)
    shipped = {function.hole: sorted(files(catalog, function)) for function in catalog.functions}
    assert shipped["AgentScout"] == ["bundle.json", "handler.py", "prompt.md"]
    assert shipped["ToolPayThing"] == ["handler.py"]
    assert shipped["StepGateway"] == ["grants.json", "handler.py", "manifests.json", "policies.json"]
    assert shipped["StepApi"] == ["handler.py", "workflows.json"]
    assert shipped["StepAuthorize"] == ["handler.py"]


def test_the_api_knows_what_each_tool_takes() -> None:
    catalog = read(REAL)
    shipped = files(catalog, next(function for function in catalog.functions if function.hole == "StepApi"))
    assert sorted(name for name in shipped if name.endswith(".json")) == ["agents.json", "schemas.json", "workflows.json"]
    assert json.loads(shipped["schemas.json"])["issue_refund"]["properties"]["amount_cents"]["minimum"] == 1
    known = json.loads(shipped["workflows.json"])
    assert [name for name in known if known[name]["starts_runs"]] == ["batch"], "what is not forked"
    assert sorted(known["research"]["agents"]) == ["judge", "planner", "research_writer", "researcher", "researcher_lite"]


def test_the_gateway_knows_the_tools_and_whose_they_are(tree: Path) -> None:
    catalog = read(tree)
    assert manifests(catalog)["pay_thing"] | {"input_schema": {}} == {
        "description": "Pay for a thing",
        "effect": "financial",
        "repeat": "keyed",
        "identity": ["thing", "cents"],
        "timeout": 5,
        "input_schema": {},
        "arguments": {"cents": {"role": "amount", "ask_above": 500}},
        "output": {},
        "approval": {"seconds": 300},
        "roles": [],
        "reconcile": False,
    }
    assert grants(catalog) == {"clerk": ["find_thing", "pay_thing"], "scout": ["find_thing"]}


@pytest.mark.parametrize("root", ["tree", "real"])
def test_a_bundle_pins_each_tool_as_the_gateway_has_it(tree: Path, root: str) -> None:
    catalog = read(tree if root == "tree" else REAL)
    known = {name: runtime_manifest(name, value).pin for name, value in manifests(catalog).items()}
    for declared in catalog.agents.values():
        assert {tool["name"]: tool["pin"] for tool in bundle(catalog, declared)["tools"]} == {name: known[name] for name in declared.tools}


def test_the_api_knows_the_workflows(tree: Path) -> None:
    found = workflows(read(tree))["errand"]
    assert found["description"] == "A thing is found and paid for."
    assert found["input_schema"]["properties"]["thing"]["x-septet-source"] == "trusted"


@pytest.mark.parametrize("root", ["tree", "real"])
def test_the_runtime_reads_what_the_synth_writes(tree: Path, root: str) -> None:
    catalog = read(tree if root == "tree" else REAL)
    for name, declared in catalog.agents.items():
        found = runtime_agent(json.loads(json.dumps(bundle(catalog, declared))))
        assert found.name == name
    for name, value in manifests(catalog).items():
        assert runtime_manifest(name, json.loads(json.dumps(value))).name == name


def test_a_digest_tells_where_one_file_ends() -> None:
    assert digest({"a": b"bc"}) != digest({"ab": b"c"})
    assert digest({"a": b"x", "b": b""}) != digest({"a": b"", "b": b"x"})
    assert digest({"a": b"1", "b": b"2"}) == digest({"b": b"2", "a": b"1"})
