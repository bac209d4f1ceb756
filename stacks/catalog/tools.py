"""Tools as their folders declare them. What is not declared is the worst case, so most annotations are optional."""

import difflib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from stacks.catalog import compensation, policies
from stacks.catalog.declarations import Tool
from stacks.catalog.fields import Fields, toml
from stacks.catalog.files import folders
from stacks.catalog.functions import function
from stacks.catalog.problems import Problems, known, nearest
from stacks.catalog.schema import check_object, properties

READS = ("read", "sensitive-read", "egress-read")
WRITES = ("write-private", "send", "membership", "financial", "credential", "profile", "destructive", "publish", "commit")
REPEATS = ("none", "keyed", "once")
ROLES = ("target", "selector", "amount", "date", "title", "content", "attachment", "flag")
RECORDS = ("selector", "attachment")
"""Roles whose kind is that of a record."""
LABELS = ("record", "counterparty", "external")
PEOPLE = ("approver", "operator", "auditor", "admin")
"""Roles that may be asked to decide on a call."""
SUBMITTERS = ("submitter", "operator", "admin")
"""Roles that start runs."""
RESERVED = ("answer", "hand_over", "read_result", "commit_plan", "extract", "resolved")
"""Names of the tools that the runtime itself offers to a model, and the word that checks know for what branches came to."""
TYPED = (
    *("email", "e-mail", "url", "uri", "link", "iban", "account", "card", "phone"),
    *("date", "time", "datetime", "number", "money", "amount", "price"),
)
"""Kinds of values that the gateway tells by their shape; any other kind is a word of the deployment's own."""

_CLOSE = 0.8
"""From which likeness on a kind is taken for a slip of the pen: emial is email, and a rate is no date."""
APPROVAL_S = 3600
"""Seconds that a question about a call stays open where its tool does not say."""
_WEEK = 7 * 24 * 3600


def tools(root: Path, layers: Collection[str], problems: Problems) -> dict[str, Tool]:
    """The tools by name."""
    found: dict[str, Tool] = {}
    for folder in folders(root, "tools", "tool.toml", problems):
        fields = toml(folder / "tool.toml", f"functions/tools/{folder.name}/tool.toml", problems)
        if fields is not None:
            found[folder.name] = _tool(root, folder, fields, layers, problems)
        if folder.name in RESERVED:
            problems.add(f"functions/tools/{folder.name}/", "", "has a name that the runtime uses itself: rename the folder")
    policies.orphans(root, "tools", problems)
    compensation.check(found, problems)
    return found


def _tool(root: Path, folder: Path, fields: Fields, layers: Collection[str], problems: Problems) -> Tool:
    schema = fields.table("input", required=True)
    if schema:
        check_object(fields, "input", schema)
    tool = Tool(
        function=function("tool", folder, fields, layer=fields.choice("layer", layers, default="core")),
        effect=fields.choice("effect", (*READS, *WRITES)),
        repeat=fields.choice("repeat", REPEATS),
        identity=fields.names("identity", required=True),
        input_schema=schema,
        arguments={name: _argument(table) for name, table in fields.within("arguments").each().items()},
        output=_output(fields.within("output")),
        approval=_approval(fields.within("approval")),
        roles=_roles(fields, "roles", SUBMITTERS),
        reconcile=fields.flag("reconcile"),
        compensation=compensation.compensation(fields),
        policy=policies.policy(root, f"policies/tools/{folder.name}.json", policies.TOOL, problems),
    )
    _check_repeat(fields, tool)
    _check_arguments(fields, tool)
    fields.done()
    return tool


def _check_repeat(fields: Fields, tool: Tool) -> None:
    if tool.effect in WRITES and tool.repeat == "none":
        fields.wrong("repeat", f"is 'none', but a {tool.effect} tool changes something: give 'keyed' or 'once'")
    if tool.repeat in {"keyed", "once"} and not tool.identity:
        fields.wrong("identity", "names no argument: name those that make two calls the same effect")
    if tool.reconcile and tool.repeat != "once":
        fields.wrong("reconcile", f"is for a tool that repeats 'once', and repeat is {tool.repeat!r}: remove it")


def _check_arguments(fields: Fields, tool: Tool) -> None:
    there = properties(tool.input_schema)
    named = [("identity", name) for name in tool.identity] + [(f"arguments.{path}", _first(path)) for path in tool.arguments]
    for where, name in named:
        if name not in there:
            fields.wrong(where, f"names {name!r}{nearest(name, there)}: input.properties has {known(there)}")
    for path, argument in tool.arguments.items():
        found = _at(tool.input_schema, path)
        if _first(path) in there and found is None:
            fields.wrong(f"arguments.{path}", "leads nowhere in the input: a path is as items[].name, in the words of the input's schema")
        if argument.get("role") == "amount" and isinstance(found, Mapping) and found.get("type") == "string":
            fields.wrong(f"arguments.{path}.role", "is 'amount', and the input says it is a string: an amount is an integer, as in cents")


