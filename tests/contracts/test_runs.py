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
            paths=("r0", "r1"),
            attempt=2,
            parent="run-0",
            origin="run-00",
            session="s-1",
            trace="Root=1-65000000-000000000000000000000001;Sampled=1",
            link="Root=1-65000000-000000000000000000000002;Parent=0000000000000003;Sampled=1",
            copied=(("main", 7), ("r0", 3)),
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

    def test_its_branches_are_noted_each_once(self, runs: Runs, tenant: str) -> None:
        runs.create(run(tenant))
        runs.part(tenant, "run-1", ["b", "a"])
        runs.part(tenant, "run-1", ["a", "c"])
        found = runs.get(tenant, "run-1")
        assert found is not None
        assert found.branches == ("main", "a", "b", "c")

    def test_branches_of_a_run_that_is_not_there_are_noted_nowhere(self, runs: Runs, tenant: str) -> None:
        runs.part(tenant, "nobody", ["a"])
        assert runs.get(tenant, "nobody") is None

    def test_it_ends_once(self, runs: Runs, tenant: str) -> None:
        runs.create(run(tenant))
        assert runs.close(tenant, "run-1", status="failed", ended_at=9, error="ToolFailed", message="it fell")
        assert not runs.close(tenant, "run-1", status="succeeded", ended_at=10)
        assert runs.get(tenant, "run-1") == run(tenant, status="failed", ended_at=9, error="ToolFailed", message="it fell")

    def test_one_that_runs_is_cancelled_and_the_first_who_said_so_stands(self, runs: Runs, tenant: str) -> None:
        runs.create(run(tenant))
        cancelled = runs.cancel(tenant, "run-1", by="boss", reason="the customer left")
        assert cancelled == runs.cancel(tenant, "run-1", by="other", reason="") == runs.get(tenant, "run-1")
        assert cancelled is not None
        assert (cancelled.cancelled_by, cancelled.cancel_reason, cancelled.status) == ("boss", "the customer left", "running")

    def test_one_that_keeps_what_it_did_is_not_cancelled_until_it_is_restarted(self, runs: Runs, tenant: str) -> None:
        runs.create(run(tenant))
        assert runs.keep(tenant, "run-1", attempt=0)
        assert runs.keep(tenant, "run-1", attempt=0), "whoever got no answer asks again"
        assert runs.cancel(tenant, "run-1", by="boss", reason="") is None
        assert runs.get(tenant, "run-1") == run(tenant, kept=True)
        runs.close(tenant, "run-1", status="failed", ended_at=9)
        runs.restart(tenant, "run-1", attempt=1, at=10, execution="arn:1")
        assert runs.claim(tenant, "run-1", "arn:1", attempt=1)
        assert runs.keep(tenant, "run-1", attempt=0), "what an attempt that is over keeps, nobody asks any more"
        cancelled = runs.cancel(tenant, "run-1", by="boss", reason="")
        assert cancelled is not None
        assert (cancelled.kept, cancelled.cancelled_by) == (False, "boss")

    def test_one_that_is_cancelled_keeps_nothing(self, runs: Runs, tenant: str) -> None:
        runs.create(run(tenant))
        runs.cancel(tenant, "run-1", by="boss", reason="")
        assert not runs.keep(tenant, "run-1", attempt=0)
        assert runs.get(tenant, "run-1") == run(tenant, cancelled_by="boss")
        assert runs.keep(tenant, "run-2", attempt=0), "nobody has cancelled what is not there"

    def test_one_that_was_refused_meanwhile_keeps_what_it_did_once_it_is_started_after_all(self, runs: Runs, tenant: str) -> None:
        runs.create(run(tenant))
        runs.refuse(tenant, "run-1", at=2, error="BudgetExhausted", message="nothing is left")
        assert runs.keep(tenant, "run-1", attempt=0)
        runs.started(tenant, "run-1", "arn:0")
        assert runs.cancel(tenant, "run-1", by="boss", reason="") is None
        assert runs.get(tenant, "run-1") == run(tenant, execution="arn:0", kept=True)

    def test_an_attempt_is_not_cancelled_until_somebody_has_claimed_it(self, runs: Runs, tenant: str) -> None:
        before = runs.create(run(tenant, status="failed", ended_at=5, error="ToolFailed", message="m", execution="arn:0"))
        assert runs.restart(tenant, "run-1", attempt=1, at=9, execution="arn:1")
        assert runs.cancel(tenant, "run-1", by="boss", reason="") is None, "it may be refused yet, and nothing would undo"
        assert runs.take_back(before, attempt=1)
        assert runs.restart(tenant, "run-1", attempt=2, at=9, execution="arn:2")
        assert runs.cancel(tenant, "run-1", by="boss", reason="") is None
        assert runs.claim(tenant, "run-1", "arn:2", attempt=2)
        cancelled = runs.cancel(tenant, "run-1", by="boss", reason="")
        assert cancelled is not None
        assert (cancelled.cancelled_by, cancelled.admitted) == ("boss", True)

    def test_of_cancelling_an_attempt_and_taking_it_back_at_most_one_happens(self, runs: Runs, tenant: str) -> None:
        together = Barrier(3)

        def cancel(name: str) -> bool:
            together.wait()
            return runs.cancel(tenant, name, by="boss", reason="") is not None

        def claim(name: str) -> bool:
            together.wait()
            return runs.claim(tenant, name, "arn:1", attempt=1)

        def take_back(before: Run) -> bool:
            together.wait()
            return runs.take_back(before, attempt=1)

        with ThreadPoolExecutor(3) as pool:
            for place in range(20):
                before = runs.create(run(tenant, f"run-{place}", status="failed", ended_at=5))
                runs.restart(tenant, before.run, attempt=1, at=9, execution="arn:1")
                asked = (pool.submit(cancel, before.run), pool.submit(claim, before.run), pool.submit(take_back, before))
                cancelled, claimed, taken = (one.result() for one in asked)
                assert claimed is not taken
                assert not (cancelled and taken)

    def test_of_keeping_and_cancelling_at_once_one_holds(self, runs: Runs, tenant: str) -> None:
        together = Barrier(2)

        def cancel(name: str) -> bool:
            together.wait()
            return runs.cancel(tenant, name, by="boss", reason="") is not None

        def keep(name: str) -> bool:
            together.wait()
            return runs.keep(tenant, name, attempt=0)

        with ThreadPoolExecutor(2) as pool:
            for place in range(20):
                runs.create(run(tenant, name := f"run-{place}"))
                cancelled, kept = pool.submit(cancel, name), pool.submit(keep, name)
                assert cancelled.result() is not kept.result()

    def test_one_that_has_ended_or_is_not_there_is_not_cancelled(self, runs: Runs, tenant: str) -> None:
        runs.create(run(tenant))
        runs.close(tenant, "run-1", status="succeeded", ended_at=7)
        assert runs.cancel(tenant, "run-1", by="boss", reason="") is None
        assert runs.cancel(tenant, "run-2", by="boss", reason="") is None
        ended = runs.get(tenant, "run-1")
        assert ended is not None
        assert ended.cancelled_by == ""

    def test_the_end_of_one_attempt_is_not_that_of_another(self, runs: Runs, tenant: str) -> None:
        runs.create(run(tenant))
        assert not runs.close(tenant, "run-1", status="failed", ended_at=9, attempt=1)
        assert runs.close(tenant, "run-1", status="failed", ended_at=9, attempt=0)
        assert runs.restart(tenant, "run-1", attempt=1, at=10, execution="arn:1")
        assert not runs.close(tenant, "run-1", status="failed", ended_at=11, attempt=0)
        assert runs.close(tenant, "run-1", status="succeeded", ended_at=12, attempt=1)

    def test_the_first_stop_of_its_present_attempt_stands_until_it_is_restarted(self, runs: Runs, tenant: str) -> None:
        runs.create(run(tenant))
        runs.stop(tenant, "run-1", attempt=1, why="of another attempt")
        for why in ("enough", "once more"):
            runs.stop(tenant, "run-1", attempt=0, why=why)
        assert runs.get(tenant, "run-1") == run(tenant, stopped="enough")
        runs.close(tenant, "run-1", status="stopped", ended_at=9)
        runs.restart(tenant, "run-1", attempt=1, at=10, execution="arn:1")
        runs.stop(tenant, "run-1", attempt=0, why="late")
        again = runs.get(tenant, "run-1")
        assert again is not None
        assert again.stopped == ""
        runs.stop(tenant, "run-1", attempt=1, why="again")
        again = runs.get(tenant, "run-1")
        assert again is not None
        assert again.stopped == "again"

    def test_one_that_has_ended_or_is_not_there_is_not_stopped(self, runs: Runs, tenant: str) -> None:
        runs.create(run(tenant))
        runs.close(tenant, "run-1", status="succeeded", ended_at=7)
        for name in ("run-1", "run-2"):
            runs.stop(tenant, name, attempt=0, why="enough")
        assert runs.get(tenant, "run-1") == run(tenant, status="succeeded", ended_at=7)
        assert runs.get(tenant, "run-2") is None

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


