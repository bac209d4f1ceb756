import json
from typing import Any

import httpx
import pytest

from tests.unit.local.cli.fake_api import RUN, FakeApi, moment, problem, report
from tests.unit.local.cli.output import unwrapped

STOP = "stp-0123456789abcdef0123456789abcdef"
CHILD = "run-0000000000000000000000000b"


def stopped(**changed: Any) -> dict[str, Any]:
    """A run that a stop covers."""
    return {
        "tenant": "demo",
        "id": RUN,
        "workflow": "support",
        "parent": None,
        "attempt": 0,
        "since": moment(0),
        "state": "waiting",
        "status": "stopped",
        "ended_at": moment(9),
        "spent_microdollars": 1_200,
        "held_microdollars": 0,
        "effects": [{"tool": "issue_refund", "key": "k", "status": "unknown"}],
        "settled": True,
    } | changed


def a_stop(**changed: Any) -> dict[str, Any]:
    """A stop of a run that has finished."""
    return {
        "id": STOP,
        "scope": "run",
        "name": RUN,
        "by": "operator",
        "reason": "enough",
        "at": moment(8),
        "acknowledged_at": moment(8.2),
        "finished_at": moment(10),
        "lifted_at": None,
        "lifted_by": None,
        "covered": 1,
        "running": 0,
        "left": 0,
        "spent_microdollars": 1_200,
        "held_microdollars": 0,
        "runs": [stopped()],
        "next": None,
    } | changed


class Stopping(FakeApi):
    """The API as far as it stops: each look at a stop is the next of its stages."""

    def __init__(self, *stages: dict[str, Any]) -> None:
        super().__init__()
        self.steps = list(stages) or [a_stop()]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        parts = request.url.path.partition("/live/v1/")[2].split("/")
        if parts == ["stops"] and request.method == "GET":
            return httpx.Response(200, json={"stops": self.steps})
        if parts[-1] == "stop" or parts[0] == "stops":
            found = self.steps[0] if len(self.steps) == 1 else self.steps.pop(0)
            return httpx.Response(202 if request.method == "POST" else 200, json=found)
        return super()._answer(request)


@pytest.fixture
def api() -> Stopping:
    return Stopping()


def told(api: FakeApi) -> list[tuple[str, str, Any]]:
    return [(one.method, one.url.path.removeprefix("/live"), json.loads(one.content) if one.content else None) for one in api.asked]


def test_a_run_is_stopped_and_its_proof_is_shown(septet: Any, api: Stopping) -> None:
    result = septet("stop", RUN, "--reason", "enough")
    assert result.exit_code == 0
    assert told(api)[0] == ("POST", f"/v1/runs/{RUN}/stop", {"reason": "enough"})
    shown = unwrapped(result.stdout)
    assert "acknowledged after 0.2 s" in shown
    assert "waiting stopped" in shown
    assert "not known: it was under way" in shown
    assert "$0.001200 had been spent" in shown


@pytest.mark.parametrize(
    ("options", "body"),
    [
        (("--agent", "refunds"), {"scope": "agent", "name": "refunds"}),
        (("--all",), {"scope": "tenant"}),
        (("--platform",), {"scope": "platform"}),
    ],
)
def test_more_than_a_run_is_stopped_until_it_is_lifted(septet: Any, api: Stopping, options: tuple[str, ...], body: Any) -> None:
    api.steps = [a_stop(scope=body["scope"], name=body.get("name", ""))]
    result = septet("stop", *options, "--reason", "enough")
    assert told(api)[0] == ("POST", "/v1/stops", {**body, "reason": "enough"})
    assert f"septet stop lift {STOP}" in unwrapped(result.stdout)


@pytest.mark.parametrize(("covered", "said"), [(1, "nothing more in 1 run, which goes on"), (2, "nothing more in 2 runs, which go on")])
def test_of_an_agent_s_stop_it_is_said_that_runs_go_on(septet: Any, api: Stopping, covered: int, said: str) -> None:
    going = stopped(ended_at=None, status="running", state="running", spent_microdollars=0, effects=[])
    api.steps = [a_stop(scope="agent", name="refunds", covered=covered, spent_microdollars=0, runs=[going] * covered)]
    result = septet("stop", "--agent", "refunds", "--reason", "enough")
    shown = unwrapped(result.stdout)
    assert f"The agent may do {said}." in shown
    assert shown.count(f"{RUN} support") == covered
    for untrue in ("ended as", "nothing runs", "$0.000000", "left"):
        assert untrue not in shown, untrue


def test_an_agent_s_stop_where_nothing_is_open_says_so(septet: Any, api: Stopping) -> None:
    api.steps = [a_stop(scope="agent", name="refunds", covered=0, runs=[])]
    assert "No run is open in which the agent could work." in unwrapped(septet("stop", "--agent", "refunds", "--reason", "x").stdout)


def test_money_of_a_run_that_was_restarted_is_said_to_be_of_the_attempt(septet: Any, api: Stopping) -> None:
    assert "since its restart" not in septet("stop", STOP).stdout
    api.steps = [a_stop(runs=[stopped(attempt=1)])]
    assert "$0.001200 had been spent, by a run that was restarted: since its restart" in unwrapped(septet("stop", STOP).stdout)


