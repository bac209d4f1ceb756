"""What workflows promise: read strictly, one table for each; and what the runtime measures, read from its source."""

from pathlib import Path

import pytest

from septet.observability.measures import METRICS
from stacks.catalog import CatalogError, read
from stacks.catalog.measures import FILE, measures, metric
from stacks.catalog.problems import Problems
from stacks.catalog.slo import Objectives, Promise

ROOT = Path(__file__).parents[2]
SLO = "policies/slo.toml"


def problems(tree: Path) -> str:
    with pytest.raises(CatalogError) as raised:
        read(tree)
    return str(raised.value)


def test_shares_are_exact_and_bounds_have_the_units_of_their_metrics(tree: Path) -> None:
    assert read(tree).objectives["errand"] == Objectives(
        fewest=5,
        success=Promise(share=9950),
        latency=Promise(share=9500, within=60_000),
        cost=Promise(share=9500, within=250_000),
        approval=Promise(share=9400, within=600_000),
    )


def test_what_may_break_a_promise_is_the_rest() -> None:
    assert Promise(share=9950).budget == pytest.approx(0.005)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("[errand]", "[other]", f"{SLO}: errand: is missing: give a table [errand] with fewest, success"),
        ("[errand]", "[arrand]", f"{SLO}: arrand: is no workflow, did you mean 'errand'?"),
        ("fewest = 5", "fewest = 0", "errand.fewest: is 0: give a whole number from 1 to 10000"),
        ("fewest = 5\n", "", "errand.fewest: is missing: give a whole number"),
        ('success = { share = "99.5" }\n', "", "errand.success: is missing: give a table [errand.success]"),
        ('"99.5"', "99.5", "errand.success.share: is 99.5: give a text in quotes"),
        ('"99.5"', '"100"', 'errand.success.share: is \'100\': give a percentage as text, from "94" to "99.99"'),
        ('"99.5"', '"93.99"', "errand.success.share: is '93.99': below 94 not even a total outage burns 14.4 times what is allowed"),
        ('"99.5"', '"many"', "errand.success.share: is 'many': give a percentage"),
        ("seconds = 60 ", "seconds = 0 ", "errand.latency.seconds: is 0: give a whole number from 1 to 604800"),
        ("seconds = 60 ", "second = 60 ", "errand.latency.second: is no key here, did you mean 'seconds'?"),
        ('"0.25"', '"0"', "errand.cost.dollars: is nothing, and a run costs something: give dollars"),
        ("approval = {", 'patience = "great"\napproval = {', "errand.patience: is no key here"),
        ("[errand]", "[errand", f"{SLO}: cannot be read as TOML"),
    ],
)
def test_what_is_wrong_names_the_field_and_the_fix(tree: Path, old: str, new: str, sentence: str) -> None:
    text = (tree / SLO).read_text()
    assert old in text
    (tree / SLO).write_text(text.replace(old, new, 1))
    assert sentence in problems(tree)


def test_only_who_asks_people_promises_when_they_decide(tree: Path) -> None:
    machine = tree / "state_machines/errand.asl.json"
    machine.write_text(machine.read_text().replace("${StepAskPerson}", "${StepCloseRun}"))
    assert "errand.approval: is for workflows that ask a person, which this one does not: remove it" in problems(tree)


def test_without_the_file_nothing_is_deployed(tree: Path) -> None:
    (tree / SLO).unlink()
    assert f"{SLO}: cannot be read" in problems(tree)


def test_the_metrics_are_the_runtimes() -> None:
    found = measures(ROOT, Problems())
    assert {name: (one.name, one.unit, one.dimensions, one.means) for name, one in found.items()} == {
        name: (one.name, one.unit, one.dimensions, one.means) for name, one in METRICS.items()
    }


def test_a_metric_that_cannot_be_read_without_running_it_is_told(tree: Path) -> None:
    text = (tree / FILE).read_text()
    (tree / FILE).write_text(text.replace('name="RunsEnded"', "name=ENDED"))
    assert f"{FILE}: line " in problems(tree)
    assert "write out name, unit, dimensions, means of the metric" in problems(tree)


def test_a_metric_that_nobody_tells_and_a_dimension_that_it_lacks_are_refused() -> None:
    found = measures(ROOT, Problems())
    with pytest.raises(ValueError, match="RunsEnd is a metric that nobody tells, did you mean 'RunsEnded'"):
        metric(found, "RunsEnd")
    with pytest.raises(ValueError, match="RunsEnded is told apart by workflow, not by agent"):
        metric(found, "RunsEnded").told_by({"agent": "refunds"})
