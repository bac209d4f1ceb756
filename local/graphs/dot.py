"""A state machine as a graph in Graphviz's language."""

import json
import textwrap
from collections.abc import Iterator, Mapping

from stacks.catalog.declarations import Json
from stacks.catalog.flow import called, inner_states, table, tables

WIDTH = 26
"""Characters of a line in a box."""
MOST = 3
"""Names of errors beside an arrow; more are counted."""
_HEAD = """digraph {
  graph [rankdir=TB, nodesep=0.35, ranksep=0.45, bgcolor=white, fontname="Helvetica"]
  node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=11, color="#5b6b7b", fillcolor="#eef2f6", margin="0.22,0.1"]
  edge [fontname="Helvetica", fontsize=9, color="#5b6b7b", fontcolor="#3c4a57", arrowsize=0.7]
"""
_AGENT, _PERSON, _END, _FAIL, _ASK = "#d6e6fb", "#fdebc8", "#d9f0dd", "#f9d7d3", "#ffffff"
_CAUGHT = '"#b3392b"'


def dot(machine: Json) -> str:
    """The graph of *machine*: agents blue, waits for somebody yellow, good ends green, bad ones red; dashed arrows are failures."""
    lines = [_HEAD, '  "start" [label="", shape=circle, width=0.16, fillcolor="#5b6b7b"]', f'  "start" -> {_id("", machine["StartAt"])}']
    lines += _machine(machine, "", "  ")
    return "\n".join([*lines, "}", ""])


def _machine(machine: Json, where: str, indent: str) -> Iterator[str]:
    for name, state in inner_states(machine).items():
        inner = _inside(state)
        if not inner:
            yield f"{indent}{_id(where, name)} [label={_label(name)}, {_look(state)}]"
        else:
            yield f"{indent}subgraph {_quoted(f'cluster {where}{name}')} {{"
            yield f'{indent}  label={_quoted(_title(name, state))}; style="rounded,dashed"; color="#5b6b7b"; fontsize=11'
            yield f"{indent}  {_id(where, name)} [label={_label(name)}]"
            for key, part in inner.items():
                yield f"{indent}  {_id(where, name)} -> {_id(f'{where}{name}.{key}.', part['StartAt'])} [style=dotted]"
                yield from _machine(part, f"{where}{name}.{key}.", f"{indent}  ")
            yield f"{indent}}}"
        yield from (f"{indent}{line}" for line in _arrows(name, state, where))


def _inside(state: Json) -> dict[str, Json]:
    """The machines inside a Map or a Parallel."""
    branches = {f"Branches[{number}]": part for number, part in enumerate(tables(state.get("Branches")))}
    each = table(state.get("ItemProcessor"))
    return branches or ({"ItemProcessor": each} if each else {})


def _title(name: str, state: Json) -> str:
    if state.get("Type") == "Parallel":
        return f"{name}: at the same time"
    distributed = table(table(state.get("ItemProcessor")).get("ProcessorConfig")).get("Mode") == "DISTRIBUTED"
    return f"{name}: for each, in an execution of its own" if distributed else f"{name}: for each"


def _arrows(name: str, state: Json, where: str) -> Iterator[str]:
    here = _id(where, name)
    if "Next" in state:
        yield f"{here} -> {_id(where, state['Next'])}"
    for rule in tables(state.get("Choices")):
        yield f"{here} -> {_id(where, rule['Next'])} [label={_quoted(condition(rule))}]"
    if "Default" in state:
        yield f"{here} -> {_id(where, state['Default'])} [label=otherwise]"
    for rule in tables(state.get("Catch")):
        names = rule.get("ErrorEquals", [])
        label = ", ".join(names) if len(names) <= MOST else f"{len(names)} kinds of failure"
        target = _id(where, rule["Next"])
        yield f"{here} -> {target} [label={_quoted(label)}, style=dashed, color={_CAUGHT}, fontcolor={_CAUGHT}, constraint=false]"


def condition(rule: Mapping[str, object]) -> str:
    """The condition of a Choice's rule as it is read aloud."""
    text = str(rule.get("Condition", "")).strip().removeprefix("{%").removesuffix("%}").strip()
    return text.replace("$", "")


def _look(state: Json) -> str:
    match state.get("Type"):
        case "Choice":
            return f'shape=hexagon, style=filled, fillcolor="{_ASK}"'
        case "Succeed":
            return f'fillcolor="{_END}"'
        case "Fail":
            return f'fillcolor="{_FAIL}"'
    if str(state.get("Resource", "")).endswith(".waitForTaskToken"):
        return f'fillcolor="{_PERSON}"'
    return f'fillcolor="{_AGENT}"' if called(state).startswith("Agent") else "penwidth=1"


def _id(where: str, name: str) -> str:
    return _quoted(f"{where}{name}")


def _label(name: str) -> str:
    return _quoted("\n".join(textwrap.wrap(name, WIDTH)))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
