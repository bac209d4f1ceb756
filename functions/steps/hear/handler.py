"""Journals how an inquiry ended, and says what the workflow may choose by."""

from collections.abc import Mapping
from typing import Any

from septet.bootstrap.inquiries import inquirer
from septet.core.journal import Branch
from septet.entry.guard import guarded


@guarded
def handler(event: Mapping[str, Any], _: object) -> dict[str, Any]:
    """Take ``{"tenant", "run", "step", "over"}``: *over* says that the state's time was over."""
    branch = Branch(tenant=event["tenant"], run=event["run"])
    return inquirer().hear(branch, event["step"], over=event["over"])
