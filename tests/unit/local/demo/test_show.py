import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from rich.console import Console

from local.cli.api import Api
from local.cli.outcomes import CommandFailed
from local.demo.phases import Phases
from local.demo.play import REASON
from local.demo.show import Demo, began
from local.demo.views import next_steps
from tests.unit.local.cli.fake_api import APPROVAL, FakeApi, entry, moment, refund_run, report
from tests.unit.local.cli.fake_twin import FakeTwin
from tests.unit.local.demo.books import FakeTables


def ended(*path: str, **changed: Any) -> list[Any]:
    return [(report(status="succeeded", ended_at=moment(2), path=list(path), **changed), [])]


def scripts() -> list[list[Any]]:
    return [ended("triage", "orders", "writer"), refund_run(), ended("triage", "refunds", "refunds_fallback", "writer")]


@pytest.fixture
def twin(tmp_path: Path) -> FakeTwin:
    return FakeTwin(tmp_path)


@pytest.fixture
def api() -> FakeApi:
    return FakeApi(scripts=scripts())


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def demo(twin: FakeTwin, api: FakeApi, screen: io.StringIO) -> Callable[..., Demo]:
    console = Console(file=screen, width=80)

    def make(*payments: tuple[int, ...], began: float | None = None) -> Demo:
        tables = FakeTables(list(payments or ((), (12900,), (4990,))))
        return Demo(
            twin=twin.saying(lambda _: None),
            seed=twin.seed,
            tables=lambda _endpoint, _tenant: tables,
            client=lambda url, token: Api(url=url, token=token, transport=httpx.MockTransport(api), sleep=lambda _: None),
            console=console,
            phases=Phases(console, began=began),
            sleep=lambda _: None,
        )

    return make


def test_everything_is_started_deployed_seeded_and_played(demo: Any, twin: FakeTwin, screen: io.StringIO) -> None:
    demo(began=0.0).run()
    shown = screen.getvalue()
    assert twin.running
    assert twin.seeded == [(twin.endpoint, "demo")]
    for told in ("(a)", "(b)", "(c)", "✓ paid once: 129.00 EUR", "✓ paid once: 49.90 EUR", "set-up ", "up ", "deploy ", "orders ", "runs "):
        assert told in shown, told
    assert "✗" not in shown


def test_the_end_has_a_table_the_executions_the_doubles_and_what_to_type(demo: Any, screen: io.StringIO) -> None:
    demo().run()
    end = screen.getvalue().partition("model")[2]
    for told in (
        "1,444",
        "$0.001612",
        "6.2",
        "arn:aws:states:",
        "LocalStack",
        "an emulator",
        "Their executions in Step Functions",
        "septet status --all says which",
        "in another terminal",
        "--no-watch",
        "test double",
        "identity provider",
        "make down",
    ):
        assert told in end, told
    assert 'septet run support "What are your opening hours?"\n' in end


def test_the_refund_is_approved_once_by_somebody_else_through_the_api(demo: Any, api: FakeApi) -> None:
    demo().run()
    decisions = [request for request in api.asked if request.method == "POST" and "approvals" in request.url.path]
    assert [request.url.path.rpartition("/")[2] for request in decisions] == [APPROVAL]
    assert decisions[0].content.decode().count(REASON) == 1
    claims = jwt.decode(decisions[0].headers["Authorization"].removeprefix("Bearer "), options={"verify_signature": False})
    assert (claims["sub"], claims["roles"]) == ("agent-desk", ["approver"])


def test_a_question_that_is_still_open_at_the_next_look_is_not_approved_again(demo: Any, api: FakeApi) -> None:
    asked, done = refund_run()[2:]
    again = (asked[0], [*asked[1], entry(7, 4, "model_call", "refunds", model="haiku", step=1)])
    api.scripts[1] = [asked, again, done]
    demo().run()
    assert len([request for request in api.asked if request.method == "POST" and "approvals" in request.url.path]) == 1


