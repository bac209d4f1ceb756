"""The metrics that the runtime tells, read from its source: what is deployed may not import what runs."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from stacks.catalog.files import read_text
from stacks.catalog.problems import Problems, known, nearest

FILE = "layers/runtime/python/septet/observability/measures.py"
_KEYS = ("name", "unit", "dimensions", "means")


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """Something that the runtime counts or measures."""

    name: str
    unit: str
    dimensions: tuple[str, ...]
    """Their names, all of which a value carries."""
    means: str

    def told_by(self, dimensions: Mapping[str, str]) -> Mapping[str, str]:
        """*dimensions*, which must be the metric's. Raises ValueError for others: CloudWatch has no values of those, and tells nobody."""
        if set(dimensions) != set(self.dimensions):
            raise ValueError(f"{self.name} is told apart by {known(self.dimensions)}, not by {known(dimensions)}")
        return dimensions


def measures(root: Path, problems: Problems) -> dict[str, Metric]:
    """The metrics by name: every ``Metric(…)`` in the list, whose values must be written out."""
    text = read_text(root / FILE, FILE, problems)
    try:
        tree = ast.parse(text)
    except (SyntaxError, RecursionError, MemoryError) as error:
        problems.add(FILE, "", f"cannot be read as Python: {error}")
        return {}
    found = [metric for call in _calls(tree) if (metric := _metric(call, problems))]
    return {metric.name: metric for metric in found}


def metric(found: Mapping[str, Metric], name: str) -> Metric:
    """The metric *name* of *found*. Raises ValueError when nobody tells it."""
    if name not in found:
        raise ValueError(f"{name} is a metric that nobody tells{nearest(name, found)}: {FILE} has {known(found)}")
    return found[name]


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Metric")


def _metric(call: ast.Call, problems: Problems) -> Metric | None:
    try:
        values = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg in _KEYS}
        return Metric(**values)
    except (TypeError, ValueError):
        problems.add(FILE, "", f"line {call.lineno}: write out {', '.join(_KEYS)} of the metric, so that it can be read without running it")
        return None
