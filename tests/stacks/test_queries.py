"""The saved queries: read strictly, each over groups that there are, and of keys that lines have."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from septet.entry.logs import PLATFORM
from septet.entry.place import PLACE
from stacks.catalog import CatalogError, read
from stacks.constructs.queries import MOST
from tests.stacks.templates import ROOT, Templates

FILE = "policies/queries.toml"
SOURCES = ("layers/runtime/python/septet", "functions")
LAMBDA = {"@timestamp", "@duration", "@initDuration", "@maxMemoryUsed", "@log", "@type"}
"""What Insights finds in every line of Lambda's; source: its page on supported logs and discovered fields."""
FORMATTER = {"message", "logger", "service"}
SYNTAX = {
    *("fields", "filter", "stats", "sort", "limit", "by", "as", "asc", "desc", "and", "or", "in"),
    *("count", "count_distinct", "latest", "max", "avg", "pct", "ispresent"),
}


def keys() -> Iterator[str]:
    """The keys that code puts into a line: of what is given as ``extra``, there or by a function that makes a mapping for it."""
    for source in SOURCES:
        for path in (ROOT / source).rglob("*.py"):
            tree = ast.parse(path.read_text())
            for call in [node for node in ast.walk(tree) if isinstance(node, ast.Call)]:
                for given in [one.value for one in call.keywords if one.arg == "extra"]:
                    yield from (
                        str(key.value)
                        for one in ast.walk(given)
                        if isinstance(one, ast.Dict)
                        for key in one.keys
                        if isinstance(key, ast.Constant)
                    )
            for made in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name in ("traced", "counted")]:
                yield from (
                    str(key.value)
                    for one in ast.walk(made)
                    if isinstance(one, ast.Dict)
                    for key in one.keys
                    if isinstance(key, ast.Constant)
                )


def named(query: str) -> set[str]:
    """The fields that *query* names, without those that it makes itself."""
    plain = re.sub(r'"[^"]*"', "", query)
    made = set(re.findall(r"\bas (\w+)", plain))
    return set(re.findall(r"@?[A-Za-z_][\w]*", plain.replace("at.0", "at"))) - SYNTAX - made


def test_every_field_of_a_query_is_a_key_of_lines() -> None:
    known = {*keys(), *PLACE, *PLATFORM, *LAMBDA, *FORMATTER}
    assert {"outcome", "denied", "operation", "error", "at"} <= known
    for name, query in read(ROOT).queries.items():
        assert named(query.query) <= known, name


def test_every_message_of_a_query_is_one_that_code_writes() -> None:
    code = "\n".join(path.read_text() for source in SOURCES for path in (ROOT / source).rglob("*.py"))
    for query in read(ROOT).queries.values():
        clauses = re.findall(r'message (?:=|in) (\[[^\]]*\]|"[^"]*")', query.query)
        for text in [text for clause in clauses for text in re.findall(r'"([^"]*)"', clause)]:
            assert f'"{text}"' in code


def test_the_pack_answers_what_is_asked_most() -> None:
    assert {"run", "trace", "tenant", "errors", "denied", "slow_tools", "cold_starts"} <= read(ROOT).queries.keys()


def test_each_is_saved_over_groups_that_there_are(deployed: Templates) -> None:
    groups = {group.properties["LogGroupName"] for group in deployed.all("AWS::Logs::LogGroup")}
    saved = [one.properties for one in deployed.all("AWS::Logs::QueryDefinition")]
    assert len({one["Name"] for one in saved}) == len(saved) >= len(deployed.catalog.queries)
    for one in saved:
        assert one["Name"].startswith(f"septet/{deployed.settings.environment}/")
        assert set(one["LogGroupNames"]) <= groups
        assert 0 < len(one["LogGroupNames"]) <= MOST
    (first, *_) = [query for query in deployed.catalog.queries.values() if query.of == ("agent", "step", "tool")]
    over = {group for one in saved if one["Name"].split("/")[2].startswith(first.title) for group in one["LogGroupNames"]}
    assert over == {group for group in groups if "/workflow/" not in group}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[a]\ntitle = "A"\nof = ["agents"]\nquery = "fields run"', "a.of: names 'agents': give some of agent, step, tool, workflow"),
        ('[a]\ntitle = "A"\nof = ["agent"]\nquery = "SELECT run"', "a.query: begins with none of"),
        ('[a]\ntitle = "A"\nof = ["agent"]', "a.query: is missing"),
        ('[a]\ntitle = "A"\nof = ["agent"]\nquery = "fields run"\nmore = 1', "a.more: is no key here"),
    ],
)
def test_a_query_that_is_none_is_named(tree: Path, text: str, sentence: str) -> None:
    (tree / FILE).write_text(text)
    with pytest.raises(CatalogError) as raised:
        read(tree)
    assert f"{FILE}: {sentence}" in str(raised.value)