def test_the_customers_write_as_themselves(demo: Any, api: FakeApi) -> None:
    demo().run()
    submissions = [request for request in api.asked if request.method == "POST" and request.url.path.endswith("/runs")]
    tokens = [request.headers["Authorization"].removeprefix("Bearer ") for request in submissions]
    subjects = [jwt.decode(token, options={"verify_signature": False})["sub"] for token in tokens]
    assert subjects == ["customer-17", "customer-17", "customer-23"]


def test_a_refund_that_is_paid_twice_fails_the_demo_and_is_named(demo: Any, screen: io.StringIO) -> None:
    with pytest.raises(CommandFailed, match="b did not end as it should"):
        demo((), (12900, 12900), (4990,)).run()
    assert "✗ the payments are [12900, 12900], not [12900], in cents" in " ".join(screen.getvalue().split())


def test_a_run_that_fails_fails_the_demo_but_the_rest_is_shown(demo: Any, api: FakeApi, screen: io.StringIO) -> None:
    api.scripts[0] = [(report(status="failed", ended_at=moment(2), failure={"class": "ModelRefused", "message": "no"}), [])]
    with pytest.raises(CommandFailed, match="a did not end as it should"):
        demo().run()
    assert "make down" in screen.getvalue()


def test_a_real_model_is_announced_and_may_answer_something_else(demo: Any, twin: FakeTwin, api: FakeApi, screen: io.StringIO) -> None:
    twin.backend = "forward"
    api.scripts[1] = ended("triage", "writer")
    demo((), (), ()).run()
    assert "a real model answered" in " ".join(screen.getvalue().split())
    assert "test double" not in screen.getvalue()


def test_a_run_that_never_ends_is_given_up(demo: Any, api: FakeApi) -> None:
    api.scripts[0] = [(report(), [])]
    with pytest.raises(CommandFailed, match="takes too long"):
        demo().run()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_hint_below_a_command_stands_in_from_the_edge_in_every_line(width: int) -> None:
    console = Console(file=io.StringIO(), width=width)
    console.print(next_steps(), crop=False)
    heading, *lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined] # of what it was made with
    assert heading == "What to type next"
    assert all(line.startswith("  ") for line in lines), lines


@pytest.mark.parametrize(("text", "seconds"), [("1795381800", 1795381800.0), ("", None), ("soon", None)])
def test_make_says_when_it_began(text: str, seconds: float | None) -> None:
    assert began({"SEPTET_DEMO_BEGAN": text}) == seconds


@pytest.mark.parametrize(("width", "lines"), [(80, 1), (30, 2)])
def test_the_time_of_all_phases_has_a_line_of_its_own_where_it_would_wrap(width: int, lines: int) -> None:
    phases = Phases(Console(file=io.StringIO(), width=width), began=0.0)
    with phases.phase("runs", "Three customers write"):
        pass
    said = phases.summary().splitlines()
    assert len(said) == lines
    assert "together" in said[-1]


def test_calls_of_models_that_failed_are_counted_and_it_is_said_why_they_cost_something(
    demo: Any, api: FakeApi, screen: io.StringIO
) -> None:
    path = ["triage", "refunds", "refunds_fallback", "writer"]
    done = report(status="succeeded", ended_at=moment(2), path=path, model_calls=5, model_calls_failed=2)
    failed = [
        entry(number, number, "model_failed", "refunds", cost=cost, model="haiku", error="ModelUnavailable", message="")
        for number, cost in enumerate((300, 45))
    ]
    api.scripts[2] = [(done, failed)]
    demo().run()
    said = " ".join(screen.getvalue().split())
    assert "5 model calls, 2 failed ($0.000345)" in said
    assert "Of that, $0.000345 is of calls that failed, charged what was held: the provider does not say whether it worked." in said
    assert said.count("Of that,") == 1
    assert re.search(r"\nc .* 5 +2 +0 ", screen.getvalue()), "the table at the end counts them"
