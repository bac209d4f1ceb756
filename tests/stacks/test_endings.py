"""A model's end of life, at the synth."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stacks.catalog import Catalog, CatalogError, read
from stacks.execution import check_endings, warnings

END = date(2027, 3, 1)


@pytest.fixture
def catalog(tree: Path) -> Catalog:
    file = tree / "policies/models.toml"
    file.write_text(file.read_text().replace("context = 100_000", f"end_of_life = {END}\ncontext = 100_000"))
    return read(tree)


@pytest.mark.parametrize(("days", "warned"), [(91, False), (90, False), (89, True), (1, True), (0, True), (-1, False)])
def test_a_model_that_ends_within_90_days_is_warned_of(catalog: Catalog, days: int, *, warned: bool) -> None:
    told = warnings(catalog, END - timedelta(days=days))
    assert [one.partition(", in ")[0] for one in told] == [
        f"warning: policies/models.toml: models.small-model.end_of_life: is {END}" for _ in range(warned)
    ]
    assert all(f", in {days} days: name another model in its place" in one for one in told)


def test_a_model_that_has_ended_fails_the_synth(catalog: Catalog) -> None:
    check_endings(catalog, END)
    with pytest.raises(CatalogError, match=r"models\.small-model\.end_of_life: was 2027-03-01: remove the model"):
        check_endings(catalog, END + timedelta(days=1))


def test_the_synth_itself_refuses_it(tree: Path, synth: Callable[..., Any]) -> None:
    file = tree / "policies/models.toml"
    yesterday = datetime.now(tz=UTC).date() - timedelta(days=1)
    file.write_text(file.read_text().replace("context = 100_000", f"end_of_life = {yesterday}\ncontext = 100_000"))
    with pytest.raises(CatalogError, match=rf"models\.small-model\.end_of_life: was {yesterday}: remove the model"):
        synth(tree)
