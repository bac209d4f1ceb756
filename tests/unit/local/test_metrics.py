"""The page of metrics is made from the one list of them."""

import pytest

from local.metrics import PAGE, page
from septet.observability.measures import METRICS, Metric


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == page(), "run `python -m local.metrics`"


def test_every_metric_is_on_it_once_with_all_that_is_declared() -> None:
    rows = [line.split(" | ") for line in page().splitlines() if line.startswith("| `")]
    found = {row[0].strip("| `"): row for row in rows if len(row) == 4}
    assert set(found) == set(METRICS)
    assert found["RunFailures"][2] == "`workflow`, `error`"
    assert found["RunCost"][1] == "dollars"
    assert found["RunsOpen"][2] == "nothing"


def test_a_dimension_without_a_word_about_its_values_is_refused() -> None:
    with pytest.raises(KeyError, match="flavour"):
        page([Metric(name="New", unit="Count", dimensions=("flavour",), means="What is new")])
