"""Why the CDK app refused: what its validation found, else the last exception, without Python's own words where they are noise."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from local.twin import files

REPORT = "validation-report.json"
"""What CDK leaves in the assembly after it validated the templates."""
_BEARABLE = frozenset({"warning", "info"})
"""Severities that fail nothing."""
_RAISED = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception): ", re.MULTILINE)
_OWN = re.compile(r"^stacks\.[\w.]+: ")
"""The class of an exception of the app itself, whose message is written for people."""


def words(stderr: str, assembly: Path) -> str:
    """Every violation with its construct when the validation failed; else what the app said last."""
    found = tuple(_violations(files.read_json(assembly / REPORT)))
    return "\n".join(found) if found else _last_error(stderr)


def _violations(report: Any) -> Iterator[str]:
    for plugin in _dicts(report, "pluginReports"):
        if plugin.get("conclusion") == "success":
            continue
        for violation in _dicts(plugin, "violations"):
            if violation.get("severity") in _BEARABLE:
                continue
            paths = [str(one.get("constructPath", "?")) for one in _dicts(violation, "violatingConstructs")]
            said = str(violation.get("description") or violation.get("ruleName") or "a rule is broken").strip()
            yield f"{', '.join(paths) or 'the app'}: {said}"


def _dicts(holder: Any, name: str) -> list[Mapping[str, Any]]:
    found = holder.get(name) if isinstance(holder, Mapping) else None
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _last_error(text: str) -> str:
    """The message of the exception that a traceback ends with; the whole text when it ends with none."""
    raised = [found.start() for found in _RAISED.finditer(text)]
    return _OWN.sub("", text[raised[-1] :].strip()) if raised else text.strip()
