import json
from typing import Any

import httpx
import pytest

from septet.integration.replaying import AGAIN_SECONDS
from tests.unit.local.cli.fake_api import RUN, FakeApi, moment, problem
from tests.unit.local.cli.output import unwrapped

REPLAY = "rpl-0000000000000000000000000r"


def a_replay(**changed: Any) -> dict[str, Any]:
    """A replay that has finished."""
    return {
        "id": REPLAY,
        "tenant": "demo",
        "since": moment(0),
        "run": None,
        "by": "operator",
        "at": moment(1),
        "status": "finished",
        "done": 3,
        "entries": 1_200,
        "failed": 0,
        "failures": [],
        "reason": None,
        "touched_at": moment(2),
        "finished_at": moment(2),
    } | changed


def answers(api: FakeApi, *stages: dict[str, Any]) -> None:
    api.failures = [httpx.Response(200, json=stage) for stage in stages]


def test_one_is_ordered_and_waited_for(septet: Any, api: FakeApi, waits: list[float]) -> None:
    going = a_replay(status="running", done=1, entries=400, finished_at=None)
    answers(api, going, going, going | {"reason": "StoreUnavailable: 503"}, a_replay())
    result = septet("replay", "--since", "2026-11-23", "--run", RUN, "--of", "demo", COLUMNS="160")
    assert result.exit_code == 0
    assert f"{REPLAY} finished: 3 runs told again, 1,200 entries" in unwrapped(result.stdout)
    assert "1 run told again, 400 entries; it waits: StoreUnavailable: 503" in unwrapped(result.stderr)
    first, *looks = api.asked
    assert (first.method, first.url.path) == ("POST", "/live/v1/replays")
    assert json.loads(first.content) == {"since": "2026-11-23", "run": RUN, "tenant": "demo"}
    assert first.headers["Idempotency-Key"]
    assert {look.url.path for look in looks} == {f"/live/v1/replays/{REPLAY}"}
    assert len(waits) == len(looks) == 3


def test_what_was_not_told_is_named_and_the_exit_status_says_so(septet: Any, api: FakeApi) -> None:
    answers(api, a_replay(failed=101, failures=[{"run": RUN, "reason": "ValueError at the run"}]))
    result = septet("replay", "--since", "2026-11-23", COLUMNS="160")
    assert result.exit_code == 1
    shown = unwrapped(result.stdout)
    assert f"{RUN} ValueError at the run" in shown
    assert "and 100 more" in shown
    assert f"septet replay --run {RUN}" in shown


def test_one_that_stalled_says_how_it_goes_on_and_does(septet: Any, api: FakeApi) -> None:
    answers(api, a_replay(status="stalled", reason="StoreUnavailable: 503", finished_at=None))
    result = septet("replay", REPLAY, COLUMNS="160")
    assert result.exit_code == 1
    assert f"septet replay {REPLAY} --resume" in unwrapped(result.stdout)
    answers(api, a_replay())
    assert septet("replay", REPLAY, "--resume").exit_code == 0
    assert [request.url.path for request in api.asked][-1] == f"/live/v1/replays/{REPLAY}/resume"


def test_nobody_has_to_wait_and_programs_get_json(septet: Any, api: FakeApi, waits: list[float]) -> None:
    going = a_replay(status="running", finished_at=None)
    answers(api, going)
    result = septet("replay", "--run", RUN, "--no-wait", "--json")
    assert (result.exit_code, json.loads(result.stdout), waits) == (0, going, [])
    answers(api, going)
    assert f"septet replay {REPLAY}" in unwrapped(septet("replay", "--run", RUN, "--no-wait").stdout)


@pytest.mark.parametrize("words", [[], [REPLAY, "--run", RUN], ["--run", RUN, "--resume"], ["--resume"]])
def test_what_cannot_be_meant_is_said(septet: Any, api: FakeApi, words: list[str]) -> None:
    assert septet("replay", *words).exit_code == 2
    assert not api.asked


def test_whoever_may_not_is_told(septet: Any, api: FakeApi) -> None:
    api.failures = [problem(403, "to replay runs, your token needs one of the roles: admin, operator")]
    result = septet("replay", "--run", RUN)
    assert result.exit_code == 3
    assert "needs one of the roles" in unwrapped(result.stderr)


def test_who_orders_one_too_many_is_told_at_once_which_go_on(septet: Any, api: FakeApi, waits: list[float]) -> None:
    full = problem(429, f"3 replays go on that your tenant's operators ordered ({REPLAY})", type="urn:septet:problem:overloaded")
    full.headers["Retry-After"] = str(AGAIN_SECONDS)
    api.failures = [full]
    result = septet("replay", "--since", "2026-11-23", COLUMNS="160")
    assert result.exit_code == 3
    assert REPLAY in result.stderr
    assert "septet replay ID --resume" in unwrapped(result.stderr)
    assert waits == []
