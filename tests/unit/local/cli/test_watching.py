"""Following a run: each look is held by the platform, and a platform that is lost for a while loses nothing."""

import json
from typing import Any

import httpx
import pytest

from local.cli.api import Api
from local.cli.follow import follow
from tests.unit.local.cli.fake_api import RUN, TOKEN, URL, FakeApi, problem, refund_run, report
from tests.unit.local.cli.output import unwrapped


def test_every_look_after_the_first_is_held_by_the_platform(septet: Any, api: FakeApi) -> None:
    api.stages = refund_run()
    septet("watch", RUN, "--json")
    held = [request.url.params for request in api.asked if "wait" in request.url.params]
    assert [(one.get("after"), one["wait"]) for one in held] == [("2", "10"), ("2", "10"), ("6", "10")]
    assert [request.url.path for request in api.asked].count(f"/live/v1/runs/{RUN}") == len(held) + 1, "one look at the run for each"


def test_a_look_that_was_held_is_followed_by_the_next_at_once() -> None:
    """Of a quiet run each look takes as long as the platform holds it."""
    api, at = FakeApi(stages=[(report(), [])] * 5 + [(report(status="failed"), [])]), [0.0]
    waits: list[float] = []

    def slow(request: httpx.Request) -> httpx.Response:
        at[0] += float(request.url.params.get("wait", 0))
        return api(request)

    with Api(url=URL, token=TOKEN, transport=httpx.MockTransport(slow)) as client:
        assert [one.run["status"] for one in follow(client, RUN, wait=waits.append, clock=lambda: at[0])] == ["running", "failed"]
    assert (waits, at) == ([0] * 5, [50.0])


def test_a_server_that_gives_old_entries_again_is_asked_no_faster_and_nothing_is_shown_twice() -> None:
    """What ignores ``after``, or reads from a copy that is behind, has nothing new to show."""
    pages = [[0, 1], [0, 1, 2], *[[0, 1, 2]] * 9, [1], [1, 2, 3], [4, 3, 4]]
    api: Any = Overlapping(pages)
    waits: list[float] = []
    seen = [[entry["number"] for entry in one.entries] for one in follow(api, RUN, wait=waits.append, clock=lambda: 0.0)]
    assert [number for numbers in seen for number in numbers] == [0, 1, 2, 3, 4]
    assert len(seen) == 4, "nothing is shown where there is nothing new"
    idle = waits[1:11]
    assert idle == sorted(idle)
    assert idle[0] > 0
    assert idle[-1] == 2, "each look that shows nothing new is further from the next"


class Overlapping:
    """A double of the API that gives a page's entries whatever was asked for, until the *pages* are used up."""

    def __init__(self, pages: list[list[int]]) -> None:
        self._pages = iter(pages)
        self._left = len(pages)

    def run(self, run: str) -> Any:
        return report() | {"run": run, "status": "running" if self._left > 0 else "succeeded"}

    def journal(self, _: str, **__: Any) -> list[Any]:
        self._left -= 1
        return [{"number": number} for number in next(self._pages, [])]


LOST: list[Any] = [httpx.ConnectError("gone"), httpx.ReadTimeout("slow"), *(problem(status, "no") for status in (500, 502, 503, 504, 429))]


@pytest.mark.parametrize("lost", LOST, ids=str)
def test_a_platform_that_is_lost_for_a_while_loses_nothing_of_the_run(septet: Any, api: FakeApi, waits: list[float], lost: Any) -> None:
    api.stages = refund_run()
    asked: list[int] = []
    whole = api._answer

    def failing(request: httpx.Request) -> httpx.Response:
        asked.append(1)
        if 3 <= len(asked) <= 25:
            if isinstance(lost, BaseException):
                raise lost
            return httpx.Response(lost.status_code, content=lost.content, headers=lost.headers)
        return whole(request)

    api._answer = failing  # type: ignore[method-assign]
    result = septet("watch", RUN, "--json")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [one["number"] for line in lines for one in line["entries"]] == list(range(11))
    assert result.exit_code == 0
    assert unwrapped(result.stderr).count("the run goes on meanwhile") == 1
    pauses = [wait for wait in waits if wait >= 1.25]
    assert pauses == sorted(pauses) or max(pauses) <= 15 * 1.25


def test_a_platform_that_is_lost_for_good_is_given_up(septet: Any, api: FakeApi, waits: list[float]) -> None:
    api.stages = [(report(), [])]
    septet_answers = api._answer
    api._answer = lambda request: septet_answers(request) if len(api.asked) <= 2 else problem(503, "no")  # type: ignore[method-assign]
    result = septet("watch", RUN)
    assert result.exit_code == 3
    assert 300 <= sum(waits) <= 500
    assert max(waits) <= 15 * 1.25


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_will_not_pass_ends_it(septet: Any, api: FakeApi, waits: list[float], status: int) -> None:
    api.stages = [(report(), [])]
    answers = api._answer
    api._answer = lambda request: answers(request) if len(api.asked) <= 2 else problem(status, "no")  # type: ignore[method-assign]
    assert septet("watch", RUN).exit_code == 3
    assert waits == []


def test_the_first_look_at_a_run_fails_at_once(septet: Any, api: FakeApi, waits: list[float]) -> None:
    api.failures = [httpx.ConnectError("gone")] * 9
    assert septet("watch", RUN).exit_code == 3
    assert sum(waits) < 5


def test_a_run_that_took_more_than_usual_says_so_at_its_end(septet: Any, api: FakeApi) -> None:
    api.stages = [(report(status="failed"), [])]
    assert "flagged" not in septet("watch", RUN).stdout
    api.stages = [(report(status="failed", flagged=["cost", "steps"]), [])]
    assert "flagged: took far more than usual (cost, steps)" in unwrapped(septet("watch", RUN).stdout)
