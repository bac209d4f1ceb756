"""Asks somebody outside as a state of a workflow, which waits for the answer with its task token."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from septet.bootstrap.inquiries import inquirer
from septet.core.journal import Branch
from septet.entry.guard import guarded
from septet.orchestration.inquiring import Declared, declared


@cache
def inquiries() -> dict[str, Declared]:
    """What the synth wrote beside this file."""
    return declared(json.loads(Path(__file__).with_name("inquiries.json").read_bytes()))


@guarded
def handler(event: Mapping[str, Any], _: object) -> None:
    """Take ``{"tenant", "run", "step", "inquiry", "token"}``: the step is the question's name in this run, the inquiry its declaration."""
    branch, name = Branch(tenant=event["tenant"], run=event["run"]), event["inquiry"]
    inquirer().ask(branch, event["step"], name, inquiries()[name], token=event["token"])
