"""Answers with the text that the workflow declares for when nobody can answer; no model is called."""

from collections.abc import Mapping
from typing import Any

from septet.bootstrap import journals, routing
from septet.core.journal import Branch
from septet.entry.guard import guarded
from septet.orchestration.degrading import degrade

routes = routing.declared(__file__)


@guarded
def handler(event: Mapping[str, Any], _: object) -> None:
    """Take ``{"tenant", "run", "agent", "error"}``: who failed last, and with what."""
    line = journals.line(Branch(tenant=event["tenant"], run=event["run"]))
    degrade(line, routes().flows, agent=event["agent"], error=event["error"])
