"""Our monitor behind AgentDojo's tools: the factory that ``run.py``'s kind of harness takes, here and outside this repository.

``monitor(prompt, suite)`` knows a suite by its manifest file alone, ``<suite>.toml`` beside this module, a table per tool as in a
``tool.toml``. A suite without a file is all worst case. A tool's schema comes from the suite itself where it can be imported, as the
catalogue's comes from ``[input]``: it says which values are defaults and choices.
"""

import sys
import time
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).parents[2]
if find_spec("septet") is None:  # the harness may run on an environment of its own
    sys.path.insert(0, str(ROOT / "layers" / "runtime" / "python"))

from pydantic_core import to_jsonable_python  # noqa: E402 -- septet's path comes first

from septet.security.cedar import CedarPolicies  # noqa: E402 -- as above
from septet.security.manifests import Manifest, manifest  # noqa: E402 -- as above
from septet.security.monitor import Monitor  # noqa: E402 -- as above
from septet.security.plans import plan  # noqa: E402 -- as above
from septet.security.questions import Policies  # noqa: E402 -- as above

VERSION = "v1.2.2"
"""Of AgentDojo's suites."""
Outcome = Literal["allow", "approve", "deny"]
OUTCOMES: Mapping[str, Outcome] = {"allow": "allow", "ask": "approve", "deny": "deny"}


class Guarded:
    """The monitor as the harness asks it. Each call that was made is one entry of a journal that is not there."""

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor
        self.calls = 0
        self.reasons: tuple[str, ...] = ()

    def decide(self, tool: str, arguments: Mapping[str, Any]) -> Outcome:
        """Whether the call may be made: ``approve`` is for a person."""
        plain = to_jsonable_python(dict(arguments))
        decision = self.monitor.decide(tool, plain, now=_now())
        self.reasons = decision.reasons
        return OUTCOMES[decision.outcome]

    def record(self, tool: str, arguments: Mapping[str, Any], result: object, text: str) -> None:
        """A call that was made, and what came of it: its result, or the error that the model reads instead."""
        at, plain = _now(), to_jsonable_python(dict(arguments))
        value = to_jsonable_python(result)
        self.calls += 1
        self.monitor.intended(tool, plain, at)
        self.monitor.record(tool, plain, text if value in (None, "") else value, at=at, number=self.calls)


def _now() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def monitor(prompt: str, suite: str) -> Guarded:
    """The project's monitor and policies over a suite's tools, for one run; the whole prompt is trusted.

    A question comes out as ``approve``, and the harness says whether anybody is there: unattended, it stops the call as a denial does.
    """
    return guarded(prompt, manifests(suite), policies(), attended=True)


def planned_monitor(prompt: str, suite: str, planned: Any, *, attended: bool = True) -> Guarded:
    """The same with a plan, as JSON, committed before anything is read. Raises PlanWrong for one that cannot be."""
    made = guarded(prompt, manifests(suite), policies(), attended=attended)
    tools = manifests(suite)
    made.monitor.commit(plan(planned, tools, tools))
    return made


def guarded(prompt: str, tools: Mapping[str, Manifest], rules: Policies, *, attended: bool) -> Guarded:
    """The same with these manifests and policies; unattended, the monitor itself denies what it would ask."""
    made = Monitor(tools, rules, agent="assistant", tenant="suites", attended=attended)
    made.request({"prompt": prompt}, {"prompt": "trusted"})
    return Guarded(made)


@cache
def policies() -> CedarPolicies:
    """What ``policies/`` says, parsed once."""
    folder = ROOT / "policies"
    sources = {path.name: path.read_text() for path in sorted(folder.glob("*.cedar"))}
    return CedarPolicies(sources, (folder / "schema.cedarschema").read_text(), {})


@cache
def manifests(suite: str) -> Mapping[str, Manifest]:
    """The suite's tools, by name; none without a file."""
    path = Path(__file__).with_name(f"{suite}.toml")
    declared = tomllib.loads(path.read_text()) if path.exists() else {}
    schemas = _schemas(suite)
    return {name: manifest(name, {**table, **schemas.get(name, {})}) for name, table in declared.items()}


def _schemas(suite: str) -> Mapping[str, Mapping[str, Any]]:
    """What a model is told of each tool, where AgentDojo has such a suite."""
    if find_spec("agentdojo") is None:
        return {}
    found = import_module("agentdojo.task_suite.load_suites").get_suites(VERSION).get(suite)
    tools = found.tools if found else ()
    return {tool.name: {"description": tool.description, "input_schema": tool.parameters.model_json_schema()} for tool in tools}
