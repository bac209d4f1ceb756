"""Kills at planned boundaries, in real processes of the runtime interface client, and invocations made twice."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from septet_plugin.faults import Plans

RUN = "run-" + "0" * 26
OTHER = "run-" + "1" * 26
PUTS = """
import boto3
from botocore.config import Config
def handler(event, context):
    client = boto3.client("dynamodb", region_name="us-east-1", endpoint_url="{url}", aws_access_key_id="a", aws_secret_access_key="b")
    for _ in range(2):
        client.put_item(TableName="journal", Item={{"pk": {{"S": "".join(event.get("about", ""))}}}})
    return "done"
"""


@pytest.fixture
def table() -> Iterator[Any]:
    """A server that takes every request; `.taken` counts them."""

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.server.taken += 1  # type: ignore[attr-defined]  # this server's own
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    server.taken = 0
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def plans(tmp_path: Path) -> Plans:
    return Plans(tmp_path / "faults")


@pytest.fixture
def watched(function: Callable[..., Any], table: Any, plans: Plans) -> Any:
    return function(PUTS.format(url=f"http://127.0.0.1:{table.server_port}"), faults=(str(plans.folder), "f"))


def put(plans: Plans, run: str = RUN, **plan: Any) -> None:
    plans.put(run, json.dumps(plan).encode())


@pytest.mark.parametrize(("side", "taken"), [("before", 1), ("after", 2)])
def test_a_process_dies_once_at_the_planned_boundary_and_the_next_one_lives(
    watched: Any, table: Any, plans: Plans, side: str, taken: int
) -> None:
    put(plans, kill={"function": "f", "boundary": "dynamodb PutItem journal", "occurrence": 2, "side": side})
    outcome = watched.invoke({"run": RUN})
    assert outcome.is_error
    assert json.loads(outcome.body)["errorType"] == "Runtime.ExitError"
    assert table.taken == taken
    assert json.loads(watched.invoke({"run": RUN}).body) == "done"
    assert plans.outcome(RUN)["kills"] == 1


def test_boundaries_are_noted_in_order_and_counted_by_function(watched: Any, plans: Plans) -> None:
    put(plans)
    watched.invoke({"run": RUN})
    crossed = plans.outcome(RUN)["crossed"]
    assert [(one["boundary"], one["occurrence"]) for one in crossed] == [
        ("event", 1),
        ("dynamodb PutItem journal", 1),
        ("dynamodb PutItem journal", 2),
        ("answer", 1),
    ]
    assert {one["function"] for one in crossed} == {"f"}


def test_a_plan_for_another_run_or_function_kills_nothing(watched: Any, plans: Plans) -> None:
    put(plans, run=OTHER, kill={"function": "f"})
    put(plans, kill={"function": "g"})
    assert not watched.invoke({"run": RUN}).is_error
    assert plans.outcome(OTHER) == {"crossed": [], "kills": 0, "duels": 0, "errors": 0}


def test_a_request_names_the_run_when_the_event_does_not(watched: Any, plans: Plans) -> None:
    put(plans, kill={"function": "f", "boundary": "dynamodb PutItem journal"})
    assert watched.invoke({"about": [RUN[:4], RUN[4:]]}).is_error
    assert not watched.invoke({"about": "nothing"}).is_error


def test_of_an_event_with_several_runs_each_request_is_the_run_s_that_it_names(watched: Any, table: Any, plans: Plans) -> None:
    put(plans, kill={"function": "f", "boundary": "dynamodb PutItem journal"})
    put(plans, run=OTHER)
    assert watched.invoke({"runs": [OTHER, RUN], "about": [RUN[:4], RUN[4:]]}).is_error
    assert table.taken == 0
    assert not watched.invoke({"runs": [RUN, OTHER], "about": [OTHER[:4], OTHER[4:]]}).is_error
    assert [one["boundary"] for one in plans.outcome(OTHER)["crossed"]] == ["dynamodb PutItem journal"] * 2


@pytest.mark.parametrize("boundary", ["event", "answer"])
def test_an_event_is_lost_with_the_process_before_and_an_answer_given_stands(watched: Any, plans: Plans, boundary: str) -> None:
    put(plans, kill={"function": "f", "boundary": boundary, "side": "after"})
    assert watched.invoke({"run": RUN}).is_error == (boundary == "event")
    assert json.loads(watched.invoke({"run": RUN}).body) == "done"


def test_as_many_processes_die_as_planned(watched: Any, plans: Plans) -> None:
    put(plans, kill={"function": "f", "boundary": "event", "times": 2})
    assert [watched.invoke({"run": RUN}).is_error for _ in range(3)] == [True, True, False]


def test_only_planned_invocations_are_counted_as_duels(plans: Plans) -> None:
    put(plans, twice=True)
    put(plans, run=OTHER)
    event = json.dumps({"run": RUN}).encode()
    assert [plans.duel(event), plans.duel(event), plans.duel(OTHER.encode()), plans.duel(b"{}")] == [1, 2, None, None]
    assert plans.outcome(RUN)["duels"] == 2


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        ("kill", "not JSON"),
        ("[]", "must be an object"),
        ('{"kil": {}}', "kil is not known; known are: kill, twice"),
        ('{"twice": "yes"}', 'twice is "yes": it must be true or false'),
        ('{"kill": "f"}', "kill is .* it must be an object"),
        ('{"kill": {"sides": "after"}}', "kill.sides is not known; known are: kill.function, kill.boundary"),
        ('{"kill": {"side": "during"}}', 'kill.side is "during": it must be before or after'),
        ('{"kill": {"occurrence": 0}}', "kill.occurrence is 0: it must be a whole number from 1"),
        ('{"kill": {"times": true}}', "kill.times is true"),
        ('{"kill": {"function": "septet-twin-agent-refund"}}', "deployed nowhere here; there is: septet-twin-agent-refunds$"),
    ],
)
def test_a_plan_that_says_nothing_is_refused_with_what_would_be_right(plans: Plans, plan: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        plans.put(RUN, plan.encode(), ["septet-twin-agent-refunds", "septet-twin-step-gateway"])
    assert not (plans.folder / f"{RUN}.json").exists()


def test_a_plan_for_what_is_no_run_is_refused(plans: Plans) -> None:
    with pytest.raises(ValueError, match="no run's id"):
        plans.put("run-1", b"{}")


class TestErrors:
    """Named errors, or an answer, in place of a function's own."""

    RUN = "run-" + "0" * 26
    EVENT = f'{{"run": "{RUN}", "turn": "triage"}}'.encode()

    def planned(self, folder: Path, **rule: Any) -> Plans:
        plans = Plans(folder)
        plans.put(self.RUN, json.dumps({"fail": [{"function": "f", "error": "ModelThrottled", **rule}]}).encode(), ["f", "g"])
        return plans

    def ends(self, plans: Plans, event: bytes = EVENT) -> Any:
        """The error in which the function is to end."""
        return (plans.planned("f", event) or {}).get("error")

    def test_the_function_that_is_named_ends_in_it_and_no_other(self, tmp_path: Path) -> None:
        plans = self.planned(tmp_path)
        assert [self.ends(plans) for _ in range(3)] == ["ModelThrottled"] * 3
        assert plans.planned("g", self.EVENT) is None

    def test_a_run_without_a_plan_and_an_event_without_a_run_end_in_none(self, tmp_path: Path) -> None:
        plans = self.planned(tmp_path)
        assert plans.planned("f", self.EVENT.replace(b"0" * 26, b"1" * 26)) is None
        assert plans.planned("f", b"{}") is None

    def test_it_is_given_as_often_as_planned(self, tmp_path: Path) -> None:
        plans = self.planned(tmp_path, times=2)
        assert [self.ends(plans) for _ in range(3)] == ["ModelThrottled", "ModelThrottled", None]
        assert plans.outcome(self.RUN)["errors"] == 2

    def test_it_is_given_to_the_events_that_hold_a_text(self, tmp_path: Path) -> None:
        plans = self.planned(tmp_path, holding='"turn": "writer"')
        assert plans.planned("f", self.EVENT) is None
        assert self.ends(plans, self.EVENT.replace(b"triage", b"writer")) == "ModelThrottled"

    def test_an_answer_can_be_given_in_its_place(self, tmp_path: Path) -> None:
        plans = Plans(tmp_path)
        rule = {"function": "f", "answer": {"outcome": "approval"}, "times": 1}
        plans.put(self.RUN, json.dumps({"fail": [rule]}).encode(), ["f"])
        assert [plans.planned("f", self.EVENT) for _ in range(2)] == [rule, None]
        assert plans.outcome(self.RUN)["errors"] == 0

    @pytest.mark.parametrize(
        ("rule", "said"),
        [
            ({"error": "X"}, r"fail\[0\].function is missing"),
            ({"function": "f"}, r"fail\[0\].error or fail.0..answer is missing"),
            ({"function": "f", "error": "X", "answer": {}}, r"fail\[0\].error or fail.0..answer is missing"),
            ({"function": "ff", "error": "X"}, "fail.0..function is 'ff', which is deployed nowhere here; there is: f"),
            ({"function": "f", "error": "X", "turn": "t"}, "fail.0..turn is not known"),
            ({"function": "f", "error": "X", "times": 0}, "fail.0..times is 0: it must be a whole number from 1"),
        ],
    )
    def test_a_plan_that_cannot_be_meant_is_refused(self, tmp_path: Path, rule: dict[str, Any], said: str) -> None:
        with pytest.raises(ValueError, match=said):
            Plans(tmp_path).put(self.RUN, json.dumps({"fail": [rule]}).encode(), ["f"])