def test_it_is_watched_until_nothing_runs(septet: Any, api: Stopping, waits: list[float]) -> None:
    going = a_stop(finished_at=None, running=2, left=3, covered=3)
    api.steps = [a_stop(acknowledged_at=None, finished_at=None, covered=1), going, going, a_stop(covered=3)]
    result = septet("stop", "--all", "--reason", "enough")
    assert result.exit_code == 0
    assert len(waits) == 3
    assert result.stderr.splitlines() == [
        "runs marked so far: 1",
        "nothing new begins; 2 of 3 still run, 1 have something under way",
        "nothing runs any more of 3",
    ]


def test_whoever_does_not_wait_is_told_what_is_left(septet: Any, api: Stopping) -> None:
    api.steps = [a_stop(finished_at=None, running=1, left=1, runs=[stopped(ended_at=None, status="running", settled=False)])]
    result = septet("stop", RUN, "--reason", "enough", "--no-watch")
    assert result.exit_code == 1, "it still runs"
    assert "The platform goes on with it by itself." in unwrapped(result.stdout)


def test_programs_get_the_proof_with_every_run(septet: Any, api: Stopping) -> None:
    api.steps = [a_stop(), a_stop(next=1), a_stop(runs=[stopped(id=CHILD)])]
    found = json.loads(septet("stop", RUN, "--reason", "enough", "--json").stdout)
    assert [run["id"] for run in found["runs"]] == [RUN, CHILD]
    assert api.asked[-1].url.params["after"] == "1"


def test_a_stop_is_seen_again_listed_and_lifted(septet: Any, api: Stopping) -> None:
    assert STOP in septet("stop", STOP).stdout
    assert "enough" in septet("stops").stdout
    assert json.loads(septet("stops", "--json").stdout) == {"stops": api.steps}
    api.asked.clear()
    septet("stop", "lift", STOP)
    assert told(api)[0] == ("POST", f"/v1/stops/{STOP}/lift", None)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ((), "say one thing to stop"),
        ((RUN, "--all", "--reason", "x"), "say one thing to stop"),
        (("--all", "--platform", "--reason", "x"), "say one thing to stop"),
        ((RUN,), "a stop needs a reason"),
        (("--all",), "a stop needs a reason"),
        ((RUN, CHILD, "--reason", "x"), "is one too many"),
    ],
)
def test_what_is_unclear_is_not_sent(septet: Any, api: Stopping, wrong: tuple[str, ...], says: str) -> None:
    result = septet("stop", *wrong)
    assert (result.exit_code, api.asked) == (2, [])
    assert says in unwrapped(result.stderr)


def test_a_refusal_is_the_platform_s_own(septet: Any, api: Stopping) -> None:
    api.failures.append(problem(403, "only operators of the tenant that operates the platform may stop it for everybody"))
    result = septet("stop", "--platform", "--reason", "enough")
    assert result.exit_code == 3
    assert "only operators of the tenant that operates the platform" in unwrapped(result.stderr)
    assert "on the twin: --tenant operations" in unwrapped(result.stderr), "the fix says how to be one"


def test_what_runs_stands_below_what_started_it(septet: Any, api: Stopping) -> None:
    child = report(id=CHILD, parent=RUN, status="waiting")
    found = {RUN: report(parent=None, cost_microdollars=1_612), CHILD: child}
    api.runs = [child, found[RUN]]
    api._look = lambda run: httpx.Response(200, json=found[run])  # type: ignore[method-assign] # of two runs
    lines = septet("running").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [RUN, CHILD]
    assert lines[2].startswith(f"  {CHILD}")
    assert "$0.001612" in lines[1]
    assert {run["id"] for run in json.loads(septet("running", "--json").stdout)["runs"]} == {RUN, CHILD}


def test_an_operator_of_the_platform_sees_whose_each_run_is(septet: Any, api: Stopping) -> None:
    api.runs = [report(id=CHILD, parent=RUN, tenant="globex"), report(parent=None, tenant="globex")]
    lines = septet("running", "--all").stdout.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [[RUN, "globex"], [CHILD, "globex"]]
    assert {request.url.path for request in api.asked} == {"/live/v1/runs"}, "what they spend is theirs"
    assert dict(api.asked[-1].url.params) == {"limit": "100", "status": "running", "everybody": "true"}
    assert len(json.loads(septet("running", "--all", "--json").stdout)["runs"]) == 2


def test_at_80_columns_no_id_is_broken(septet: Any, api: Stopping) -> None:
    run = "run-" + "0123456789abcdefghjkmnpqrs"
    words = "somebody wrote that the refunds go to a customer who never bought anything"
    api.steps = [a_stop(name=run, reason=words, runs=[stopped(id=run, held_microdollars=1, settled=False)])]
    listed = septet("stops").stdout
    assert f"{STOP}  run {run}\n" in listed
    assert words in unwrapped(listed)
    proof = septet("stop", STOP).stdout
    assert f"\n{run} " in proof
    assert f" {run} not known" in proof
    assert all(len(line.rstrip()) <= 80 for line in (listed + proof).splitlines())


def test_nothing_runs(septet: Any, api: Stopping) -> None:
    api.runs = []
    assert septet("running").stdout == "Nothing is running.\n"
    api.steps = []
    assert septet("stops").stdout == "Nothing was stopped.\n"
