"""The commands about sessions, restarts and forks, against a transport that answers as the API does."""

import json
import re
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from local.cli.application import application
from local.cli.surroundings import Surroundings
from tests.unit.local.cli.fake_api import RUN, TOKEN, URL
from tests.unit.local.cli.fake_twin import FakeTwin

SESSION, FORK = "ses-01kapqvrx0dm3ts7f9cpw7yhn9", "run-01kapqvrx0dm3ts7f9cpw7yhn9"
SAID = {"number": 1, "status": "queued", "run": None, "place": 1, "session": SESSION, "ended": RUN, "error": None}
SAID |= {"effects": [{"tool": "issue_refund", "arguments": {"order_id": "A-1\x1b[8m"}, "outcome": "done"}]}
SHOWN = {"id": SESSION, "workflow": "support", "status": "open", "running": RUN, "ending": "forgotten", "messages": [SAID]}
REPORT = {
    "status": "succeeded",
    "path": ["triage", "writer"],
    "model_calls": 2,
    "model_calls_failed": 1,
    "tool_calls": 0,
    "cost_microdollars": 5,
    "answer": {"text": "x."},
}


class Platform:
    """A double of the API, as far as these commands ask it."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.looks = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        path = request.url.path.removeprefix("/live")
        if path == f"/v1/sessions/{SESSION}/messages":
            return httpx.Response(202, json=SAID)
        if path.startswith("/v1/sessions"):
            return httpx.Response(200, json=SHOWN)
        if path.endswith(("/restart", "/fork")):
            return httpx.Response(202, json={"id": FORK if path.endswith("/fork") else RUN})
        self.looks += path.endswith(FORK)
        running = path.endswith(FORK) and self.looks < 3
        return httpx.Response(200, json=REPORT | {"id": path.rpartition("/")[2]} | ({"status": "running"} if running else {}))

    def body(self, place: int = -1) -> Any:
        return json.loads(self.asked[place].content)


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def septet(platform: Platform, tmp_path: Any) -> Any:
    twin = FakeTwin(tmp_path)
    outside = Surroundings(
        twin=twin.saying, seed=twin.seed, transport=httpx.MockTransport(platform), wait=lambda _: None, now=lambda: 1_795_381_800.0
    )

    def run(*arguments: str) -> Result:
        settings = {"SEPTET_URL": URL, "SEPTET_TOKEN": TOKEN, "NO_COLOR": "", "COLUMNS": "200"}
        return CliRunner().invoke(application(), arguments, obj=outside, env=settings, catch_exceptions=False)

    return run


def test_what_is_said_goes_with_its_answer_for_a_busy_session_and_effects_are_told(septet: Any, platform: Platform) -> None:
    told = septet("session", "say", SESSION, "no, this", "--if-busy", "rollback", "--idempotency-key", "k-1")
    assert told.exit_code == 0
    assert platform.body() == {"input": {"message": "no, this"}, "if_busy": "rollback"}
    assert platform.asked[-1].headers["Idempotency-Key"] == "k-1"
    assert "1 run comes before it" in told.stdout
    assert "done: issue_refund" in told.stdout
    assert "\x1b" not in told.stdout


@pytest.mark.parametrize(
    ("act", "method", "path"),
    [("show", "GET", ""), ("close", "POST", "/close"), ("delete", "DELETE", "")],
)
def test_a_session_is_seen_closed_and_deleted(septet: Any, platform: Platform, act: str, method: str, path: str) -> None:
    told = septet("session", act, SESSION)
    assert (told.exit_code, platform.asked[-1].method) == (0, method)
    assert platform.asked[-1].url.path.endswith(f"/v1/sessions/{SESSION}{path}")
    assert f"{RUN} runs, and will be forgotten" in told.stdout


def test_a_session_is_begun(septet: Any, platform: Platform) -> None:
    assert json.loads(septet("session", "begin", "support", "--json").stdout)["id"] == SESSION
    assert platform.body() == {"workflow": "support"}


@pytest.mark.parametrize(
    "wrong",
    [
        ("session", "sing", SESSION),
        ("session", "say", SESSION),
        ("session", "show", SESSION, "hello"),
        ("session", "say", SESSION, "hello", "--if-busy", "shout"),
        ("fork", RUN, "--at", "writer", "--model", "writer"),
        ("fork", RUN, "--at", "writer", "--prompt", "writer=/no/such/file"),
        ("fork", RUN, "--at", "writer", "--budget", "much"),
    ],
)
def test_wrong_usage_is_told_before_anybody_is_asked(septet: Any, platform: Platform, wrong: tuple[str, ...]) -> None:
    assert septet(*wrong).exit_code == 2
    assert platform.asked == []


def test_a_run_is_restarted(septet: Any, platform: Platform) -> None:
    told = septet("restart", RUN, "--turn", "writer", "--budget", "1.50")
    assert (told.exit_code, told.stdout) == (0, f"{RUN} goes on; see it with septet watch {RUN}\n")
    assert platform.body() == {"turns": ["writer"], "budget": "1.50"}


def test_a_fork_is_waited_for_and_shown_beside_the_run(septet: Any, platform: Platform, tmp_path: Any) -> None:
    prompt = tmp_path / "prompt.md"
    prompt.write_text("Be brief.")
    told = septet("fork", RUN, "--at", "3", "--model", "writer=m-2", "--prompt", f"writer={prompt}", "--message", "other")
    assert told.exit_code == 0
    assert platform.body(0) == {"at": 3, "agents": {"writer": {"model": "m-2", "prompt": "Be brief."}}, "input": {"message": "other"}}
    assert platform.looks == 3
    assert "triage → writer" in told.stdout
    assert re.search(r"failed beside them +1 +1", told.stdout)
    assert re.search(r"answer +x\. +x\.", told.stdout), "an answer is told in words"
    assert FORK in told.stdout
    assert json.loads(septet("fork", RUN, "--at", "writer", "--json").stdout)["fork"]["id"] == FORK
