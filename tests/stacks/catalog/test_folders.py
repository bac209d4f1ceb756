"""Folders and files: gaps, orphans, names, handlers, and what a step declares."""

import shutil
from pathlib import Path

import pytest

from stacks.catalog import CatalogError, read
from tests.stacks.catalog.breaking import (
    FIND,
    GATEWAY,
    INPUT,
    MODELS,
    SCOUT,
    Case,
    add,
    drop,
    swap,
    told,
    write,
)

CASES: dict[str, Case] = {
    "agent without handler": (drop("functions/agents/scout/handler.py"), "functions/agents/scout/: has no handler.py: add it"),
    "agent without declaration": (drop(SCOUT), "functions/agents/scout/: has no agent.toml: add it"),
    "tool without declaration": (drop(FIND), "functions/tools/find_thing/: has no tool.toml: add it"),
    "agent without prompt": (
        drop("functions/agents/scout/prompt.md"),
        "functions/agents/scout/prompt.md: is missing: add it, the agent's system prompt",
    ),
    "blank prompt": (lambda tree: (tree / "functions/agents/scout/prompt.md").write_text(" \n"), "prompt.md: is empty"),
    "prompt in Latin 1": (lambda tree: (tree / "functions/agents/scout/prompt.md").write_bytes(b"\xe9"), "prompt.md: is not UTF-8"),
    "folder with a bad name": (
        add("functions/agents/Scout2/handler.py", "x"),
        "functions/agents/Scout2/: is no name: use a lower-case letter",
    ),
    "folder of no kind": (
        add("functions/robots/one/handler.py", "x"),
        "functions/robots/: is no kind of function: use agents, tools or steps",
    ),
    "tool without policy": (
        drop("policies/tools/pay_thing.json"),
        'policies/tools/pay_thing.json: is missing: add it, {"Version": "2012-10-17", "Statement": []} when',
    ),
    "step without policy": (drop("policies/steps/api.json"), "policies/steps/api.json: is missing: add it"),
    "policy without tool": (add("policies/tools/old.json", "{}"), "policies/tools/old.json: belongs to no folder functions/tools/old/"),
    "policy without step": (add("policies/steps/old.json", "{}"), "policies/steps/old.json: belongs to no folder functions/steps/old/"),
    "policy for an agent": (
        add("policies/agents/scout.json", "{}"),
        "policies/agents/scout.json: is not read: what an agent may do is generated",
    ),
    "workflow without input": (drop(INPUT), "state_machines/errand.input.json: is missing: add it, the JSON Schema of the run's input"),
    "input without workflow": (add("state_machines/old.input.json", "{}"), "state_machines/old.input.json: belongs to no workflow"),
    "stray file among workflows": (add("state_machines/notes.txt", "x"), "state_machines/notes.txt: belongs to no workflow"),
    "workflow with a bad name": (add("state_machines/No-Name.asl.json", "{}"), "state_machines/No-Name.asl.json: is no name"),
    "layer without list": (
        drop("layers/dependencies/core/requirements.txt"),
        "layers/dependencies/core/requirements.txt: is missing: compile it",
    ),
    "no boundary": (drop("policies/boundaries/steps.json"), "policies/boundaries/steps.json: is missing: add it"),
    "a boundary of nobody": (
        add("policies/boundaries/robots.json", "{}"),
        "policies/boundaries/robots.json: bounds no kind of role: there is steps, workers, workflows",
    ),
    "no models": (drop(MODELS), "policies/models.toml: cannot be read as TOML"),
    "unknown stack": (swap(GATEWAY, '"security"', '"securty"'), f"{GATEWAY}: stack: is 'securty', did you mean 'security'?"),
    "unknown layer": (swap(GATEWAY, 'layer = "core"', 'layer = "cor"'), f"{GATEWAY}: layer: is 'cor', did you mean 'core'?"),
    "unknown declaration": (swap(GATEWAY, '"grants"', '"grant"'), f"{GATEWAY}: declarations: names 'grant', did you mean 'grants'?"),
    "two functions for one hole": (
        lambda tree: [shutil.copytree(tree / "functions/agents/scout", tree / f"functions/agents/{name}") for name in ("a1b", "a_1b")],
        "functions/agents/a_1b/: and a1b are both ${AgentA1b} in a state machine",
    ),
    "module without handler": (
        write("functions/agents/scout/handler.py", "def handle() -> None:\n    handler = 1\n"),
        "functions/agents/scout/handler.py: defines no 'handler': end it with handler = serve(...)",
    ),
    "tool without handler": (
        write("functions/tools/pay_thing/handler.py", "import handlers\n"),
        "functions/tools/pay_thing/handler.py: defines no 'handler'",
    ),
    "empty handler": (write("functions/steps/api/handler.py", ""), "functions/steps/api/handler.py: is empty: write it"),
    "handler that is no Python": (
        write("functions/steps/api/handler.py", "def handler(:\n"),
        "functions/steps/api/handler.py: cannot be read as Python: invalid syntax",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_named(tree: Path, case: str) -> None:
    told(tree, CASES[case])


@pytest.mark.parametrize(
    "case",
    [
        "module without handler",
        "empty handler",
        "handler that is no Python",
        # what names a folder, a role or a model is not wrong because the file that declares it is
        "agent without declaration",
        "no models",
        "tool without declaration",
    ],
)
def test_one_fault_is_one_problem(tree: Path, case: str) -> None:
    assert len(told(tree, CASES[case]).problems) == 1


@pytest.mark.parametrize(
    "module",
    ["handler = 1", "handler: object = 1", "def handler(): ...", "from somewhere import handler", "from somewhere import main as handler"],
)
def test_a_handler_may_be_defined_in_any_way(tree: Path, module: str) -> None:
    write("functions/agents/scout/handler.py", module)(tree)
    assert read(tree)


def test_a_step_the_platform_needs_is_missed(tree: Path) -> None:
    shutil.rmtree(tree / "functions/steps/gateway")
    (tree / "policies/steps/gateway.json").unlink()
    with pytest.raises(CatalogError, match="functions/steps/gateway/: the folder is missing"):
        read(tree).step("gateway")


def test_what_git_leaves_of_a_removed_folder_is_no_function(tree: Path) -> None:
    cache = tree / "functions/agents/gone/__pycache__"
    cache.mkdir(parents=True)
    (cache / "handler.cpython-313.pyc").write_bytes(b"")
    assert "gone" not in read(tree).agents
