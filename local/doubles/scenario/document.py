"""YAML text with line numbers, in YAML 1.2's core schema, so that `no`, `0012` and `2026-11-22` stay the words they look like."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

_CORE = (
    ("tag:yaml.org,2002:bool", r"^(?:true|false)$", "tf"),
    ("tag:yaml.org,2002:null", r"^(?:null|~|)$", ["n", "~", ""]),
    ("tag:yaml.org,2002:int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"^[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$", "-+0123456789"),
)


class UnreadableYaml(Exception):  # noqa: N818 (read as a sentence where it is caught)
    """The text is no YAML, or says one thing twice; the message gives the line."""


class _CoreLoader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (PyYAML looks for it on the class)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Refuse aliases: a few of them can stand for a text of any size, and a script reads better written out."""
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call] # its stubs have no type here
            raise UnreadableYaml(f"line {event.start_mark.line + 1}: `*{event.anchor}` is an alias, which is not read here: write it out")
        return super().compose_node(parent, index)


for _tag, _pattern, _first in _CORE:
    _CoreLoader.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))


@dataclass(frozen=True, kw_only=True)
class Document:
    """One YAML document: its value, and where each part of it stands."""

    value: Any
    node: yaml.Node

    def locate(self, path: tuple[str | int, ...]) -> tuple[str, int]:
        """Give the deepest existing part of *path* as `a.b[0]`, and its line from 1. Parts that do not exist are passed over."""
        node, shown = self.node, ""
        line = node.start_mark.line
        for part in path:
            found = _child(node, part)
            if found is not None:
                shown += f"[{part}]" if isinstance(node, yaml.SequenceNode) else f".{part}"
                line, node = found
        return shown.lstrip("."), line + 1


def documents(text: str) -> Iterator[Document]:
    """Yield the documents of *text*; empty ones are passed over. Raises UnreadableYaml."""
    try:
        loader = _CoreLoader(text)
    except yaml.reader.ReaderError as error:
        raise UnreadableYaml(f"it holds the character {error.character:#x}, which YAML does not allow: remove it") from error
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is None:
                continue
            _refuse_doubles(node)
            value = loader.construct_document(node)
            if value is not None:
                yield Document(value=value, node=node)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UnreadableYaml(_sentence(error)) from error
    finally:
        loader.dispose()


def _refuse_doubles(node: yaml.Node) -> None:
    """YAML keeps the last of two equal keys without a word; a script's author did not mean that."""
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in seen:
                raise UnreadableYaml(f"line {line}: `{name}` stands here again, first on line {seen[name]}: remove one")
            seen[name] = line
            _refuse_doubles(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_doubles(item)


def _child(node: yaml.Node, part: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line, node.value[part]
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line, value
    return None


def _sentence(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return f"it is no YAML: {error}"
    return f"line {mark.line + 1}, column {mark.column + 1}: it is no YAML here: {getattr(error, 'problem', error)}"
