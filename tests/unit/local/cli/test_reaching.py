import json
from typing import Any

import httpx
import jwt
import pytest

from local.cli.access import ROLES
from local.cli.api import Api
from local.cli.outcomes import BadUsage, Refused, Unreachable
from septet.integration.ports import ROLES as PLATFORM_ROLES
from tests.unit.local.cli.fake_api import TOKEN, URL, FakeApi, problem
from tests.unit.local.cli.fake_twin import API, FakeTwin
from tests.unit.local.cli.output import unwrapped


def client(api: FakeApi, url: str = URL, token: str = TOKEN) -> Api:
    return Api(url=url, token=token, transport=httpx.MockTransport(api), sleep=lambda _: None)


def claims(request: httpx.Request) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(request.headers["Authorization"].removeprefix("Bearer "), options={"verify_signature": False})
    return found


def test_without_address_and_twin_it_says_how_to_start_one(septet: Any, api: FakeApi) -> None:
    result = septet("runs", elsewhere=False)
    assert result.exit_code == 3
    assert "septet up" in unwrapped(result.stderr)
    assert api.asked == []


def test_the_twin_gives_address_and_token(septet: Any, api: FakeApi, twin: FakeTwin) -> None:
    twin.deploy()
    septet("run", "support", "x", "--no-watch", elsewhere=False)
    assert str(api.asked[0].url) == f"{API}/v1/runs"
    assert claims(api.asked[0]) | {"tenant": "demo", "sub": "customer-17", "roles": ["submitter"]} == claims(api.asked[0])
    assert claims(api.asked[0])["iss"] == "http://127.0.0.1:4580/issuer"


def test_decisions_are_usually_another_principals(septet: Any, api: FakeApi, twin: FakeTwin) -> None:
    twin.deploy()
    septet("approve", "apr-1", elsewhere=False)
    assert claims(api.asked[0])["sub"] == "agent-desk"
    assert claims(api.asked[0])["roles"] == ["approver"]


def test_on_the_twin_anybody_can_be_anybody(septet: Any, api: FakeApi, twin: FakeTwin) -> None:
    twin.deploy()
    septet("runs", "--tenant", "acme", "--as", "eve", "--role", "auditor", "--role", "admin", elsewhere=False)
    assert {name: claims(api.asked[0])[name] for name in ("tenant", "sub", "roles")} == {
        "tenant": "acme",
        "sub": "eve",
        "roles": ["auditor", "admin"],
    }


def test_options_outweigh_the_environment(septet: Any, api: FakeApi) -> None:
    septet("runs", "--url", "https://other.example", "--token", "other")
    assert str(api.asked[0].url).startswith("https://other.example/v1/runs")
    assert api.asked[0].headers["Authorization"] == "Bearer other"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--url", "https://other.example"), "needs a token"),
        (("--token", "x", "--as", "eve"), "says already whom it speaks for"),
        (("--url", "other.example", "--token", "x"), "is no URL"),
        (("--url", "https://other.example:99999", "--token", "x"), "is no URL"),
        (("--url", "https://other.example", "--token", "two words"), "characters that no token has"),
    ],
)
def test_what_does_not_fit_together_is_wrong_usage(septet: Any, api: FakeApi, arguments: tuple[str, ...], told: str) -> None:
    result = septet("runs", *arguments, elsewhere=False)
    assert result.exit_code == 2
    assert told in unwrapped(result.stderr)
    assert api.asked == []


def test_a_token_is_never_shown(septet: Any, api: FakeApi) -> None:
    api.failures = [httpx.ConnectError("refused")] * 9
    assert TOKEN not in septet("runs").output


def test_reads_are_asked_again_while_the_platform_is_away(api: FakeApi) -> None:
    api.failures = [httpx.ConnectError("refused"), problem(503, "not now"), problem(429, "too many")]
    assert client(api).runs(limit=5) == []
    assert len(api.asked) == 4


def test_asking_again_has_an_end(api: FakeApi) -> None:
    api.failures = [httpx.ConnectError("refused")] * 99
    with pytest.raises(Unreachable, match="cannot be reached"):
        client(api).runs(limit=5)
    assert len(api.asked) == 4
    api.failures = [problem(503, "not now")] * 99
    with pytest.raises(Refused, match="not now"):
        client(api).runs(limit=5)


