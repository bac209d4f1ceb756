"""State machines and the rules that keep them safe to run: every wait ends, every retry is named, only functions are called."""

import re
from collections.abc import Collection, Mapping
from copy import replace
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stacks.catalog import limits
from stacks.catalog.declarations import Agent, Json, Workflow
from stacks.catalog.ends import ends
from stacks.catalog.errors import AWS, NEVER, errors
from stacks.catalog.fields import Fields
from stacks.catalog.figures import Worst
from stacks.catalog.files import BAD_NAME, is_name, names, read_json, read_text
from stacks.catalog.flow import faults, states, table
from stacks.catalog.handing import degraded as unsaid
from stacks.catalog.handing import handing
from stacks.catalog.lint import lint
from stacks.catalog.policies import VALUES
from stacks.catalog.problems import Problems, known, nearest
from stacks.catalog.schema import SOURCE, check_object, properties
from stacks.catalog.times import Times, idle
from stacks.catalog.worst import worst
from stacks.constructs.names import holes, pascal

_FUNCTION = re.compile(r"\$\{([A-Z]\w*)\}")
_INVOKE = re.compile(r"arn:(aws|\$\{Partition\}):states:::lambda:invoke(\.waitForTaskToken)?")
_BLANKET = frozenset({"States.ALL", "States.TaskFailed"})
_ASL, _INPUT, _DEGRADED = ".asl.json", ".input.json", ".degraded.md"
_RETRY = (
    '["ModelThrottled", "ModelUnavailable", "ToolFailed", "Fenced", "StoreUnavailable", "Lambda.ServiceException", '
    '"Lambda.AWSLambdaException", "Lambda.SdkClientException", "Lambda.TooManyRequestsException", '
    '"Lambda.ClientExecutionTimeoutException", "Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout", "States.Timeout"] for an agent, '
    "and for a step those of AWS"
)
_READER = "arn:aws:states:::s3:getObject"
_YEAR = 365 * 24 * 3600


def workflows(
    root: Path, problems: Problems, *, agents: Mapping[str, Agent], asking: Mapping[str, str], times: Times
) -> dict[str, Workflow]:
    """The workflows by name. They may invoke agents and steps; a tool is called through the gateway only.

    *agents* are those by their holes; *asking* tells, by an agent's hole, a tool of its own about which a person may be asked; *times* what
    functions and questions last.
    """
    folder = root / "state_machines"
    files = sorted(path.name for path in folder.glob("*") if path.is_file() and not path.name.startswith("."))
    callable_ = {pascal(kind, name) for kind in ("agent", "step") for name in names(root, f"{kind}s")}
    there = _Known(callable=callable_, raised=errors(root, problems), asking=asking, agents=agents, times=times)
    declared = {name for file in files if file.endswith(_ASL) and is_name(name := file.removesuffix(_ASL))}
    allowed = limits.limits(root, declared, problems)
    found = {}
    for file in files:
        name = file.removesuffix(_ASL)
        if name in declared and file.endswith(_ASL):
            own = allowed[name].cut_off if name in allowed else {}
            found[name] = _workflow(root, name, replace(there, times=replace(times, cut_off=own)), problems)
        elif file.endswith(_ASL):
            problems.add(f"state_machines/{file}", "", BAD_NAME)
        elif not any(file.endswith(end) and file.removesuffix(end) + _ASL in files for end in (_INPUT, _DEGRADED)):
            there_may_be = f"only NAME{_ASL} with NAME{_INPUT}, and maybe NAME{_DEGRADED}, may be here"
            problems.add(f"state_machines/{file}", "", f"belongs to no workflow: {there_may_be}")
    read = {name: workflow for name, workflow in found.items() if workflow}
    if not problems.found:  # a declaration that cannot be read has limits that nobody meant
        for name, workflow in read.items():
            limits.check(name, workflow.worst, allowed[name], problems)
    return read


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What a workflow may name."""

    callable: Collection[str]
    """Holes of agents and steps."""
    raised: Collection[str]
    """The runtime's own errors."""
    asking: Mapping[str, str]
    """By an agent's hole, a tool of its own about which a person may be asked."""
    agents: Mapping[str, Agent]
    """By their holes."""
    times: Times


def _workflow(root: Path, name: str, there: _Known, problems: Problems) -> Workflow | None:
    file = f"state_machines/{name}{_ASL}"
    schema = _input(root, name, problems)
    machine = read_json(root / file, file, problems)
    if machine is None:
        return None
    text = (root / file).read_text(encoding="utf-8")
    rules = _Rules(name=name, file=file, known=there, problems=problems)
    said = root / f"state_machines/{name}{_DEGRADED}"
    degraded = read_text(said, f"state_machines/{said.name}", problems) if said.is_file() else ""
    sound = rules.machine(machine, degraded=degraded)
    for hole in sorted(holes(text) - VALUES - set(there.callable)):
        allowed = {*VALUES, *there.callable}
        problems.add(file, "", f"names ${{{hole}}}{nearest(hole, allowed)}: there is {known(allowed)}")
    return Workflow(
        name=name,
        description=str(machine.get("Comment", "")),
        definition=text,
        functions=tuple(sorted(holes(text) & set(there.callable))),
        errors=frozenset(rules.errors),
        input_schema=schema,
        worst=worst(machine, there.agents) if sound else Worst(),
        degraded=degraded.strip(),
    )


