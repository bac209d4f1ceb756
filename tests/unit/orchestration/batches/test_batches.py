"""A batch from its file to its results: every row has one run, whatever is killed, lost or done twice."""

import hashlib
import json
from copy import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.core.errors import InputRejected, StoreUnavailable
from septet.core.ledger import of_run
from septet.core.rows import Row
from septet.core.traces import within
from septet.core.waits import for_row
from septet.integration.forking import Wanted as Fork
from septet.integration.forking import fork
from septet.integration.problems import Kind, Problem
from septet.local.rows import MemoryRows
from septet.orchestration.batches.reading import records
from septet.orchestration.batches.results import Counted
from septet.orchestration.batches.working import Ended
from tests.unit.integration.conftest import principal
from tests.unit.orchestration.batches.world import COST, World, messages, table


@pytest.fixture
def world() -> World:
    return World()


def begun(world: World, rows: int = 3, **asked: Any) -> World:
    """Every row of a file has a run that works on it."""
    world.start(world.upload(messages(rows)).file, **asked)
    world.prepare()
    for task in world.tasks():
        assert world.work(task)
    return world


def statuses(world: World) -> dict[int, str]:
    return {row.number: row.status for row in world.office.rows.read("acme", world.run)}


def test_each_row_gets_one_run_of_the_workflow_for_whoever_submitted_the_batch(world: World) -> None:
    begun(world, row_budget="0.25")
    runs = {run.row: run for run in world.runs()}
    assert runs.keys() == {1, 2, 3}
    request = next(iter(world.office.journal.read(replace(world.batch.branch, run=runs[2].run))))
    assert request.body.input == {"message": "where is order 2?"}
    one = runs[2]
    assert (one.workflow, one.submitter, one.parent, one.budget, one.attended) == ("support", "ann", world.run, 250_000, False)
    assert one.roles == ("submitter",)


def test_each_row_is_a_trace_of_its_own_that_comes_from_the_batch(world: World) -> None:
    begun(world)
    batch = world.batch.run
    assert {run.link for run in world.runs()} == {within(batch.trace, "acme", batch.run, 0)}
    assert len({run.trace for run in (batch, *world.runs())}) == 4


def test_done_twice_a_row_still_has_one_run(world: World) -> None:
    begun(world)
    before = {run.run for run in world.runs()}
    world.prepare()
    for task in world.tasks():
        world.work(task)
    assert {run.run for run in world.runs()} == before


def test_two_that_begin_a_row_at_once_begin_one_run(world: World) -> None:
    world.start(world.upload(messages(1)).file)
    world.prepare()
    (task,) = world.tasks()

    class Late(MemoryRows):
        """Whoever reads first is overtaken by another before it goes on."""

        overtaken = False

        def read(self, *given: Any, **named: Any) -> tuple[Row, ...]:
            found = super().read(*given, **named)
            if not self.overtaken:
                self.overtaken = True
                assert world.work(task)
            return found

    late = Late()
    late.rows = world.office.rows.rows
    world.office.rows = late
    assert world.work(task)
    assert len(world.runs()) == 1
    assert world.runs()[0].run == world.child(1)


def test_the_end_of_a_run_lets_its_row_go_on_and_is_noted(world: World) -> None:
    begun(world)
    world.end(world.child(2))
    assert world.office.executions.woken == {"token 2": {}}
    assert statuses(world) == {1: "running", 2: "succeeded", 3: "running"}
    assert world.office.waits.find("acme", world.run, for_row(world.child(2))) is None


def test_whoever_tells_an_end_late_forgets_no_token_that_came_later(world: World) -> None:
    begun(world)
    row, waits = for_row(world.child(2)), world.office.waits

    class Woken:
        def wake(self, token: str, value: Any) -> None:
            assert (token, value) == ("token 2", {})
            waits.put("acme", world.run, row, "a later token")  # the batch was restarted, and its next attempt waits for the same row

    world.end(world.child(2), told=False)
    record = world.office.runs.get("acme", world.child(2))
    assert record
    Ended(rows=world.office.rows, waits=waits, executions=Woken())(replace(record, status="succeeded"))  # type: ignore[arg-type]  # it is only woken
    assert waits.find("acme", world.run, row) == "a later token"


def test_an_end_that_is_told_twice_changes_nothing(world: World) -> None:
    begun(world)
    world.end(world.child(2), "failed", error="ModelRefused")
    world.tell(world.child(2))
    (row,) = world.office.rows.read("acme", world.run, after=1, limit=1)
    assert row == Row(number=2, run=world.child(2), status="failed", error="ModelRefused")
    assert len(world.office.executions.woken) == 1


