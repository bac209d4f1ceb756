"""The plan that docs/adding-an-agent.md shows is one, and played it does what the page says."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.cli.story import Story
from local.doubles.scenario.library import read as scenarios
from local.doubles.scenario.script import Step
from septet.core.entries import Entry, Request
from septet.core.journal import Branch, Head, Pen
from septet.core.runs import Run
from septet.integration.http import views
from septet.security.manifests import manifest
from septet.security.plans import plan
from stacks.catalog import read
from stacks.catalog.generated import manifests
from tests.playing import Script
from tests.playing import platform as world
from tests.stacks.test_documented import ROOT, copied, shown

if TYPE_CHECKING:
    from septet.local.tools import Handler

__all__ = ["copied"]
PAGE = (ROOT / "docs/adding-an-agent.md").read_text()
(LOADED,) = scenarios(shown()["local/scenarios/desk.yaml"], source="desk.yaml")
STEPS: list[Step] = LOADED.scenario.agents["desk"]  # type: ignore[assignment]  # the page's agent has the same script in every turn
DENIED = re.compile("(PolicyDenied: ).*(it is not in the plan that was committed).*")
"""Other policies have their reasons too, and may change."""
TOLD = re.compile(r"--input (\w+)=\"(.*?)\"")
ORDER = {"order_id": "A-1030", "customer": "customer-17", "status": "delivered", "refundable_cents": 5000}


@pytest.fixture
def played(copied: Path) -> list[Entry]:
    """The journal of the page's run."""
    tools: dict[str, Handler] = {
        "find_order": lambda *_: {"found": True, **ORDER},
        "refund_policy": lambda *_: {"due": True, "at_most_cents": 5000, "rule": "A delivered order can be refunded."},
        "issue_refund": lambda event, _: {"refund": "r-1", **{key: event["arguments"][key] for key in ("order_id", "amount_cents")}},
    }
    platform = world("desk", Script(LOADED, "desk"), tools=tools, root=copied)
    branch, given = Branch(tenant="acme", run="run-1"), dict(TOLD.findall(PAGE))
    platform.runs.create(Run(tenant="acme", run="run-1", workflow="desk", submitter="customer-17", digest="", created_at=0))
    pen = Pen(journal=platform.journal, branch=branch, clock=platform.clock, head=Head())
    pen.write(Request(workflow="desk", input=given, submitter="customer-17"), labels={"task": "trusted", "letter": "external"})
    platform.ledger.open(branch, 10**9, now=platform.clock())
    platform.turn(branch, "desk")
    return platform.entries(branch)


def test_the_page_s_plan_can_be_committed(copied: Path) -> None:
    known = {name: manifest(name, value) for name, value in manifests(read(copied)).items()}
    found = plan(STEPS[0].calls[0].arguments, known, read(copied).agents["desk"].tools)
    assert {slot.kind for step in found.steps for slot in step.slots.values()} == {"constant", "from", "extract"}


def test_watching_shows_what_the_page_says(played: list[Entry]) -> None:
    story = Story()
    lines = [line for entry in played if (line := story.tell(views.entry(entry).model_dump(mode="json")))]
    told = "\n".join(f"{line.who:<13} {line.verb:<8} {DENIED.sub(r'\1… \2 …', line.what)}" for line in lines)
    assert f"```text\n{told}\n```" in PAGE, told