def test_a_refusal_is_not_asked_again(api: FakeApi) -> None:
    api.failures = [problem(403, "to list runs, your token needs one of the roles: auditor")]
    with pytest.raises(Refused, match="needs one of the roles"):
        client(api).runs(limit=5)
    assert len(api.asked) == 1


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (problem(401, "your token has expired"), "--token or SEPTET_TOKEN"),
        (problem(403, "you may not"), "--role"),
        (problem(404, "there is no run x"), "septet runs"),
        (httpx.Response(500, text="<html>"), "log of the function api"),
        (httpx.Response(403, json={"message": "Forbidden"}), "Forbidden"),
        (httpx.Response(418, json=["odd"]), "418"),
        (httpx.Response(599), "599"),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example"}), "302"),
    ],
)
def test_every_refusal_is_a_sentence(septet: Any, api: FakeApi, answer: httpx.Response, told: str) -> None:
    api.failures = [answer]
    result = septet("watch", "run-x")
    assert result.exit_code == 3
    assert told in unwrapped(result.stderr)


@pytest.mark.parametrize("answer", [httpx.Response(200, text="<html>hello</html>"), httpx.Response(200, json={"hello": 1})])
def test_an_address_of_something_else_is_noticed(septet: Any, api: FakeApi, answer: httpx.Response) -> None:
    api.failures = [answer]
    result = septet("runs")
    assert result.exit_code == 3
    assert "Septet" in unwrapped(result.stderr)


def test_the_address_may_end_with_the_version(api: FakeApi) -> None:
    client(api, url=f"{URL}/v1/").runs(limit=1)
    assert api.asked[0].url.path == "/live/v1/runs"


def test_ids_stay_in_their_place_in_the_path(api: FakeApi) -> None:
    with pytest.raises(Refused):
        client(api).run("../approvals?x=1#y")
    assert api.asked[0].url.raw_path == b"/live/v1/runs/..%2Fapprovals%3Fx%3D1%23y"


def test_an_empty_token_is_noticed_before_anything_is_sent(api: FakeApi) -> None:
    with pytest.raises(BadUsage):
        client(api, token="")


def test_a_fresh_token_is_printed_alone(septet: Any, twin: FakeTwin) -> None:
    twin.deploy()
    result = septet("token", "--as", "eve", "--role", "admin", elsewhere=False)
    assert jwt.decode(result.stdout.strip(), options={"verify_signature": False})["sub"] == "eve"
    assert "double of an identity provider" in unwrapped(result.stderr)


def test_no_token_is_made_where_nothing_takes_it(septet: Any) -> None:
    result = septet("token", elsewhere=False)
    assert result.exit_code == 3
    assert result.stdout == ""


def test_json_errors_leave_standard_output_empty(septet: Any, api: FakeApi) -> None:
    api.failures = [problem(404, "there is no run x")]
    result = septet("watch", "run-x", "--json")
    assert result.stdout == ""
    with pytest.raises(json.JSONDecodeError):
        json.loads(result.stdout)


def test_a_role_that_is_none_is_wrong_usage(septet: Any, twin: FakeTwin) -> None:
    twin.deploy()
    result = septet("token", "--role", "foo", elsewhere=False)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "'foo' is no role" in result.stderr
    assert "submitter, approver, operator, auditor, admin" in unwrapped(result.stderr)


def test_the_roles_are_those_of_the_platform() -> None:
    assert set(ROLES) == PLATFORM_ROLES


def overloaded(seconds: int) -> httpx.Response:
    answer = problem(429, "too much runs: acme runs as much as it may at the moment", type="urn:septet:problem:overloaded")
    answer.headers["Retry-After"] = str(seconds)
    return answer


def test_who_is_told_to_come_again_comes_again_as_late_as_told_and_says_so(septet: Any, api: FakeApi, waits: list[float]) -> None:
    api.failures = [overloaded(5), overloaded(7)]
    result = septet("run", "support", "x", "--no-watch")
    assert result.exit_code == 0
    assert all(told <= wait <= told * 1.25 for told, wait in zip((5, 7), waits, strict=True))
    assert "trying again in 5 s" in unwrapped(result.stderr)
    keys = {asked.headers["Idempotency-Key"] for asked in api.asked}
    assert (len(api.asked), len(keys)) == (3, 1), "it is one submission"


def test_coming_again_has_an_end(septet: Any, api: FakeApi, waits: list[float]) -> None:
    api.failures = [overloaded(50) for _ in range(99)]
    result = septet("run", "support", "x", "--no-watch")
    assert result.exit_code == 3
    assert 200 <= sum(waits) <= 375
    assert "too much runs" in unwrapped(result.stderr)
    assert "septet runs --status running" in unwrapped(result.stderr)


def test_a_long_wait_is_left_to_people(septet: Any, api: FakeApi, waits: list[float]) -> None:
    api.failures = [overloaded(61)]
    assert septet("run", "support", "x", "--no-watch").exit_code == 3
    assert waits == []
