"""docs/routing.md says what is so: the classes, the figures, and a state machine that the catalogue takes."""

import json
import re
from pathlib import Path

from septet.core.choices import HALF_LIFE
from septet.orchestration.choosing import BAND, EXPLORE
from septet.orchestration.selecting import FULL
from septet.orchestration.taking_over import TRIES
from stacks.catalog import read
from stacks.catalog.handing import LONGEST, LOST, TAKEN

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/routing.md").read_text()
PLAIN = " ".join(PAGE.split())


def test_the_classes_are_those_that_another_agent_may_go_on_after() -> None:
    listed = re.search(r"Classes: (.*?)\. After other failures", PLAIN)
    assert listed
    assert re.findall(r"`([A-Z][\w.]+)`", listed[1]) == [*TAKEN, *LOST]


def test_the_figures_are_those_of_the_code() -> None:
    assert f"within {BAND * 100:.0f} points" in PLAIN
    assert EXPLORE == 0.1
    assert "One choice in ten" in PLAIN
    assert HALF_LIFE == 7 * 24 * 3_600_000
    assert "halved each week" in PLAIN
    assert f"not full ({FULL} choices in two minutes" in PLAIN
    assert f"at most {LONGEST:,} characters" in PLAIN
    assert TRIES == 2
    assert "each agent at most twice in a run" in PLAIN


def test_the_states_that_are_shown_are_the_demo_s() -> None:
    block, *_ = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    shown = json.loads(f"{{{block}}}")
    there = json.loads((ROOT / "state_machines/support.asl.json").read_text())["States"]
    for name in ("Who takes the refund over?", "Does anybody take it over?"):
        assert shown[name].items() <= there[name].items(), name
    rule = shown["Refunds works on the refund"]["Catch"][0]
    same = there["Refunds works on the refund"]["Catch"][1]
    assert [rule[key] for key in ("Assign", "Output", "Next")] == [same[key] for key in ("Assign", "Output", "Next")]


def test_what_is_said_of_support_is_so() -> None:
    catalog = read(ROOT)
    assert catalog.workflows["support"].degraded
    assert catalog.agents["refunds"].take_over == {"any": ("refunds_fallback",)}
    assert "generalist" in catalog.agents
