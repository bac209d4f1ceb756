import json
from pathlib import Path
from typing import Any

from local.twin.refusal import REPORT, words

TRACE = "Traceback (most recent call last):\n  File x\n"
FAILED = TRACE + "RuntimeError: ValidationFailed: Validation failed. See the validation report for details"


def violation(description: str, path: str, severity: str = "error") -> dict[str, Any]:
    return {"ruleName": "F1", "description": description, "severity": severity, "violatingConstructs": [{"constructPath": path}]}


def report(folder: Path, *violations: dict[str, Any], conclusion: str = "failure") -> None:
    (folder / REPORT).write_text(json.dumps({"pluginReports": [{"conclusion": conclusion, "violations": violations}]}))


def test_every_violation_is_told_with_its_construct_and_warnings_are_not(tmp_path: Path) -> None:
    report(tmp_path, violation("no Role", "S/L"), violation("odd", "S/W", "warning"), violation("no Key", "S/T"))
    assert words(FAILED, tmp_path) == "S/L: no Role\nS/T: no Key"


def test_a_report_of_success_hides_no_exception(tmp_path: Path) -> None:
    report(tmp_path, violation("odd", "S/W"), conclusion="success")
    assert words(TRACE + "KeyError: 'x'", tmp_path) == "KeyError: 'x'"


def test_problems_of_the_catalogue_come_without_the_name_of_a_class(tmp_path: Path) -> None:
    said = "1 problem in what is declared:\nfunctions/tools/a/tool.toml: effect: is missing"
    assert words(f"{TRACE}stacks.catalog.problems.CatalogError: {said}\n", tmp_path) == said


def test_what_is_no_exception_is_told_whole(tmp_path: Path) -> None:
    assert words("killed\n", tmp_path) == "killed"
