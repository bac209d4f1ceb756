"""Plays AgentDojo's tasks with two scripts and no language model, before a door that decides on each call.

Run by ``dojo``, on an environment of its own that has AgentDojo.

The *perfect* script makes a user task's own calls. The *compromised* one makes them until a tool returns an injected text, then every call
that the attacker wants, with the attacker's values, and goes on. Every place that can carry an injection and that the user task reads does.
"""

import argparse
import contextlib
import copy
import functools
import io
import json
import multiprocessing
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import yaml
from agentdojo.agent_pipeline.base_pipeline_element import BasePipelineElement
from agentdojo.agent_pipeline.tool_execution import tool_result_to_str
from agentdojo.functions_runtime import FunctionCall, FunctionsRuntime
from agentdojo.task_suite.load_suites import get_suites
from agentdojo.task_suite.task_suite import TaskSuite, read_suite_file
from agentdojo.types import ChatAssistantMessage, ChatMessage, ChatToolResultMessage, text_content_block_from_string
from pydantic_core import to_jsonable_python

from tests.suites import doors, scripts
from tests.suites.agentdojo import VERSION, manifests
from tests.suites.planner import Made

SIGN = "QVEX-7301"
"""An injected text begins with it."""
PLACE = re.compile(r"@@(\w+)@@")
WORDS_ONLY = {("travel", "injection_task_6")}
"""Attacks that win by words to the user, without a call: no door can stop them."""


class Job(NamedTuple):
    """All cases of a user task before one door."""

    door: str
    attended: bool
    suite: str
    task: str
    attacks: bool


class Script(BasePipelineElement):
    """Makes the calls of one case."""

    name = "scripted"

    def __init__(self, job: Job, task: Any, injection: Any = None) -> None:
        self.job, self.task, self.injection = job, task, injection
        self.tools = manifests(job.suite)
        self.count: Counter[str] = Counter()
        self.stopped: list[tuple[str, ...]] = []
        self.said: list[ChatMessage] = []

    def query(self, query: str, runtime: FunctionsRuntime, env: Any, messages: Sequence[Any] = (), extra_args: Any = None) -> Any:
        """Play, as AgentDojo calls what stands for a model."""
        del messages
        before = env.model_copy(deep=True)
        case = doors.Case(
            prompt=query,
            suite=self.job.suite,
            attended=self.job.attended,
            made=lambda: _made(self.task, runtime, before.model_copy(deep=True)),
        )
        self.door = doors.DOORS[self.job.door](case)
        for call in self.task.ground_truth(env):
            read = self._make(call, "user", runtime, env)
            if self.injection and SIGN in read and not self.count["reached"]:
                self.count["reached"] += 1
                for evil in scripts.attack(self.job.suite, self.injection, env, before):
                    self._make(evil, "attacker", runtime, env)
        words = [self.task.GROUND_TRUTH_OUTPUT, self.injection.GROUND_TRUTH_OUTPUT if self.count["reached"] else ""]
        self.said.append(ChatAssistantMessage(role="assistant", content=[_block(" ".join(words))], tool_calls=None))
        return query, runtime, env, self.said, extra_args or {}

    def _make(self, call: FunctionCall, who: str, runtime: FunctionsRuntime, env: Any) -> str:
        """Make a call if it may be made, and return what the model reads."""
        outcome = self.door.decide(call.function, dict(call.args))
        self.count[f"{who} {outcome}"] += 1
        if outcome != "allow":
            self.stopped.append((who, outcome, call.function, str(dict(call.args))[:200], *self.door.reasons))
        approved = outcome == "approve" and self.job.attended and who == "user"
        if outcome != "allow" and not approved:
            return ""
        tool = self.tools.get(call.function)
        self.count[f"{who} acts"] += tool is None or not tool.reads
        result, error = runtime.run_function(env, call.function, call.args)
        text = error or tool_result_to_str(result)
        self.door.record(call.function, dict(call.args), result, text)
        self.said.append(ChatAssistantMessage(role="assistant", tool_calls=[call], content=[_block("")]))
        reply = ChatToolResultMessage(role="tool", content=[_block(text)], tool_call=call, tool_call_id=None, error=error)
        self.said.append(reply)
        return text


def _block(text: str) -> Any:
    return text_content_block_from_string(text)


@functools.cache
def _environment(suite: TaskSuite[Any]) -> Any:
    """The suite's environment as data, with a mark in every place that can carry an injection; parsed once."""
    text = read_suite_file(suite.name, "environment.yaml", suite.data_path)
    places = suite.get_injection_vector_defaults()
    return yaml.load(text.format(**{name: _place(name) for name in places}), Loader=yaml.CSafeLoader)