def test_a_run_that_ended_before_its_row_waited_lets_it_go_on_at_once(world: World) -> None:
    begun(world)
    world.end(world.child(2), told=False)
    assert world.office.executions.woken == {}
    task = replace(world.tasks()[1], token="a later token")
    assert world.work(task)
    assert world.office.executions.woken == {"a later token": {}}
    assert statuses(world)[2] == "succeeded"


def test_a_run_of_something_else_is_no_row(world: World) -> None:
    begun(world)
    before = statuses(world)
    other = world.office.start()
    world.office.runs.close("acme", other, status="failed", ended_at=1)
    world.tell(other)
    assert (statuses(world), world.office.executions.woken) == (before, {})


def test_a_row_s_run_is_told_of_only_when_it_has_ended(world: World) -> None:
    begun(world)
    world.tell(world.child(1))
    assert (statuses(world)[1], world.office.executions.woken) == ("running", {})


def test_a_late_end_of_a_run_that_was_replaced_leaves_the_row_alone(world: World) -> None:
    begun(world)
    first = world.child(1)
    world.office.rows.begin("acme", world.run, Row(number=1, run="run-another"))
    world.end(first, "failed")
    assert world.office.rows.read("acme", world.run, limit=1)[0] == Row(number=1, run="run-another")


def test_a_stopped_batch_starts_nothing_more(world: World) -> None:
    world.start(world.upload(messages(2)).file)
    world.prepare()
    world.office.ledger.stop("acme", world.run, "enough")
    assert not world.work(world.tasks()[0])
    assert (world.refused, world.runs()) == ({"RunStopped": 1}, [])


def test_where_too_much_runs_a_row_says_so_takes_nothing_and_is_done_when_it_is_tried_again(world: World) -> None:
    world.start(world.upload(messages(2)).file)
    world.prepare()
    world.office.capacity = 1  # which is the batch itself
    first, _ = world.tasks()
    assert not world.work(first)
    assert (world.refused, statuses(world)) == ({"Overloaded": 1}, {1: "refused"})
    assert world.office.ledger.account("acme", of_run(world.child(1))) is None
    world.office.capacity = 100
    assert world.work(first)
    assert statuses(world) == {1: "running"}
    assert [run.status for run in world.runs()] == ["running"]


def test_bad_rows_are_told_by_line_and_field_and_the_others_are_done(world: World) -> None:
    rows = [["1", "hello"], ["2"], ["3", "x" * 9000], ["3", "short"], ["3", "again"], ["", "nobody"], ["5", "bye"]]
    content = table([["id", "message"], *rows])
    world.start(world.upload(content).file, key="id")
    prepared = world.prepare()
    assert (prepared.rows, prepared.left, prepared.rejected) == (7, 3, 4)
    assert {row.number: row.message for row in world.office.rows.read("acme", world.run)} == {
        2: "line 3: has 1 values, and the header has 2",
        3: "line 4: field message: must be shorter than or equal to 8000 characters",
        5: "line 6: column id: a row before has the same",
        6: "line 7: column id: is missing, and tells rows apart",
    }
    assert [task.number for task in world.tasks()] == [1, 4, 7]


@pytest.mark.parametrize(
    ("row", "key"),
    [
        (b'{"id": "\\ud800", "message": "hi"}', "id"),
        (b'{"id": "b", "message": "\\ud800"}', "id"),
        (b'{"id": "b", "message": "hi", "orders": [1e999]}', "id"),
        (b'{"id": "b"}', "id"),
    ],
)
def test_one_row_that_cannot_be_used_costs_no_other_row_its_run(row: bytes, key: str) -> None:
    for content in ((row, b'{"id": "a", "message": "hello"}'), (b'{"id": "a", "message": "hello"}', row)):
        one = World()
        one.start(one.upload(b"\n".join(content) + b"\n", "application/x-ndjson").file, key=key)
        prepared = one.prepare()
        assert (prepared.rows, prepared.left, prepared.rejected) == (2, 1, 1)


def test_the_columns_of_json_lines_may_differ_from_line_to_line(world: World) -> None:
    lines = b'{"message": "hello"}\n{"message": "hello", "nos": [7]}\n'
    columns = [{"field": "message", "column": "message"}, {"field": "orders", "column": "nos"}]
    world.start(world.upload(lines, "application/x-ndjson").file, columns=columns)
    assert world.prepare().left == 2


