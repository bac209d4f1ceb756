"""What every store of costs promises."""

from copy import replace

import pytest

from septet.aws.costs import DynamoCosts
from septet.core.costs import Costs, Line, Spent
from septet.local.costs import MemoryCosts


@pytest.fixture(params=["memory", pytest.param("aws", marks=pytest.mark.twin)])
def costs(request: pytest.FixtureRequest) -> Costs:
    if request.param == "memory":
        return MemoryCosts()
    return DynamoCosts(request.getfixturevalue("aws").dynamodb, "contracts-costs")


def spent(tenant: str, day: str, run: str = "run-1", path: str = "main", *, cost: int = 1, through: int = 0) -> Spent:
    lines = (Line(agent="triage", model="m", cost=cost, calls=1, input=2, output=3, cached=4),)
    return Spent(tenant=tenant, run=run, path=path, day=day, workflow="support", lines=lines, through=through)


def test_what_was_put_replaces_what_stood(costs: Costs, tenant: str) -> None:
    costs.put(spent(tenant, "2026-11-23"))
    costs.put(spent(tenant, "2026-11-23", cost=9))
    assert costs.page(tenant, since="2026-11-23", until="2026-11-23", limit=5) == ([spent(tenant, "2026-11-23", cost=9)], "")


def test_what_is_told_late_replaces_nothing_that_is_of_a_later_entry(costs: Costs, tenant: str) -> None:
    final = spent(tenant, "2026-11-23", cost=1000, through=9)
    costs.put(final)
    costs.put(spent(tenant, "2026-11-23", cost=100, through=8))
    assert costs.page(tenant, since="2026-11-23", until="2026-11-23", limit=5) == ([final], "")
    costs.put(spent(tenant, "2026-11-23", cost=2000, through=10))
    (found,), _ = costs.page(tenant, since="2026-11-23", until="2026-11-23", limit=5)
    assert (found.cost, found.through) == (2000, 10)


def test_of_the_same_entries_figures_with_fewer_gaps_stand(costs: Costs, tenant: str) -> None:
    whole, gapped = spent(tenant, "2026-11-23", cost=1000, through=9), replace(spent(tenant, "2026-11-23", cost=7, through=9), gaps=2)
    for put, stands in ((gapped, gapped), (replace(gapped, gaps=3), gapped), (whole, whole), (gapped, whole)):
        costs.put(put)
        assert costs.page(tenant, since="2026-11-23", until="2026-11-23", limit=5) == ([stands], "")
    later = replace(gapped, through=10)
    costs.put(later)
    assert costs.page(tenant, since="2026-11-23", until="2026-11-23", limit=5) == ([later], "")


def test_what_is_told_again_keeps_the_estimates_that_stand(costs: Costs, tenant: str) -> None:
    def priced(endpoint: int, through: int = 9) -> Spent:
        one = spent(tenant, "2026-11-23", through=through)
        return replace(one, lines=(replace(one.lines[0], endpoint=endpoint), *one.lines[1:]))

    costs.put(priced(36), again=True)
    for put, again, stands in (
        (priced(72), True, priced(36)),
        (replace(priced(0), lines=()), True, replace(priced(36), lines=(Line(agent="triage", model="m", cost=0, endpoint=36),))),
        (priced(40), False, priced(40)),
        (priced(80, through=10), True, priced(80, through=10)),
        (priced(90), True, priced(80, through=10)),
    ):
        costs.put(put, again=again)
        assert costs.page(tenant, since="2026-11-23", until="2026-11-23", limit=5) == ([stands], "")


def test_days_are_included_at_both_ends_and_nothing_of_another_tenant(costs: Costs, tenant: str) -> None:
    for day in ("2026-11-21", "2026-11-22", "2026-11-23", "2026-11-24"):
        costs.put(spent(tenant, day))
        costs.put(spent(f"{tenant}-2", day))
    found, rest = costs.page(tenant, since="2026-11-22", until="2026-11-23", limit=5)
    assert ([one.day for one in found], rest) == (["2026-11-22", "2026-11-23"], "")


def test_pages_follow_each_other_without_gap(costs: Costs, tenant: str) -> None:
    wanted = [spent(tenant, "2026-11-23", run=f"run-{number}", path=path) for number in range(4) for path in ("a", "main")]
    for one in reversed(wanted):
        costs.put(one)
    found: list[Spent] = []
    after = ""
    while True:
        page, after = costs.page(tenant, since="2026-11-01", until="2026-11-30", after=after, limit=3)
        found += page
        assert len(page) <= 3
        if not after:
            break
    assert found == wanted