def _input(root: Path, name: str, problems: Problems) -> Json:
    file = f"state_machines/{name}{_INPUT}"
    schema = read_json(root / file, file, problems, what="the JSON Schema of the run's input")
    if schema is None:
        return {}
    fields = Fields(file=file, values={}, problems=problems)
    check_object(fields, "schema", schema, extra=frozenset({SOURCE}))
    for key, value in properties(schema).items():
        if not isinstance(value, dict) or value.get(SOURCE) not in ("trusted", "external"):
            fields.wrong(f"schema.properties.{key}", f'must say "{SOURCE}": "trusted" (the principal\'s own instruction) or "external"')
    return schema


def _seconds(value: Any) -> bool:
    return type(value) is int and 0 < value <= _YEAR


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rules:
    """The rules for one file."""

    name: str
    file: str
    known: _Known
    problems: Problems
    errors: set[str] = field(default_factory=set)

    def machine(self, machine: Json, *, degraded: str = "") -> bool:
        """Note what is wrong with *machine*, and return whether the most that it can use can be told. *degraded* is its declared text."""
        if machine.get("QueryLanguage") != "JSONata":
            self.problems.add(self.file, "QueryLanguage", 'must be "JSONata"')
        if not str(machine.get("Comment", "")).strip():
            self.problems.add(self.file, "Comment", "is missing: say in a sentence what the workflow does")
        if not _seconds(machine.get("TimeoutSeconds")):
            self.problems.add(self.file, "", "needs TimeoutSeconds at the top, so that every run ends: a whole number of seconds")
        found = list(faults(machine, self.known.asking)) or list(
            lint(machine, self.known.agents, self.known.times)
        )  # ways that lead nowhere bound nothing
        sound = [] if found else [*handing(machine, self.known.agents), *ends(machine, self.known.raised)]
        for place, sentence in [*found, *sound, *unsaid(machine, degraded)]:
            self.problems.add(self.file, place, sentence)
        for name in idle(machine, self.known.times):
            sentence = "is no task that ends before its function does: remove this"
            self.problems.add(limits.FILE, f"{self.name}.cut_off.{name}", sentence)
        for name, state in states(machine):
            self._retries(name, state)
            if state.get("Type") == "Task":
                self._task(name, state)
            if table(table(state.get("ItemProcessor")).get("ProcessorConfig")).get("Mode") == "DISTRIBUTED":
                self._distributed(name, state)
        return not found

    def _distributed(self, name: str, state: Json) -> None:
        """Its role may start children and read manifests of rows; it says how many at once, and counts failures by itself."""
        if table(table(state.get("ItemProcessor")).get("ProcessorConfig")).get("ExecutionType") != "STANDARD":
            self.problems.add(self.file, name, 'must have children of "ExecutionType": "STANDARD": others can wait for nobody')
        if table(state.get("ItemReader")).get("Resource") != _READER:
            self.problems.add(
                self.file, name, f'needs an ItemReader with "Resource": "{_READER}": a step writes what there is to do as a CSV'
            )
        if not state.get("MaxConcurrency"):
            self.problems.add(self.file, name, "needs a MaxConcurrency: without one, all that a file lists would run at once")
        if not isinstance(state.get("ToleratedFailurePercentage"), float):
            sentence = (
                "needs ToleratedFailurePercentage as a number with a point, as 100.0: a step counts what failed, by records of its own"
            )
            self.problems.add(self.file, name, sentence)

    def _expires(self, holder: Json, where: str, why: str) -> None:
        value = holder.get("TimeoutSeconds")
        computed = isinstance(value, str) and value.startswith("{%")  # by what, ``times`` looks at
        if not computed and not _seconds(value):
            self.problems.add(self.file, where, f"needs TimeoutSeconds{why}: a whole number of seconds, or a JSONata expression")

    def _task(self, name: str, state: Json) -> None:
        resource = str(state.get("Resource", ""))
        waits = resource.endswith(".waitForTaskToken")
        self._expires(state, name, ", for a person may never answer" if waits else ", for a task that hangs must end")
        if not state.get("Retry"):
            self.problems.add(self.file, name, "needs a Retry that names its error classes, as " + _RETRY)
        called = table(state.get("Arguments")).get("FunctionName") if _INVOKE.fullmatch(resource) else resource
        hole = _FUNCTION.fullmatch(str(called))
        if not hole:
            sentence = f"calls {called!r}: a workflow calls agents and steps, as ${{AgentTriage}}, and nothing else"
            self.problems.add(self.file, name, sentence)

    def _retries(self, name: str, state: Json) -> None:
        for key in ("Retry", "Catch"):
            for error in self._named(name, state, key):
                self.errors.add(error)
                if error not in AWS and error not in self.known.raised:
                    there = f"there is no such error; the runtime has {known(self.known.raised)}, and AWS those that it documents"
                    self.problems.add(self.file, f"{name}.{key}", f"names {error!r}{nearest(error, {*AWS, *self.known.raised})}: {there}")
                if key == "Retry" and error in NEVER:
                    self.problems.add(
                        self.file, name, f"retries {error}, which trying again does not mend, or must not be tried again: catch it"
                    )
                if key == "Retry" and error in _BLANKET:
                    self.problems.add(
                        self.file, name, f"retries {error}, which would repeat effects blindly: name the error classes to retry"
                    )

    def _named(self, name: str, state: Json, key: str) -> list[str]:
        """The errors that the rules under *key* name; rules that are none are noted."""
        rules = state.get(key, [])
        named = [table(rule).get("ErrorEquals") for rule in rules] if isinstance(rules, list) else [None]
        if not all(isinstance(errors, list) and errors and all(isinstance(error, str) for error in errors) for errors in named):
            self.problems.add(self.file, f"{name}.{key}", 'must be a list of rules, each with its "ErrorEquals": ["ModelThrottled", ...]')
            return []
        return [error for errors in named if errors for error in errors]