def test_fields_are_taken_from_the_columns_that_are_named_and_have_their_types(world: World) -> None:
    content = table([["text", "nos", "via"], ["hello", "[7]", "mail"], ["hello", "[x]", "mail"], ["hello", "", ""]])
    columns = [{"field": "message", "column": "text"}, {"field": "orders", "column": "nos"}, {"field": "channel", "column": "via"}]
    world.start(world.upload(content).file, columns=columns)
    assert world.prepare().rejected == 1
    for task in world.tasks():
        world.work(task)
    inputs = [next(iter(world.office.journal.read(replace(world.batch.branch, run=run.run)))).body.input for run in world.runs()]
    assert inputs == [{"message": "hello", "orders": [7], "channel": "mail"}, {"message": "hello"}]


def test_json_lines_are_taken_as_they_are(world: World) -> None:
    good = b'\xef\xbb\xbf{"message": "hi", "orders": [1, 2]}\r\n\r\n'
    lines = good + b'nothing\n{"message": 1}\n{"message": "a", "message": "b"}\n[1]\n{"message": NaN}\n'
    world.start(world.upload(lines, "application/x-ndjson").file)
    prepared = world.prepare()
    assert (prepared.rows, prepared.left) == (6, 1)
    rejected = world.office.rows.read("acme", world.run)
    assert {row.message.partition(":")[0] for row in rejected} == {f"line {line}" for line in (3, 4, 5, 6, 7)}


@pytest.mark.parametrize(
    ("content", "asked", "why"),
    [
        (b"", {}, "empty"),
        (b"\n\n", {}, "empty"),
        (b"message,message\nhello,there\n", {}, "same name"),
        (b"message,\nhello,there\n", {}, "each with a name"),
        (b"m\xff\nhello\n", {}, "in UTF-8"),
        (b"text\nhello\n", {}, "no column of the file is named"),
        (b"text\nhello\n", {"columns": [{"field": "message", "column": "words"}]}, "no such column"),
        (b"text\nhello\n", {"columns": [{"field": "words", "column": "text"}]}, "the workflow has"),
        (b"message\nhello\n", {"workflow": "batch"}, "starts no batches"),
        (b"message\nhello\n", {"workflow": "none"}, "there is no workflow none"),
        (b"message\nhello\n", {"row_budget": "much"}, "row_budget"),
    ],
)
def test_what_can_be_no_batch_is_refused_before_anything_is_started(world: World, content: bytes, asked: dict[str, Any], why: str) -> None:
    file = world.upload(content or b"\n").file
    world.office.contents.held["acme", f"{file}/content"] = content
    world.office.files.put(replace(world.office.files.get("acme", file), sha256=world.upload(content).sha256 if content else _sum(content)))
    world.start(file, **asked)
    with pytest.raises(InputRejected, match=why):
        world.prepare()
    assert world.runs() == []


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_file_of_somebody_else_is_no_file_for_a_submitter(world: World) -> None:
    theirs = world.upload(messages(1), who=principal("bob"))
    world.start(theirs.file)
    with pytest.raises(InputRejected, match="there is no file"):
        world.prepare()


def test_a_file_that_is_not_the_one_that_was_agreed_starts_nothing(world: World) -> None:
    file = world.upload(messages(3))
    world.start(file.file)
    world.office.contents.held["acme", file.place] = messages(2)
    with pytest.raises(InputRejected, match="SHA-256"):
        world.prepare()
    assert ("acme", f"{world.run}/map/rows.csv") not in world.office.contents.held
    assert world.office.rows.plan("acme", world.run) is None


def test_the_results_tell_of_every_row_and_what_it_cost(world: World) -> None:
    begun(world, rows=4, tolerated_percent=50)
    world.end(world.child(1), answer="=1+1")
    world.end(world.child(2), "failed", error="ModelRefused", message="the model declined")
    world.end(world.child(3), answer={"text": "sent"})
    counted = world.write()
    assert counted is not None
    assert (counted.rows, counted.succeeded, counted.failed, counted.tolerated) == (4, 2, 2, 2)
    found = world.results()
    assert [row["status"] for row in found] == ["succeeded", "failed", "succeeded", "unfinished"]
    assert [row["answer"] for row in found] == ["'=1+1", "", '{"text":"sent"}', ""]
    assert [row["error"] for row in found] == ["", "ModelRefused", "", ""]
    assert sum(int(row["cost_microdollars"]) for row in found) == 3 * COST
    lines = world.office.contents.held["acme", f"{world.run}/results.jsonl"].splitlines()
    assert [json.loads(line)["answer"] for line in lines] == ["=1+1", None, {"text": "sent"}, None]