class TestGoingOn:
    def test_a_run_is_claimed_while_it_is_running_and_the_first_note_stands(self, runs: Runs, tenant: str) -> None:
        runs.create(run(tenant))
        assert runs.claim(tenant, "run-1", "arn:1")
        assert runs.claim(tenant, "run-1", "arn:2")
        found = runs.get(tenant, "run-1")
        assert found
        assert found.execution == "arn:1"
        runs.refuse(tenant, "run-1", at=5, error="RunStopped", message="")
        assert found == runs.get(tenant, "run-1"), "what was claimed cannot be refused"

    @pytest.mark.parametrize("status", ["refused", "failed", "succeeded"])
    def test_what_was_refused_or_has_ended_cannot_be_claimed(self, runs: Runs, tenant: str, status: Any) -> None:
        runs.create(run(tenant, status=status, ended_at=5))
        assert not runs.claim(tenant, "run-1", "arn:1")

    def test_an_attempt_that_nobody_has_claimed_is_taken_back_and_is_none_to_claim_any_more(self, runs: Runs, tenant: str) -> None:
        before = runs.create(run(tenant, status="failed", ended_at=5, error="ToolFailed", message="m", execution="arn:0"))
        assert runs.restart(tenant, "run-1", attempt=1, at=9, execution="arn:1")
        assert not runs.claim(tenant, "run-1", "arn:0"), "that is another attempt"
        assert not runs.take_back(before, attempt=0)
        assert runs.take_back(before, attempt=1)
        assert not runs.take_back(before, attempt=1)
        found = runs.get(tenant, "run-1")
        assert found
        assert (found.status, found.ended_at, found.error, found.message, found.attempt) == ("failed", 5, "ToolFailed", "m", 1)
        assert not runs.claim(tenant, "run-1", "arn:1", attempt=1)
        assert runs.restart(tenant, "run-1", attempt=2, at=10, execution="arn:2")
        assert runs.claim(tenant, "run-1", "arn:2", attempt=2)
        assert not runs.take_back(before, attempt=2), "somebody starts it"
        assert (found := runs.get(tenant, "run-1"))
        assert (found.status, found.execution) == ("running", "arn:2")

    @pytest.mark.parametrize("status", ["failed", "stopped", "timed_out"])
    def test_what_ended_badly_runs_again_as_the_next_attempt(self, runs: Runs, tenant: str, status: Any) -> None:
        runs.create(run(tenant, status=status, ended_at=5, error="ToolFailed", message="m", execution="arn:0", sealed="s"))
        assert runs.restart(tenant, "run-1", attempt=1, at=9, execution="arn:1")
        again = run(tenant, attempt=1, restarted_at=9, execution="arn:1")
        assert runs.get(tenant, "run-1") == again
        assert not runs.restart(tenant, "run-1", attempt=1, at=10, execution="arn:1"), "once"
        assert not runs.restart(tenant, "run-1", attempt=2, at=10, execution="arn:2"), "it is running"
        assert runs.close(tenant, "run-1", status="failed", ended_at=11)
        assert not runs.restart(tenant, "run-1", attempt=3, at=12, execution="arn:3"), "attempts are counted one by one"
        assert runs.restart(tenant, "run-1", attempt=2, at=12, execution="arn:2")

    @pytest.mark.parametrize("status", ["running", "succeeded", "refused"])
    def test_nothing_else_runs_again(self, runs: Runs, tenant: str, status: Any) -> None:
        runs.create(run(tenant, status=status))
        assert not runs.restart(tenant, "run-1", attempt=1, at=9, execution="arn:1")
        assert not runs.restart(tenant, "run-2", attempt=1, at=9, execution="arn:1")
