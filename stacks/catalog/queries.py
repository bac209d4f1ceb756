"""``policies/queries.toml``: what logs are searched for, as saved queries of CloudWatch Logs Insights."""

from pathlib import Path

from stacks.catalog.declarations import Query
from stacks.catalog.fields import Fields, toml
from stacks.catalog.problems import Problems, known

FILE = "policies/queries.toml"
KINDS = ("agent", "step", "tool", "workflow")
"""Of log groups."""
STARTS = ("fields ", "filter ", "stats ", "parse ", "display ")


def queries(root: Path, problems: Problems) -> dict[str, Query]:
    """The queries by name; none without the file."""
    fields = toml(root / FILE, FILE, problems) if (root / FILE).exists() else None
    return {name: _query(table) for name, table in fields.each().items()} if fields else {}


def _query(fields: Fields) -> Query:
    found = Query(title=fields.text("title"), of=fields.names("of", required=True), query=fields.text("query"))
    for kind in found.of:
        if kind not in KINDS and not kind.startswith("step/"):
            fields.wrong("of", f"names {kind!r}: give some of {known(KINDS)}, or one step as step/gateway")
    if found.query and not found.query.startswith(STARTS):
        fields.wrong(
            "query", f"begins with none of {known(tuple(start.strip() for start in STARTS))}: write it in the language of Logs Insights"
        )
    fields.done()
    return found
