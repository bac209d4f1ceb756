from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest

from septet.core.errors import InputRejected
from septet.core.runs import Run, Runs
from tests.contracts.conftest import Storage


@pytest.fixture
def runs(storage: Storage) -> Runs:
    return storage.runs


def run(tenant: str, name: str = "run-1", **changes: Any) -> Run:
    return replace(Run(tenant=tenant, run=name, workflow="support", submitter="s", digest="d", created_at=1_700_000_000_000), **changes)


def pages(runs: Runs, tenant: str, limit: int, **filters: Any) -> Iterator[tuple[Run, ...]]:
    cursor = None
    while True:
        page = runs.page(tenant, limit=limit, cursor=cursor, **filters)
        assert len(page.runs) <= limit
        yield page.runs
        if page.next is None:
            return
        cursor = page.next


def names(runs: Runs, tenant: str, limit: int, **filters: Any) -> list[str]:
    return [item.run for page in pages(runs, tenant, limit, **filters) for item in page]


class TestOne:
    def test_a_run_comes_back_as_it_was(self, runs: Runs, tenant: str) -> None:
        whole = run(
            tenant,
            status="failed",
            ended_at=7,
            execution="arn:x",
            error="ToolFailed",
            message="it fell",
            roles=("admin", "submitter"),
            attended=False,
        )
        assert runs.create(whole) == whole
        assert runs.get(tenant, "run-1") == whole

    def test_an_unknown_run_is_none(self, runs: Runs, tenant: str) -> None:
        assert runs.get(tenant, "run-1") is None

    def test_another_tenant_s_run_is_none(self, runs: Runs, tenant: str) -> None:
        runs.create(run(tenant))
        assert runs.get(f"{tenant}-2", "run-1") is None

    def test_an_id_is_taken_once_and_the_first_stands(self, runs: Runs, tenant: str) -> None:
        first = runs.create(run(tenant))
        assert runs.create(run(tenant, digest="other")) == first
        assert runs.get(tenant, "run-1") == first

    def test_of_many_creating_one_id_at_once_all_get_the_same_record(self, runs: Runs, tenant: str) -> None:
        together = Barrier(10)

        def create(place: int) -> Run:
            together.wait()
            return runs.create(run(tenant, digest=str(place)))

        with ThreadPoolExecutor(10) as pool:
            assert len(set(pool.map(create, range(10)))) == 1

    def test_where_it_executes_is_noted_once(self, runs: Runs, tenant: str) -> None:
        runs.create(run(tenant))
        runs.started(tenant, "run-1", "arn:first")
        runs.started(tenant, "run-1", "arn:second")
        found = runs.get(tenant, "run-1")
        assert found == run(tenant, execution="arn:first")

    def test_it_ends_once(self, runs: Runs, tenant: str) -> None:
        runs.create(run(tenant))
        assert runs.close(tenant, "run-1", status="failed", ended_at=9, error="ToolFailed", message="it fell")
        assert not runs.close(tenant, "run-1", status="succeeded", ended_at=10)
        assert runs.get(tenant, "run-1") == run(tenant, status="failed", ended_at=9, error="ToolFailed", message="it fell")

    def test_one_that_was_refused_says_why_and_can_be_refused_again(self, runs: Runs, tenant: str) -> None:
        runs.create(run(tenant, budget=5))
        for at in (9, 10):
            runs.refuse(tenant, "run-1", at=at, error="BudgetExhausted", message="nothing is left")
            expected = run(tenant, budget=5, status="refused", ended_at=at, error="BudgetExhausted", message="nothing is left")
            assert runs.get(tenant, "run-1") == expected
        assert names(runs, tenant, 10, status="refused") == ["run-1"]

    def test_one_that_was_refused_and_is_started_after_all_is_running(self, runs: Runs, tenant: str) -> None:
        runs.create(run(tenant))
        runs.refuse(tenant, "run-1", at=9, error="BudgetExhausted", message="nothing is left")
        runs.started(tenant, "run-1", "arn:x")
        assert runs.get(tenant, "run-1") == run(tenant, execution="arn:x")

    def test_one_that_executes_or_has_ended_is_not_refused(self, runs: Runs, tenant: str) -> None:
        runs.create(run(tenant))
        runs.started(tenant, "run-1", "arn:x")
        runs.refuse(tenant, "run-1", at=9, error="BudgetExhausted", message="")
        assert runs.get(tenant, "run-1") == run(tenant, execution="arn:x")
        runs.create(run(tenant, "run-2"))
        runs.close(tenant, "run-2", status="failed", ended_at=3, error="NotStarted")
        runs.refuse(tenant, "run-2", at=9, error="BudgetExhausted", message="")
        assert runs.get(tenant, "run-2") == run(tenant, "run-2", status="failed", ended_at=3, error="NotStarted")

    def test_an_execution_that_ended_ends_one_that_was_refused_meanwhile(self, runs: Runs, tenant: str) -> None:
        runs.create(run(tenant))
        runs.refuse(tenant, "run-1", at=9, error="BudgetExhausted", message="nothing is left")
        assert runs.close(tenant, "run-1", status="succeeded", ended_at=10)
        assert runs.get(tenant, "run-1") == run(tenant, status="succeeded", ended_at=10)

    def test_what_is_not_there_cannot_end(self, runs: Runs, tenant: str) -> None:
        assert not runs.close(tenant, "run-1", status="succeeded", ended_at=10)
        assert runs.get(tenant, "run-1") is None


