"""A run of `make faults` that was cut goes on where it stopped, and leaves what it does not measure."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.faults import cells, failing, failures, page, table
from tests.faults.kept import Kept, fingerprint
from tests.faults.route import Route
from tests.faults.routes import ROUTES

ROUTE = Route(name="a way", workflow="one", input={})


def cell(error: str) -> cells.Cell:
    return cells.Cell(workflow="one", state="It works", function="f", error=error, route=ROUTE, shown="It works")


def end(error: str, /, **more: Any) -> failures.End:
    found = {"status": "failed", "error": error, "last": "It works", "seconds": 1.0, **more}
    return failures.End(cell=cell(error), **found)


def test_what_was_tried_is_there_again_and_the_last_counts(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "folder" / "one.jsonl", "a")
    kept.add("x", {"status": "hangs"})
    kept.add("x", {"status": "failed"})
    kept.add("y", {"status": "stopped"})
    assert Kept(tmp_path / "folder" / "one.jsonl", "a").read() == {"x": {"status": "failed"}, "y": {"status": "stopped"}}


def test_what_was_tried_of_something_else_is_not(tmp_path: Path) -> None:
    file = tmp_path / "one.jsonl"
    Kept(file, "a").add("x", {"status": "failed"})
    assert Kept(file, "b").read() == {}


def test_a_line_that_was_cut_spoils_nothing(tmp_path: Path) -> None:
    file = tmp_path / "one.jsonl"
    kept = Kept(file, "a")
    kept.add("x", {"status": "failed"})
    with file.open("a") as written:
        written.write('{"inputs": "a", "ce')
    assert kept.read() == {"x": {"status": "failed"}}


def test_another_deployment_and_other_tests_are_something_else(tmp_path: Path) -> None:
    file = tmp_path / "tried_by.py"
    file.write_text("1")
    first = fingerprint({"app.py": "1"}, [file])
    assert fingerprint({"app.py": "1"}, [file]) == first
    assert fingerprint({"app.py": "1", "context": "other ports"}, [file]) == first
    assert fingerprint({"app.py": "2"}, [file]) != first
    file.write_text("2")
    assert fingerprint({"app.py": "1"}, [file]) != first


def test_a_part_of_the_page_leaves_the_others(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    page.put(file, "# Two\n\n## Inner\n\nold\n", ("One", "Two"))
    page.put(file, "# One\n\nfirst\n", ("One", "Two"))
    page.put(file, "# Two\n\nnew\n", ("One", "Two"))
    assert file.read_text() == "# One\n\nfirst\n\n# Two\n\nnew\n"


def test_a_state_that_no_route_comes_to_is_said() -> None:
    called = "arn:aws:lambda:us-east-1:000000000000:function:septet-twin-step-x:live"
    states = {name: {"Type": "Task", "Arguments": {"FunctionName": called}} for name in ("It works", "Nobody comes here")}
    planned = cells.plan({"one": {"States": states}}, [(ROUTE, frozenset({"It works"}))])
    assert [one.error for one in planned.cells] == list(cells.STEP)
    assert planned.unreached == ["no route of one came to 'Nobody comes here': add one to tests/faults/routes.py"]


def test_every_workflow_has_a_route() -> None:
    assert {route.workflow for route in ROUTES} == set(failing.WORKFLOWS)


def test_the_table_says_what_is_wrong_and_what_was_wrong_at_first() -> None:
    ends = [end("KeyError"), end("Fenced", status="hangs", error="it did not happen"), end("ToolFailed", before="**lost**")]
    told = table.page(ends, planned=4, when="today")
    assert "**3 of 4 cells were tried**, today. 1 are wrong." in told
    assert "| one | It works | `Fenced` | **hangs** it did not happen | 1 |" in told
    assert "- one / It works / ToolFailed: **lost**; then: failed, under that name" in told
    assert "hangs" not in table.page(ends[:1], planned=1, when="today").split("| workflow |")[1]


def test_a_state_is_tried_on_the_way_that_is_for_it_or_else_on_the_first_that_comes_there() -> None:
    meant, states = replace(ROUTE, name="meant", tries=("It ends",)), frozenset({"It works", "It ends"})
    called = {"FunctionName": "arn:aws:lambda:us-east-1:000000000000:function:worker:live"}
    machine = {"States": {name: {"Type": "Task", "Arguments": called} for name in states}}
    planned = cells.plan({ROUTE.workflow: machine}, [(ROUTE, states), (meant, states)])
    assert {(cell.state, cell.route.name) for cell in planned.cells} == {("It works", ROUTE.name), ("It ends", "meant")}