def test_the_results_are_files_of_whoever_submitted_the_batch(world: World) -> None:
    begun(world, rows=1)
    world.end(world.child(1))
    counted = world.write()
    assert counted is not None
    for name, id_ in counted.files.items():
        file = world.office.files.get("acme", id_)
        assert (file.owner, file.runs, file.place) == ("ann", (world.run,), f"{world.run}/{name}")
        assert world.office.contents.there(file)
        assert _sum(world.office.contents.held["acme", file.place]) == file.sha256


def test_results_are_written_slice_by_slice_and_are_the_same_however_often_the_step_is_killed() -> None:
    world = World(some=2)
    begun(world, rows=7)
    for number in range(1, 8):
        world.end(world.child(number))
    calls = 0
    while (counted := world.write(lambda: False)) is None:
        calls += 1
        if calls == 2:  # it was killed after it had written, and before it could say so
            plan = world.office.rows.plan("acme", world.run)
            world.office.rows.keep("acme", world.run, replace(plan, segments=plan.segments[:-1], following=plan.segments[-1]))
    assert calls == 5
    assert counted == Counted(rows=7, succeeded=7, failed=0, tolerated=0, files=counted.files)
    assert [row["row"] for row in world.results()] == [str(number) for number in range(1, 8)]
    before = dict(world.office.contents.held)
    assert world.write() == counted
    assert world.office.contents.held == before
    assert [entry.body.type for entry in world.office.journal.read(world.batch.branch)] == ["request", "answer"]


def test_started_again_a_batch_does_what_nobody_finished_and_nothing_twice(world: World) -> None:
    begun(world, rows=4)
    world.end(world.child(1))
    world.end(world.child(2), "failed", error="ModelRefused")
    world.end(world.child(3), "stopped", error="RunStopped")
    world.close("stopped")
    before = {number: world.child(number) for number in range(1, 5)}
    world.again()
    assert world.prepare().left == 2
    for task in world.tasks():
        world.work(task)
    after = {number: world.child(number) for number in range(1, 5)}
    assert {number for number in before if before[number] != after[number]} == {3}
    world.end(after[3])
    world.end(after[4])
    assert statuses(world) == {1: "succeeded", 2: "failed", 3: "succeeded", 4: "succeeded"}


def test_rows_that_failed_are_done_again_when_that_was_asked_for(world: World) -> None:
    begun(world, rows=2, retry="failed")
    world.end(world.child(1))
    world.end(world.child(2), "failed", error="ModelRefused")
    world.write()
    world.close()
    first = world.child(2)
    world.again()
    assert [task.number for task in world.tasks()] != []
    world.prepare()
    (task,) = world.tasks()
    world.work(task)
    world.work(task)
    assert world.child(2) != first
    world.end(world.child(2))
    counted = world.write()
    assert counted is not None
    assert counted.succeeded == 2
    assert len(world.runs()) == 3


def test_a_row_whose_stop_nobody_told_is_done_again_all_the_same(world: World) -> None:
    begun(world, rows=1)
    first = world.child(1)
    world.end(first, "stopped", told=False)
    world.office.runs.close("acme", first, status="stopped", ended_at=1)
    world.close("stopped")
    world.again()
    world.prepare()
    world.work(world.tasks()[0])
    assert world.child(1) != first


@pytest.mark.parametrize("status", ["failed", "stopped"])
def test_a_row_that_is_done_again_acts_under_the_first_run_of_it_however_often_and_where_it_broke_off(world: World, status: Any) -> None:
    begun(world, rows=1, retry="failed")
    first = lineage = world.child(1)
    for _ in range(3):
        world.end(world.child(1), status)
        world.write()
        world.close()
        world.again()
        world.prepare()
        start, world.office.workflows.start = world.office.workflows.start, broken
        with pytest.raises(StoreUnavailable):
            world.work(world.tasks()[0])
        world.office.workflows.start = start
        world.work(world.tasks()[0])
        run = world.office.runs.get("acme", world.child(1))
        assert (run.run != first, run.lineage) == (True, lineage), "its effects meet the records of the first"
        first = run.run


def broken(*_: Any, **__: Any) -> Any:
    raise StoreUnavailable("made up")


def test_a_batch_is_not_forked_for_a_fork_would_do_every_row_again(world: World) -> None:
    begun(world, rows=1)
    with pytest.raises(Problem, match="would have all of them done again: restart it, or fork one of those") as refused:
        fork(world.run, Fork(at=0), world.who, world.ports)
    assert refused.value.kind is Kind.CONFLICT
    assert fork(world.child(1), Fork(at=0), world.who, world.ports).origin == world.child(1)


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12) | st.sampled_from(
    ["a\nb", "a\r\nb", 'say "no"', "a,b", " x "]
)


