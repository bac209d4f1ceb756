"""State machines and the rules that keep them safe to run: every wait ends, every retry is named, only functions are called."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stacks.catalog.declarations import Json, Workflow
from stacks.catalog.errors import AWS, errors
from stacks.catalog.fields import Fields
from stacks.catalog.files import BAD_NAME, is_name, names, read_json
from stacks.catalog.flow import faults, states, table
from stacks.catalog.policies import VALUES
from stacks.catalog.problems import Problems, known, nearest
from stacks.catalog.schema import SOURCE, check_object, properties
from stacks.constructs.names import holes, pascal

_FUNCTION = re.compile(r"\$\{([A-Z]\w*)\}")
_INVOKE = re.compile(r"arn:(aws|\$\{Partition\}):states:::lambda:invoke(\.waitForTaskToken)?")
_BLANKET = frozenset({"States.ALL", "States.TaskFailed"})
_ASL, _INPUT = ".asl.json", ".input.json"
_RETRY = (
    '["ModelThrottled", "ModelUnavailable", "ToolFailed", "Fenced", "StoreUnavailable", "Lambda.ServiceException", '
    '"Lambda.AWSLambdaException", "Lambda.SdkClientException", "Lambda.TooManyRequestsException", '
    '"Lambda.ClientExecutionTimeoutException", "Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout", "States.Timeout"] for an agent, '
    "and for a step those of AWS"
)
_YEAR = 365 * 24 * 3600


def workflows(root: Path, problems: Problems, *, asking: Mapping[str, str]) -> dict[str, Workflow]:
    """The workflows by name. They may invoke agents and steps; a tool is called through the gateway only.

    *asking* tells, by an agent's hole, a tool of its own about which a person may be asked.
    """
    folder = root / "state_machines"
    files = sorted(path.name for path in folder.glob("*") if path.is_file() and not path.name.startswith("."))
    callable_ = {pascal(kind, name) for kind in ("agent", "step") for name in names(root, f"{kind}s")}
    there = _Known(callable=callable_, raised=errors(root, problems), asking=asking)
    found = {}
    for file in files:
        name = file.removesuffix(_ASL)
        if file.endswith(_ASL) and is_name(name):
            found[name] = _workflow(root, name, there, problems)
        elif file.endswith(_ASL):
            problems.add(f"state_machines/{file}", "", BAD_NAME)
        elif not file.endswith(_INPUT) or file.removesuffix(_INPUT) + _ASL not in files:
            problems.add(f"state_machines/{file}", "", f"belongs to no workflow: only NAME{_ASL} with NAME{_INPUT} may be here")
    return {name: workflow for name, workflow in found.items() if workflow}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What a workflow may name."""

    callable: Collection[str]
    """Holes of agents and steps."""
    raised: Collection[str]
    """The runtime's own errors."""
    asking: Mapping[str, str]
    """By an agent's hole, a tool of its own about which a person may be asked."""


def _workflow(root: Path, name: str, there: _Known, problems: Problems) -> Workflow | None:
    file = f"state_machines/{name}{_ASL}"
    schema = _input(root, name, problems)
    machine = read_json(root / file, file, problems)
    if machine is None:
        return None
    text = (root / file).read_text(encoding="utf-8")
    rules = _Rules(file=file, known=there, problems=problems)
    rules.machine(machine)
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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rules:
    """The rules for one file."""

    file: str
    known: _Known
    problems: Problems
    errors: set[str] = field(default_factory=set)

    def machine(self, machine: Json) -> None:
        if machine.get("QueryLanguage") != "JSONata":
            self.problems.add(self.file, "QueryLanguage", 'must be "JSONata"')
        if not str(machine.get("Comment", "")).strip():
            self.problems.add(self.file, "Comment", "is missing: say in a sentence what the workflow does")
        self._expires(machine, "", " at the top, so that every run ends")
        for place, sentence in faults(machine, self.known.asking):
            self.problems.add(self.file, place, sentence)
        for name, state in states(machine):
            self._retries(name, state)
            if state.get("Type") == "Task":
                self._task(name, state)
            if table(table(state.get("ItemProcessor")).get("ProcessorConfig")).get("Mode") == "DISTRIBUTED":
                self.problems.add(self.file, name, "is a distributed map, for which the machine's role is granted nothing yet")

    def _expires(self, holder: Json, where: str, why: str) -> None:
        value = holder.get("TimeoutSeconds")
        computed = isinstance(value, str) and value.startswith("{%")
        if not computed and not (type(value) is int and 0 < value <= _YEAR):
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
