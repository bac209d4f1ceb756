import json
from typing import Any

from local.twin.errors import TwinError
from tests.unit.local.cli.fake_twin import FakeTwin
from tests.unit.local.cli.output import unwrapped


def test_up_says_what_it_does_and_what_comes_next(septet: Any) -> None:
    result = septet("up")
    assert result.exit_code == 0
    assert "starting LocalStack" in unwrapped(result.stderr)
    assert "The twin is up (4.2 s)" in result.stdout
    assert "septet deploy" in result.stdout


def test_a_second_up_finds_the_first(septet: Any) -> None:
    septet("up")
    assert "runs already" in septet("up").stdout


def test_a_twin_that_cannot_start_says_what_to_do(septet: Any, twin: FakeTwin) -> None:
    twin.failure = TwinError("Port 4566, which LocalStack needs, is in use.", "Choose another port: SEPTET_PORT=4666 septet up")
    result = septet("up")
    assert result.exit_code == 1
    assert "Port 4566" in unwrapped(result.stderr)
    assert "fix: Choose another port: SEPTET_PORT=4666 septet up" in unwrapped(result.stderr)


def test_down_says_what_it_ended(septet: Any) -> None:
    septet("up")
    assert "ended LocalStack, doubles" in septet("down").stdout
    assert "was not running" in septet("down").stdout


def test_deploy_writes_the_orders_of_the_demo(septet: Any, twin: FakeTwin) -> None:
    septet("up")
    result = septet("deploy")
    assert result.exit_code == 0
    assert twin.seeded == [("http://127.0.0.1:4566", "demo")]
    assert "36 new demo orders for the tenant demo; those that existed stay as they were" in unwrapped(result.stdout)


def test_status_of_a_twin_that_is_down_is_3(septet: Any) -> None:
    result = septet("status")
    assert result.exit_code == 3
    assert "fix: septet up" in result.stdout
    assert "AWS::WAFv2::WebACL" not in result.stdout


def test_status_says_what_is_real_and_what_is_not(septet: Any, twin: FakeTwin) -> None:
    septet("up")
    twin.deploy()
    result = septet("status")
    assert result.exit_code == 0
    for told in (
        "LocalStack 4.14.0, an emulator",
        "http://127.0.0.1:4566",
        "a scenario file answers",
        "six scenarios",
        "Septet-twin-Foundation",
        "AWS::WAFv2::WebACL",
    ):
        assert told in result.stdout, told
    assert "Nothing is filtered here." not in result.stdout
    assert "septet status --all" in result.stdout
    assert "Nothing is filtered here." in septet("status", "--all").stdout


def test_status_says_when_a_real_model_answers(septet: Any, twin: FakeTwin) -> None:
    septet("up")
    twin.backend = "forward"
    shown = septet("status").stdout
    assert "a real model answers" in shown
    assert "test double" not in shown


def test_status_says_when_policies_stop_nothing(septet: Any, twin: FakeTwin) -> None:
    septet("up")
    twin.deploy()
    assert "in shadow" not in septet("status").stdout
    twin.policies = "shadow"
    twin.deploy()
    assert "in shadow: they write what they would deny or ask, and stop nothing" in unwrapped(septet("status").stdout)
    assert json.loads(septet("status", "--json").stdout)["deployed"]["policies"] == "shadow"


def test_status_prints_json_for_programs(septet: Any, twin: FakeTwin) -> None:
    septet("up")
    twin.deploy()
    found = json.loads(septet("status", "--json").stdout)
    assert found["healthy"]
    assert found["model"] == {"backend": "scenario", "double": True, "detail": "six scenarios"}
    assert found["deployed"]["api"].endswith("/live")
    assert found["not_emulated"] == [{"type": "AWS::WAFv2::WebACL", "reason": "Nothing is filtered here."}]