@given(st.lists(st.tuples(CELL, CELL), max_size=12))
def test_whatever_a_csv_writer_writes_is_read_as_it_was(rows: list[tuple[str, str]]) -> None:
    content = table([["message", "note"], *rows])
    for size in (1, 3, 1000):
        pieces = [content[start : start + size] for start in range(0, len(content), size)]
        assert [(one.values["message"], one.values["note"]) for one in records(pieces, "text/csv")] == rows


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    for one in records([b"message,note\n", content], "text/csv"):
        assert one.wrong or one.values.keys() == {"message", "note"}
    for one in records([content], "application/x-ndjson"):
        assert one.wrong or isinstance(one.values, dict)


def test_a_quote_that_is_never_closed_costs_the_rows_it_swallows_and_no_others() -> None:
    content = b'message\nfirst\n"open\n' + b"swallowed\n" * 20_000 + b"last\n"
    found = list(records([content], "text/csv"))
    assert (found[0].values, found[-1].values) == ({"message": "first"}, {"message": "last"})
    assert [one.line for one in found if one.wrong] == [3]


class _Killed(Exception):  # noqa: N818 -- what happened
    pass


class _Mortal:
    """A port whose process is killed at its n-th call, before or after it is done."""

    def __init__(self, port: Any, deaths: list[int], *, after: bool) -> None:
        self._port, self._deaths, self._after = port, deaths, after

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._port, name)
        if not callable(real):
            return real

        def call(*given: Any, **named: Any) -> Any:
            self._deaths[0] -= 1
            if self._deaths[0] == 0 and not self._after:
                raise _Killed(name)
            done = real(*given, **named)
            if self._deaths[0] == 0:
                raise _Killed(name)
            return done

        return call


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("ends", [False, True])
def test_killed_anywhere_a_row_has_one_run_and_its_child_goes_on(*, after: bool, ends: bool) -> None:
    calls = 0
    for moment in range(1, 100):
        world, deaths = World(), [0]
        world.start(world.upload(messages(1)).file)
        world.prepare()
        (task,) = world.tasks()
        office = world.office
        for name in ("runs", "rows", "waits", "ledger", "journal", "workflows", "executions"):
            setattr(office, name, _Mortal(getattr(office, name), deaths, after=after))
        deaths[0] = moment
        try:
            world.work(task)
        except _Killed:
            deaths[0] = 0
        else:
            calls = moment
            deaths[0] = 0
        if ends and world.runs() and world.runs()[0].execution:
            world.end(world.runs()[0].run)
        assert world.work(task), "Step Functions calls the step again, and the child waits"
        (run,) = world.runs()
        if run.status == "running":
            world.end(run.run)
        assert office.executions.woken == {task.token: {}}
        assert statuses(world) == {1: "succeeded"}
        if calls:
            break
    assert calls > 8, "it was killed at every call of a store"


def test_ten_thousand_rows_with_failures_kills_and_restarts_have_a_run_each() -> None:
    world, rows = World(), 10_000
    world.start(world.upload(messages(rows)).file, tolerated_percent=5)
    for attempt, least in enumerate((0, 2_000, 7_000)):
        if attempt:
            world.again()
        world.prepare()
        for count, task in enumerate(world.tasks()):
            world.work(task)
            if task.number % 17 == 0:
                world.work(task)  # called again: the first answer was lost
            run, told = world.child(task.number), task.number % 31 != 0
            if world.office.runs.get("acme", run).status == "running" and (task.number % 5 or attempt):
                failed = task.number % 29 == 0
                world.end(run, "failed" if failed else "succeeded", error="ModelRefused" if failed else "", told=told)
            if not told and attempt:
                world.work(task)  # the wait ran out, and the step looks again
            if count >= 4_000 and attempt < 2:
                break
        assert len(world.runs()) >= least
        if attempt < 2:
            world.close("stopped")
    counted = world.write()
    assert counted is not None
    assert len(world.runs()) == rows, "every row has one run"
    assert sorted(run.row for run in world.runs()) == list(range(1, rows + 1))
    assert (counted.rows, counted.failed) == (rows, rows // 29)
    found = world.results()
    assert len({row["run"] for row in found}) == rows
    assert sum(int(row["cost_microdollars"]) for row in found) == rows * COST


def test_a_store_that_fails_is_no_end_of_a_row(world: World) -> None:
    world.start(world.upload(messages(1)).file)
    world.prepare()
    workflows = world.office.workflows
    world.office.workflows = None
    with pytest.raises((AttributeError, StoreUnavailable)):
        world.work(world.tasks()[0])
    world.office.workflows = workflows
    assert world.work(world.tasks()[0])
