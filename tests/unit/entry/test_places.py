"""Every line of a log says where it belongs, a tenant by a hash, whoever wrote it."""

import hashlib
import io
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from awslambdaric.bootstrap import LambdaLoggerHandler
from hypothesis import given
from hypothesis import strategies as st

from septet.core.errors import PolicyDenied
from septet.core.journal import MAIN
from septet.entry import tool
from septet.entry.guard import guarded
from septet.entry.libraries import Lines
from septet.entry.logs import RedactingFormatter, pseudonym
from septet.entry.place import MAIN as UNNAMED
from septet.entry.place import at, here
from septet.security.recognisers import bare, find
from tests.unit.strategies import quick

RUN = "run-00000000000000000000000001"
HEADER = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1"
TRACE = "5bef4de7ad49b0e87f6ef6c87fc2e700"
CONTEXT = {"tenant": "acme", "run": RUN, "principal": "customer-1", "key": "k"}


def line(work: Callable[[Logger], Any], place: Mapping[str, Any]) -> dict[str, Any]:
    """The only line that *work* writes at *place*."""
    stream = io.StringIO()
    log = Logger(service=f"test-{id(stream)}", stream=stream, logger_formatter=RedactingFormatter())
    with at(place):
        work(log)
    found: dict[str, Any] = json.loads(stream.getvalue())
    return found


def test_a_line_says_where_the_invocation_works() -> None:
    told = line(lambda log: log.info("turn"), {"tenant": "acme", "run": RUN, "branch": "r-0", "trace": HEADER, "arguments": "no"})
    assert {name: told[name] for name in ("run", "branch", "trace")} == {"run": RUN, "branch": "r-0", "trace": TRACE}
    assert told["tenant"] == pseudonym("acme")
    assert "acme" not in json.dumps(told)
    assert "arguments" not in told
    assert here == {}, "and the next invocation works elsewhere"


def test_what_a_line_says_of_itself_goes_before() -> None:
    told = line(lambda log: log.info("event", extra={"run": "run-2", "tenant": "other"}), {"tenant": "acme", "run": RUN, "branch": "r-0"})
    assert (told["run"], told["tenant"]) == ("run-2", pseudonym("other"))
    assert "branch" not in told, "the branch is of another run"


def test_a_tenant_is_told_by_a_hash_that_the_page_says_how_to_make(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEPTET_ENVIRONMENT", "prod")
    assert pseudonym("acme") == hashlib.sha256(b"prod\0acme").hexdigest()[:16]
    monkeypatch.setenv("SEPTET_ENVIRONMENT", "dev")
    assert pseudonym("acme") != hashlib.sha256(b"prod\0acme").hexdigest()[:16], "an environment's names are no other's"


def test_without_the_runs_own_trace_it_is_the_one_that_lambda_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", HEADER)
    assert line(lambda log: log.info("calls"), {})["trace"] == TRACE


@pytest.mark.parametrize(
    ("event", "place"),
    [
        ({"tenant": "acme", "run": RUN, "turn": "one"}, {"tenant": "acme", "run": RUN, "branch": MAIN}),
        ({"tenant": "acme", "run": RUN, "branch": "r-0"}, {"tenant": "acme", "run": RUN, "branch": "r-0"}),
        ({"branch": {"tenant": "acme", "run": RUN, "path": "r-1"}, "agent": "x"}, {"tenant": "acme", "run": RUN, "branch": "r-1"}),
        ({"Records": []}, {}),
        ({"tenant": 7, "run": ["x"]}, {"branch": MAIN}),
        ("an event of somebody's", {}),
    ],
)
def test_agents_steps_and_the_gateway_know_it_by_their_event(event: Any, place: Mapping[str, str]) -> None:
    assert guarded(lambda _: dict(here))(event) == place


def test_a_tool_knows_it_by_what_the_platform_says_and_never_by_its_arguments() -> None:
    handler = tool.serve(lambda *_: dict(here))
    found = handler({"arguments": {"run": "my secret", "tenant": "my secret", "branch": "x"}, "context": CONTEXT}, None)
    assert found == {"tenant": "acme", "run": RUN}


def failed(handler: Callable[[], Any], caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    with pytest.raises(Exception, match=r"."):
        handler()
    (record,) = caplog.records
    return {**vars(record), "text": RedactingFormatter().format(record)}


@pytest.mark.parametrize(("error", "level"), [(ValueError("the customer's secret"), "ERROR"), (PolicyDenied("the secret rule"), "WARNING")])
def test_a_function_that_fails_writes_a_line_of_the_class_and_the_place(
    error: Exception, level: str, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(*_: object) -> None:
        raise error

    told = failed(lambda: tool.serve(breaks)({"arguments": {}, "context": CONTEXT}, None), caplog)
    assert (told["msg"], told["levelname"], told["error"]) == ("failed", level, type(error).__name__)
    assert any("test_places.py" in step for step in told["at"])
    assert "secret" not in told["text"]


def test_what_libraries_log_is_a_line_of_the_functions() -> None:
    class Sink:
        said = ""

        def log(self, text: str) -> None:
            self.said += text

    sink = Sink()
    handler = LambdaLoggerHandler(sink)
    logging.getLogger().addHandler(handler)
    try:
        guarded(lambda _: logging.getLogger("botocore.x").warning("retrying %s", "someone@example.com"))({"tenant": "acme", "run": RUN})
    finally:
        logging.getLogger().removeHandler(handler)
    assert isinstance(handler.formatter, Lines)
    assert sink.said.endswith("}\n")
    told = json.loads(sink.said)
    assert (told["message"], told["logger"], told["level"]) == ("retrying [email]", "botocore.x", "WARNING")
    assert (told["run"], told["branch"], told["tenant"]) == (RUN, MAIN, pseudonym("acme"))


@quick
@given(st.text(max_size=12))
def test_what_is_too_short_and_plain_to_be_looked_at_holds_nothing(text: str) -> None:
    assert not bare(text) or find(text) == ()


@quick
@given(st.text("0123456789- .", max_size=12))
def test_nor_does_a_short_number(text: str) -> None:
    assert not bare(text) or find(text) == ()


def test_the_branch_of_who_names_none_is_the_journals() -> None:
    assert UNNAMED == MAIN