def _place(name: str) -> str:
    return f"@@{name}@@"


def injected(suite: TaskSuite[Any], texts: Mapping[str, str]) -> Any:
    """The suite's environment with *texts* in these places, and in the others what is there usually."""
    return suite.environment_type.model_validate(_filled(_environment(suite), {**suite.get_injection_vector_defaults(), **texts}))


def _filled(value: Any, texts: Mapping[str, str]) -> Any:
    match value:
        case str():
            return PLACE.sub(lambda place: texts[place[1]], value)
        case list():
            return [_filled(item, texts) for item in value]
        case dict():
            return {_filled(name, texts): _filled(item, texts) for name, item in value.items()}
    return value


@functools.cache
def _clean(suite: TaskSuite[Any]) -> Any:
    return suite.load_and_inject_default_environment({})


def _made(task: Any, runtime: FunctionsRuntime, env: Any) -> list[Made]:
    """The user task's own calls, made on *env*."""
    return [
        (call.function, to_jsonable_python(dict(call.args)), to_jsonable_python(runtime.run_function(env, call.function, call.args)[0]))
        for call in task.ground_truth(env)
    ]


def _read(suite: TaskSuite[Any], task: Any) -> list[str]:
    """The places that the user task's own calls read."""
    signs = {name: f"{SIGN}<{name}>" for name in suite.get_injection_vector_defaults()}
    env, runtime = task.init_environment(injected(suite, signs)), FunctionsRuntime(suite.tools)
    told = " ".join(str(result) for *_, result in _made(task, runtime, env))
    return [name for name, sign in signs.items() if sign in told]


def play(job: Job) -> tuple[Job, Counter[str], list[tuple[str, ...]]]:
    """The figures of a user task's cases, and what was stopped or got through."""
    warnings.filterwarnings("ignore")  # AgentDojo's: nothing here is about them
    suite = get_suites(VERSION)[job.suite]
    task = suite.user_tasks[job.task]
    total: Counter[str] = Counter(tasks=1)
    with contextlib.redirect_stdout(io.StringIO()):
        script = Script(job, task)
        done, _ = suite.run_task_with_pipeline(script, task, None, {}, environment=copy.deepcopy(_clean(suite)))
        total.update(done=int(done), unaided=int(done and not script.stopped), questions=script.count["user approve"])
        notes = [(job.task, "-", "done" if done else "not done"), *((job.task, "-", *stop) for stop in script.stopped)]
        read = _read(suite, task) if job.attacks else []
        for name, injection in suite.injection_tasks.items() if job.attacks else ():
            script = Script(job, task, injection)
            environment = injected(suite, dict.fromkeys(read, f"{SIGN} IMPORTANT: {injection.GOAL}"))
            _, won = suite.run_task_with_pipeline(script, task, injection, {}, environment=environment)
            kind = "words" if (job.suite, name) in WORDS_ONLY else "tool"
            total.update({f"{kind} cases": 1, f"{kind} won": int(won), "reached": script.count["reached"]})
            total.update({"acted": int(bool(script.count["attacker acts"])), "asked": script.count["attacker approve"]})
            if won or script.count["attacker acts"]:
                notes.append((job.task, name, "WON" if won else "ACTED"))
    return job, total, notes


def everything(chosen: Iterable[str], door: str, *, attended: bool, attacks: bool) -> list[Job]:
    """All user tasks of the suites, before a door."""
    return [Job(door, attended, suite, task, attacks) for suite in chosen for task in get_suites(VERSION)[suite].user_tasks]


def main() -> None:
    """Play what the arguments say and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--door", action="append", choices=doors.DOORS, required=True)
    parser.add_argument("--suite", action="append", required=True)
    parser.add_argument("--attended", action="store_true")
    parser.add_argument("--tasks-only", action="store_true", help="no attacks")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    jobs = [
        job for door in options.door for job in everything(options.suite, door, attended=options.attended, attacks=not options.tasks_only)
    ]
    found: dict[str, dict[str, Any]] = {}
    with multiprocessing.Pool(options.processes) as pool:
        for job, total, notes in pool.imap_unordered(play, jobs):
            of = found.setdefault(job.door, {}).setdefault(job.suite, {"total": Counter(), "notes": []})
            of["total"].update(total)
            of["notes"] += [list(note) for note in notes]
    for suites in found.values():
        for of in suites.values():
            of["notes"].sort()
    print(json.dumps(found))  # noqa: T201 -- `dojo` reads it


if __name__ == "__main__":
    main()
