"""The commands about long-running cases, against a transport that answers as the API does."""

import json
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from local.cli.application import application
from local.cli.inquiry_commands import _field
from local.cli.outcomes import BadUsage
from local.cli.surroundings import Surroundings
from tests.unit.local.cli.fake_api import RUN, TOKEN, URL
from tests.unit.local.cli.fake_twin import FakeTwin

INQUIRY = "inq-0123456789abcdef0123456789abcdef"
ONE: dict[str, Any] = {
    "id": INQUIRY,
    "run": RUN,
    "name": "delivery_date",
    "to": "supplier",
    "roles": ["admin", "responder"],
    "question": {"text": "When?", "about": "P-1001\x1b[8m[bold]"},
    "answer_schema": {"type": "object", "properties": {"days_late": {"type": "integer"}}},
    "asked_at": "2026-11-22T21:00:00.000Z",
    "expires_at": "2026-11-24T21:00:00.000Z",
    "status": "open",
    "answer": None,
    "by": None,
    "ended_at": None,
}


class Platform:
    """A double of the API, as far as these commands ask it."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        path = request.url.path.removeprefix("/live")
        if path == "/v1/inquiries":
            return httpx.Response(200, json={"inquiries": [ONE], "next": None})
        if path == f"/v1/inquiries/{INQUIRY}":
            said = json.loads(request.content)["answer"] if request.method == "POST" else None
            return httpx.Response(200, json=ONE if said is None else ONE | {"status": "answered", "answer": said, "by": "supplier-7"})
        assert path == f"/v1/runs/{RUN}/cancel"
        told = {"id": RUN, "workflow": "supply", "cancelled_by": "olga", "reason": json.loads(request.content)["reason"]}
        return httpx.Response(202, json=told)


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def septet(platform: Platform, tmp_path: Any) -> Any:
    twin = FakeTwin(tmp_path)
    outside = Surroundings(twin=twin.saying, seed=twin.seed, transport=httpx.MockTransport(platform))

    def run(*arguments: str) -> Result:
        settings = {"NO_COLOR": "", "COLUMNS": "120", "SEPTET_URL": URL, "SEPTET_TOKEN": TOKEN}
        return CliRunner().invoke(application(), arguments, obj=outside, env=settings, catch_exceptions=False)

    return run


def test_questions_are_shown_with_what_an_answer_takes_and_steer_nothing(septet: Any, platform: Platform) -> None:
    shown = septet("inquiries").stdout
    for told in (INQUIRY, "open", "When?", "P-1001", "[bold]", "days_late", "supplier (roles: admin, responder)", RUN):
        assert told in shown, told
    assert "\x1b" not in shown
    assert platform.asked[0].url.params["status"] == "open"
    assert json.loads(septet("inquiries", INQUIRY, "--json").stdout) == {"inquiries": [ONE]}
    assert septet("inquiries", "--status", "late").exit_code == 2


def test_an_answer_is_sent_as_json(septet: Any, platform: Platform) -> None:
    shown = septet("answer", INQUIRY, "days_late=3", "remark=sorry")
    assert shown.exit_code == 0
    assert json.loads(platform.asked[0].content) == {"answer": {"days_late": 3, "remark": "sorry"}}
    assert "answered" in shown.stdout
    assert f"septet watch {RUN}" in shown.stdout
    assert septet("answer", INQUIRY, "days_late").exit_code == 2


def test_a_run_is_cancelled_with_a_reason(septet: Any, platform: Platform) -> None:
    assert septet("cancel", RUN).exit_code == 2
    assert platform.asked == []
    assert f"{RUN} undoes what it did" in septet("cancel", RUN, "--reason", "the customer left").stdout
    assert json.loads(platform.asked[0].content) == {"reason": "the customer left"}


@pytest.mark.parametrize(
    ("pair", "field"), [("a=true", ("a", True)), ("a=3", ("a", 3)), ("a=late", ("a", "late")), ("a=b=c", ("a", "b=c"))]
)
def test_a_value_is_json_or_a_text(pair: str, field: tuple[str, Any]) -> None:
    assert _field(pair) == field


@pytest.mark.parametrize("pair", ["a", "=3"])
def test_a_field_without_a_name_or_a_value_is_bad_usage(pair: str) -> None:
    with pytest.raises(BadUsage):
        _field(pair)
