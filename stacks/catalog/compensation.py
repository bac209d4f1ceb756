"""How an effect is undone: the tool and where its arguments come from, checked so that undoing can only fail outside."""

from collections.abc import Mapping
from typing import Any

from stacks.catalog.declarations import Json, Tool
from stacks.catalog.fields import Fields
from stacks.catalog.problems import Problems, known, nearest
from stacks.catalog.schema import properties

_READS = ("read", "sensitive-read")


def compensation(fields: Fields) -> Json:
    """The table ``[compensation]`` of a tool; empty when it has none."""
    if "compensation" not in fields.values:
        fields.asked.add("compensation")
        return {}
    inner = fields.within("compensation")
    paths = inner.within("arguments")
    read: dict[str, Any] = {"tool": inner.text("tool"), "arguments": {name: paths.text(name) for name in paths.values}}
    inner.done()
    return read


def check(tools: Mapping[str, Tool], problems: Problems) -> None:
    """Note each compensation that could not be called as it is declared."""
    for name, tool in tools.items():
        if tool.compensation:
            for key, sentence in _faults(tool, tools):
                problems.add(f"functions/tools/{name}/tool.toml", f"compensation.{key}", sentence)


def _faults(tool: Tool, tools: Mapping[str, Tool]) -> list[tuple[str, str]]:
    name = tool.compensation["tool"]
    other = tools.get(name)
    if other is None or other is tool:
        others = tools.keys() - {tool.function.name}
        return [("tool", f"is {name!r}{nearest(name, others)}: give another tool that undoes what this one does; there is {known(others)}")]
    found = []
    if tool.effect in _READS or tool.repeat == "none":
        found.append(("tool", f"undoes nothing: a {tool.effect} tool changes nothing; remove the table"))
    if other.effect in _READS or other.repeat == "none":
        found.append(("tool", f"is {name}, which is a {other.effect} tool and undoes nothing"))
    given, taken = tool.compensation["arguments"], properties(other.input_schema)
    found += [("arguments", f"lacks {one!r}, which {name} requires") for one in other.input_schema.get("required", ()) if one not in given]
    found += [(f"arguments.{one}", f"is no argument of {name}, which has {known(taken)}") for one in given if one not in taken]
    found += [(f"arguments.{one}", sentence) for one, path in given.items() if (sentence := _path(tool, path))]
    return found


def _path(tool: Tool, path: str) -> str:
    """What is wrong with *path*; empty when nothing is. What a text from outside says chooses nothing that is undone."""
    first, _, rest = path.partition(".")
    field = rest.partition(".")[0]
    if first == "arguments" and field in properties(tool.input_schema):
        return ""
    if first == "result" and tool.output.get("fields", {}).get(field, {}).get("label") == "record":
        return ""
    return (
        f"is {path!r}: give arguments.NAME, an argument of the tool, or result.NAME, a field that its [output.fields] declares "
        'with label = "record"'
    )