class TestPages:
    @pytest.fixture
    def many(self, runs: Runs, tenant: str) -> list[str]:
        """Ids of 23 runs, newest first; some began in the same millisecond, some failed, some are Ann's."""
        for place in range(23):
            made = run(tenant, f"run-{place:02}", created_at=1_700_000_000_000 + place // 4, submitter="ann" if place % 3 else "bob")
            runs.create(made)
            if place % 5 == 0:
                runs.close(tenant, made.run, status="failed", ended_at=1)
        runs.create(run(f"{tenant}-2", "run-foreign"))
        return [f"run-{place:02}" for place in reversed(range(23))]

    @pytest.mark.parametrize("limit", [1, 2, 7, 22, 23, 24, 100])
    def test_every_run_is_on_one_page_newest_first(self, runs: Runs, tenant: str, many: list[str], limit: int) -> None:
        assert names(runs, tenant, limit) == many

    @pytest.mark.parametrize("limit", [1, 3, 50])
    @pytest.mark.parametrize(
        "filters",
        [
            {"status": "failed"},
            {"status": "running"},
            {"submitter": "ann"},
            {"status": "failed", "submitter": "bob"},
            {"status": "stopped"},
        ],
    )
    def test_a_filter_neither_loses_nor_repeats_one(
        self, runs: Runs, tenant: str, many: list[str], limit: int, filters: dict[str, Any]
    ) -> None:
        every = [runs.get(tenant, name) for name in many]
        wanted = [item.run for item in every if item and all(getattr(item, name) == value for name, value in filters.items())]
        assert names(runs, tenant, limit, **filters) == wanted

    def test_runs_that_come_in_between_neither_push_one_out_nor_in_again(self, runs: Runs, tenant: str, many: list[str]) -> None:
        seen: list[str] = []
        for place, page in enumerate(pages(runs, tenant, 4)):
            seen += [item.run for item in page]
            runs.create(run(tenant, f"late-{place}", created_at=1_700_000_000_100))
        assert seen == many

    def test_a_run_that_ends_in_between_leaves_the_others_in_place(self, runs: Runs, tenant: str, many: list[str]) -> None:
        seen: list[str] = []
        for page in pages(runs, tenant, 4, status="running"):
            seen += [item.run for item in page]
            for item in page:
                runs.close(tenant, item.run, status="succeeded", ended_at=1)
        assert seen == [name for name in many if int(name[-2:]) % 5]

    def test_another_tenant_s_cursor_shows_nothing_of_theirs(self, runs: Runs, tenant: str, many: list[str]) -> None:
        theirs = f"{tenant}-3"
        for place in range(4):
            runs.create(run(theirs, f"theirs-{place}"))
        cursor = runs.page(tenant, limit=2).next
        assert {item.tenant for item in runs.page(theirs, limit=100, cursor=cursor).runs} <= {theirs}
        cursor = runs.page(theirs, limit=2).next
        assert {item.run for item in runs.page(tenant, limit=100, cursor=cursor).runs} <= set(many)

    def test_nothing_has_no_next_page(self, runs: Runs, tenant: str) -> None:
        assert runs.page(tenant, limit=10) == type(runs.page(tenant, limit=1))(runs=(), next=None)

    @pytest.mark.parametrize(
        "cursor", ["", "x", "null", "W10", "e30", "WyIiLCIiXQ", "MQ==", "ü", "#", "7#", "#run-1", "A" * 10_000, "\ud800", "%00", "' OR 1=1"]
    )
    def test_a_cursor_nobody_made_is_rejected(self, runs: Runs, tenant: str, many: list[str], cursor: str) -> None:
        assert many
        with pytest.raises(InputRejected, match="cursor"):
            runs.page(tenant, limit=2, cursor=cursor)
