"""What makes a state machine safe: bounded rings, retries that do not multiply, waits that end, no content in payloads."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from stacks.catalog.declarations import Agent, Json
from stacks.catalog.ends import WORDS
from stacks.catalog.flow import inner_states, machines, table, tables
from stacks.catalog.items import branches, uncounted
from stacks.catalog.times import EXPIRED, WAITS, Times, times
from stacks.catalog.ways import edges, endless

_NAMED = (
    r"\.result\.Payload\.[A-Za-z_]",
    r"\.input\.[A-Za-z_]",
    r"\.errorOutput\.Error\b",
    r"\.context\.(?:Task\.Token|Execution\.(?:Id|Name|StartTime)|State\.(?:EnteredTime|Name|RetryCount))\b",
    r"\.context\.(?:Execution\.Input\.[A-Za-z_]|Map\.Item\.(?:Index\b|Value\.[A-Za-z_]))",
)
"""What may stand after ``$states``."""
_WHOLE = re.compile(rf"\$eval\b|\$states\b(?!{'|'.join(_NAMED)})(?:\.[a-zA-Z]+)?")
LONG = 200
"""Characters of a text in a payload: more is content, not a name."""


def lint(machine: Json, agents: Mapping[str, Agent], known: Times) -> Iterator[tuple[str, str]]:
    """What is wrong with *machine*: the place, and a sentence. *agents* by their holes."""
    opened = branches(machine)
    for where, part in machines(machine):
        if ring := endless(edges(part, agents)):
            way = " -> ".join(ring)
            yield (
                f"{where}{ring[0]}",
                f"may go round for ever ({way}): let a Choice in it ask a counter, as {{% $rounds < 3 %}}, that is counted",
            )
        yield from _shadowing(part, where)
        for name, state in inner_states(part).items():
            faults = [*_state(state), *uncounted(state, opened), *times(name, state, machine, known)]
            yield from ((f"{where}{name}", sentence) for sentence in faults)


def _shadowing(machine: Json, where: str) -> Iterator[tuple[str, str]]:
    """States inside a Map or a Parallel that assign what a state around them assigns: Step Functions refuses that when it happens."""
    outside = {name for state in inner_states(machine).values() for name in _assigned(state)}
    for name, state in inner_states(machine).items():
        for inside, part in machines({"States": {name: state}}):
            if inside:
                for inner, held in inner_states(part).items():
                    if both := outside & _assigned(held):
                        sentence = f"assigns {', '.join(sorted(both))}, which a state around it assigns too: use another name inside"
                        yield f"{where}{inside}{inner}", sentence


def _assigned(state: Json) -> set[str]:
    rules = [*tables(state.get("Catch")), *tables(state.get("Choices"))]
    return {name for holder in (state, *rules) for name in table(holder.get("Assign"))}


def _state(state: Json) -> Iterator[str]:
    yield from _paused(state)
    yield from _retried(state)
    yield from _contents(state)


def _retried(state: Json) -> Iterator[str]:
    if state.get("Type") in ("Map", "Parallel") and state.get("Retry"):
        yield "retries all that is in it, whose own retries it multiplies: retry the states inside, and catch here"


def _paused(state: Json) -> Iterator[str]:
    waits = str(state.get("Resource", "")).endswith(WAITS)
    for rule in tables(state.get("Retry")):
        if waits and set(rule.get("ErrorEquals", ())) <= set(EXPIRED):
            continue  # a wait that is renewed: nobody else was waiting for the same moment
        if rule.get("MaxAttempts", 1) and (rule.get("JitterStrategy") != "FULL" or not rule.get("BackoffRate", 2) > 1):
            named = ", ".join(map(str, rule.get("ErrorEquals", ())))
            yield f'retries {named} at the same moment as everybody else: give the rule "JitterStrategy": "FULL" and a BackoffRate above 1'


def _contents(state: Json) -> Iterator[str]:
    """Where content may get into what Step Functions keeps: a whole input or result, an error's text, a long text."""
    places = {"Arguments": state.get("Arguments"), "Output": state.get("Output"), "Assign": state.get("Assign")}
    for number, rule in enumerate([*tables(state.get("Catch")), *tables(state.get("Choices"))]):
        places |= {f"{key} of rule {number}": rule.get(key) for key in ("Assign", "Output")}
    for key in ("Items", "ItemSelector", "ItemReader", "ItemBatcher", "ResultWriter", "Error", "Cause"):
        places[key] = state.get(key)
    for place, value in places.items():
        for text in _texts(value):
            if text == WORDS and place.startswith("Assign of"):
                continue  # where it goes, ``ends`` looks at
            if found := _WHOLE.search(text):
                yield f"passes on {found[0]} as a whole in {place}: name its fields ($states.result.Payload.outcome)"
            elif len(text) > LONG and not text.startswith("{%"):
                yield f"holds a text of {len(text)} characters in {place}: content is in the journal; pass on an id"
    if any("Output" not in rule for rule in tables(state.get("Catch"))):
        yield 'catches an error and passes its text on: write "Output": "{% {} %}" beside the Next'
    if state.get("Type") == "Task" and "Output" not in state:
        yield 'has no Output, so all that the function returns goes on: write "Output": "{% {} %}" and Assign what is needed'


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    else:
        for item in table(value).values():
            yield from _texts(item)