def _first(path: str) -> str:
    """The argument that *path* begins with."""
    return path.partition(".")[0].removesuffix("[]")


def _at(schema: Any, path: str) -> Any:
    """What the input's *schema* says of the value at *path*; None when it knows none there."""
    for name in path.split("."):
        bare = name.removesuffix("[]")
        schema = schema.get("properties", {}).get(bare) if isinstance(schema, Mapping) else None
        if name != bare:
            schema = schema.get("items") if isinstance(schema, Mapping) else None
    return schema


def _kind(fields: Fields) -> str:
    """The kind of a value: one of those with a shape, or a word that is not nearly one of them."""
    kind = fields.text("kind", default="")
    spelt = kind.casefold()
    meant = difflib.get_close_matches(spelt, TYPED, n=1, cutoff=_CLOSE) or [one for one in TYPED if sorted(one) == sorted(spelt)]
    if spelt not in TYPED and meant:
        fields.wrong("kind", f"is {kind!r}, did you mean {meant[0]!r}?: a kind that is nearly one with a shape would be compared as words")
    return kind


def _roles(fields: Fields, key: str, choices: Collection[str]) -> tuple[str, ...]:
    """Roles of a token."""
    names = fields.names(key)
    for name in names:
        if name not in choices:
            fields.wrong(key, f"names {name!r}{nearest(name, choices)}: give some of {known(choices)}")
    return names


def _argument(fields: Fields) -> Mapping[str, Any]:
    """An annotation as the gateway gets it: what is declared, and no more."""
    read: dict[str, Any] = {
        "role": (role := fields.choice("role", ROLES)),
        "kind": fields.text("kind", default="") if role in RECORDS else _kind(fields),
        "within": fields.text("within", default=""),
        "ask_above": fields.whole("ask_above", 0, 10**12, default=-1),
    }
    fields.done()
    if read["role"] == "selector" and not read["kind"]:
        fields.wrong("kind", 'is missing: say what kind of record it selects, as "order"')
    for key in ("within", "ask_above"):
        if key in fields.values and read["role"] != "amount":
            fields.wrong(key, f"is for an amount, and role is {read['role']!r}: remove it")
    return {key: value for key, value in read.items() if key in fields.values}


def _output(fields: Fields) -> Mapping[str, Any]:
    read: dict[str, Any] = {
        "kind": fields.text("kind", default=""),
        "key": fields.text("key", default=""),
        "owner": fields.text("owner", default=""),
        "at": fields.text("at", default=""),
        "fields": {path: _field(table) for path, table in fields.within("fields").each().items()},
    }
    fields.done()
    if read["kind"] and not read["key"]:
        fields.wrong("key", "is missing: name the field that identifies the record")
    if read["owner"] and read["fields"].get(read["owner"], {}).get("label") != "record":
        fields.wrong("owner", f"is {read['owner']!r}, whose label is not 'record': an owner counts only if the platform alone writes it")
    return {key: value for key, value in read.items() if key in fields.values}


def _field(fields: Fields) -> Mapping[str, Any]:
    """Where a value of the output comes from: what is declared, and no more."""
    read: dict[str, Any] = {
        "label": fields.choice("label", LABELS, default="external"),
        "kind": _kind(fields),
        "secret": fields.flag("secret"),
    }
    fields.done()
    return {key: value for key, value in read.items() if key in fields.values}


def _approval(fields: Fields) -> Mapping[str, Any]:
    """How a person is asked: what is declared, and no more."""
    read: dict[str, Any] = {
        "seconds": fields.whole("seconds", 60, _WEEK, default=APPROVAL_S),
        "roles": list(_roles(fields, "roles", PEOPLE)),
        "approvers": fields.whole("approvers", 1, 2, default=1),
        "escalate_after": fields.whole("escalate_after", 60, _WEEK, default=0),
        "escalate_to": list(_roles(fields, "escalate_to", PEOPLE)),
    }
    fields.done()
    if bool(read["escalate_after"]) != bool(read["escalate_to"]):
        fields.wrong("escalate_to", "and escalate_after go together: say to whom, and after how many seconds")
    if read["escalate_after"] >= read["seconds"]:
        fields.wrong("escalate_after", f"is {read['escalate_after']}, but the question closes after {read['seconds']}: give less")
    return {key: value for key, value in read.items() if key in fields.values}
