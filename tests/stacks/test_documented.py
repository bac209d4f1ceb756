"""What docs/adding-an-agent.md shows is whole: copied out file by file, the catalogue takes it."""

import json
import re
import shutil
import tomllib
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from stacks.catalog import read
from tests.playing import play

ROOT = Path(__file__).parents[2]
ADDED_TO = ("policies/workflows.toml", "policies/slo.toml")
"""Files that there are, to which the page adds."""
PART = re.compile(r"`((?:functions|policies|state_machines|local|tests)/[\w./]+\.\w+)`|^```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)


def shown() -> dict[str, str]:
    """The files of the page: a block belongs to the path that was named last."""
    files: dict[str, str] = {}
    path = ""
    for named, block in PART.findall((ROOT / "docs/adding-an-agent.md").read_text()):
        if block:
            files.setdefault(path, block)
        path = named or path
    return files


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for folder in ("functions", "layers", "policies", "state_machines"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path, text in shown().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(added((tmp_path / path).read_text(), text) if path in ADDED_TO else text)
    return with_desk(tmp_path)


def added(there: str, more: str) -> str:
    """TOML with *more* tables, those left out that are *there*: whoever has followed the page has the greeter's."""
    tables = re.split(r"^(?=\[)", more, flags=re.MULTILINE)
    return "\n".join([there, *(table for table in tables if table.partition("\n")[0] not in there.splitlines())])


def with_desk(tree: Path) -> Path:
    """What the page says of the desk in words: the greeter's handler and workflow, and a prompt."""
    agents, machines = tree / "functions/agents", tree / "state_machines"
    shutil.copy(agents / "greeter/handler.py", agents / "desk/handler.py")
    (agents / "desk/prompt.md").write_text("Refund what the task says.")
    text = (machines / "greet.asl.json").read_text()
    (machines / "desk.asl.json").write_text(text.replace("Greeter", "Desk").replace("greeter", "desk"))
    return tree


def test_the_page_shows_every_file_of_a_tool_an_agent_and_a_workflow() -> None:
    assert set(shown()) == {
        "functions/agents/desk/agent.toml",
        "functions/agents/greeter/agent.toml",
        "functions/agents/greeter/handler.py",
        "functions/agents/greeter/prompt.md",
        "functions/tools/greeting_for/handler.py",
        "functions/tools/greeting_for/tool.toml",
        "local/scenarios/desk.yaml",
        "local/scenarios/greet.yaml",
        "policies/slo.toml",
        "policies/workflows.toml",
        "policies/tools/greeting_for.json",
        "state_machines/desk.input.json",
        "state_machines/greet.asl.json",
        "state_machines/greet.input.json",
        "tests/unit/functions/test_greeter.py",
    }


def test_what_is_there_already_is_not_added_twice() -> None:
    more = shown()["policies/slo.toml"]
    once = added("", more)
    assert set(tomllib.loads(once)) == {"greet", "desk"}
    assert tomllib.loads(added(once, more)) == tomllib.loads(once)


def test_the_catalogue_takes_what_the_page_shows(copied: Path) -> None:
    catalog = read(copied)
    assert catalog.agents["greeter"].tools == ("greeting_for",)
    assert catalog.workflows["greet"].functions == ("AgentGreeter", "StepAskPerson")


def test_the_page_s_test_of_its_agent_is_green_and_red_when_the_agent_says_something_else(copied: Path) -> None:
    found: dict[str, Any] = {}
    exec(shown()["tests/unit/functions/test_greeter.py"], found)  # noqa: S102 -- our own page
    found["play"] = partial(play, root=copied)
    found["test_it_greets_as_its_tool_says"]()
    handler = copied / "functions/tools/greeting_for/handler.py"
    handler.write_text(handler.read_text().replace("Good morning", "Ahoy"))
    with pytest.raises(AssertionError):
        found["test_it_greets_as_its_tool_says"]()


def test_the_page_s_workflow_waits_and_retries_as_the_demo_s_does() -> None:
    page, demo = json.loads(shown()["state_machines/greet.asl.json"]), json.loads((ROOT / "state_machines/support.asl.json").read_text())
    agent, person = (page["States"][name] for name in ("The greeter greets", "A person decides"))
    assert agent["Retry"] == demo["States"]["Refunds works on the refund"]["Retry"]
    same = ("Resource", "TimeoutSeconds", "Retry")
    assert [person[name] for name in same] == [demo["States"]["A person decides on the refund"][name] for name in same]
    assert page["TimeoutSeconds"] == demo["TimeoutSeconds"]
    assert page["States"][page["States"]["Has the greeter finished?"]["Default"]]["Type"] == "Fail"


def test_the_page_s_workflow_may_call_an_agent_that_acts(copied: Path) -> None:
    file = copied / "functions/agents/greeter/agent.toml"
    file.write_text(file.read_text().replace('["greeting_for"]', '["issue_refund"]'))
    assert read(copied).agents["greeter"].tools == ("issue_refund",)
