"""No line of a log holds a value that the recognisers know, wherever in the line it was put."""

import ast
import io
import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from awslambdaric.bootstrap import LambdaLoggerHandler
from hypothesis import given
from hypothesis import strategies as st

from septet.entry.guard import guarded
from septet.entry.libraries import Lines, Redacting
from septet.entry.logs import PLATFORM, UNWRITTEN, RedactingFormatter
from septet.entry.tool import serve
from septet.security.recognisers import find
from tests.unit.sensitive import DISGUISES, KINDS
from tests.unit.strategies import quick

ROOT = Path(__file__).parents[3]
CARD = "4111111111111111"
SECRET = "the customer wrote: my secret is 17"


def raised(log: Logger, text: str) -> None:
    log.error("it broke", exc_info=ValueError(text))


WAYS: dict[str, Callable[[Logger, str], None]] = {
    "message": lambda log, text: log.info(text),
    "arguments": lambda log, text: log.info("it is %s", text),
    "message that is a mapping": lambda log, text: log.info({"said": {"by": [text]}}),
    "extra": lambda log, text: log.warning("said", extra={"what": text}),
    "nested extra": lambda log, text: log.error("said", extra={"what": {"a": [{"b": text}]}}),
    "key": lambda log, text: log.error("said", extra={"what": {text: 1}}),
    "key of the line": lambda log, text: log.info("said", **{text: 1}),
    "object": lambda log, text: log.info("said", extra={"what": Path(text)}),
    "appended key": lambda log, text: (log.append_keys(what=text), log.info("said")),  # type: ignore[dict-item, return-value]  # two things at once
    "exception": raised,
}


def logged(way: str, text: str) -> str:
    stream = io.StringIO()
    log = Logger(service=f"test-{way}-{id(stream)}", stream=stream, logger_formatter=RedactingFormatter())
    WAYS[way](log, text)
    return stream.getvalue()


@pytest.mark.parametrize("way", WAYS)
@quick
@given(st.data(), st.sampled_from(sorted(KINDS)), st.sampled_from(sorted(DISGUISES)))
def test_nothing_recognised_is_in_a_line(way: str, data: st.DataObject, kind: str, disguise: str) -> None:
    line = logged(way, DISGUISES[disguise](data.draw(KINDS[kind])))
    found = {key: value for key, value in json.loads(line).items() if key not in PLATFORM}
    assert find(json.dumps(found, ensure_ascii=False)) == ()
    assert f"{kind}" in line


def test_a_number_is_redacted_as_well() -> None:
    assert CARD not in logged("extra", CARD)
    stream = io.StringIO()
    log = Logger(service="numbers", stream=stream, logger_formatter=RedactingFormatter())
    log.info("paid", extra={"card": int(CARD), "cents": 12900, "open": True, "share": 0.5})
    line = json.loads(stream.getvalue())
    assert (line["card"], line["cents"], line["open"], line["share"]) == ("[card]", 12900, True, 0.5)


def extra(**named: Any) -> dict[str, Any]:
    """The line of a record with these."""
    stream = io.StringIO()
    log = Logger(service=f"test-extra-{id(stream)}", stream=stream, logger_formatter=RedactingFormatter())
    log.info("said", extra=named)
    found: dict[str, Any] = json.loads(stream.getvalue())
    return found


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("outcome", "de89370400440532013000"),
        ("run", "card-4929381332664295"),
        ("branch", "card-4929381332664295"),
        ("bundle", "sk-a1b2c3d4e5f6g7h8i9j0k1l2m3"),
        ("bundle", "4929381332664295"),
        ("turn", "npm_a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r8"),
        ("service", "card 4929 3813 3266 4295"),
    ],
)
def test_what_only_looks_like_a_name_is_looked_at(key: str, value: str) -> None:
    assert find(value)
    assert find(extra(**{key: value})[key]) == ()


@pytest.mark.parametrize("header", ["Root=1-4929381332664295-aaaaaaaaaaaaaaaa", "1-sk1a2b3c-4d5e6f7g8h9i0j1k2l3m4n5o", "1-2-3", "words"])
def test_what_is_no_trace_is_not_told(header: str) -> None:
    assert "trace" not in extra(trace=header)


def test_an_id_is_told_although_it_may_look_like_anything() -> None:
    named = {"run": "run-tr330006100519786457841326", "bundle": "be68539007547034"}  # two account numbers, by chance
    assert all(find(value) for value in named.values())
    line = extra(**named)
    assert {name: line[name] for name in named} == named


class Unsayable:
    def __str__(self) -> str:
        raise KeyError(SECRET)


def nested(levels: int) -> Any:
    found: Any = SECRET
    for _ in range(levels):
        found = {"a": found}
    return found


def ring() -> dict[str, Any]:
    found: dict[str, Any] = {"secret": SECRET}
    return found | {"again": found.setdefault("again", found)}


UNWRITABLE: dict[str, Any] = {
    "a key that is none of JSON's": {("a", "b"): SECRET},
    "nested deeply": nested(100_000),
    "itself within": ring(),
    "what cannot be said": Unsayable(),
    "a number too long": 10**5000,
}


@pytest.mark.parametrize("what", UNWRITABLE)
def test_a_line_that_cannot_be_written_says_so_and_nothing_of_it_is_printed(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    def quotes(log: logging.Logger | Logger) -> None:
        try:
            int(SECRET)
        except ValueError:
            log.warning("failed", extra={"what": UNWRITABLE[what]})

    stream = io.StringIO()
    quotes(Logger(service=f"test-{id(stream)}", stream=stream, logger_formatter=RedactingFormatter()))
    quotes(libraries(stream))
    for line in stream.getvalue().splitlines():
        told = json.loads(line)
        assert (told["message"], told["level"]) == (UNWRITTEN, "WARNING")
        assert told["location"].startswith("quotes:")
        assert told["error"] in {"TypeError", "RecursionError", "ValueError", "KeyError"}
    assert len(stream.getvalue().splitlines()) == 2
    assert "secret" not in stream.getvalue() + "".join(capsys.readouterr())


def libraries(stream: io.StringIO) -> logging.Logger:
    """A library's logger in Lambda, whose handler has nothing round its formatter."""

    class Sink:
        def log(self, text: str) -> None:
            stream.write(text)

    handler = LambdaLoggerHandler(Sink())
    handler.setFormatter(Lines())
    library = logging.getLogger(f"a-library-{id(handler)}")
    library.propagate = False
    library.addHandler(handler)
    return library


def test_arguments_that_do_not_fit_are_printed_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    def pays(arguments: Mapping[str, Any], _: object) -> None:
        log.info("paid %s to %s", arguments["iban"])  # noqa: PLE1206 -- what it is about

    stream = io.StringIO()
    log = Logger(service=f"test-{id(stream)}", stream=stream, logger_formatter=RedactingFormatter())
    context = {"tenant": "acme", "run": "run-1", "principal": "ann", "key": ""}
    serve(pays)({"context": context, "arguments": {"iban": "DE89370400440532013000"}}, None)
    told = json.loads(stream.getvalue())
    assert (told["message"], told["error"], told["run"]) == (UNWRITTEN, "TypeError", "run-1")
    assert "DE89" not in stream.getvalue() + "".join(capsys.readouterr())


def test_a_handler_that_fails_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever fails besides the formatter: ``logging`` prints what was logged, which Lambda would keep."""

    class Full(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError(SECRET)

    before, logging.raiseExceptions = logging.raiseExceptions, True
    try:
        guarded(lambda: Logger(service="full", stream=Full(), logger_formatter=RedactingFormatter()).info("said %s", SECRET))()
    finally:
        logging.raiseExceptions = before
    assert "".join(capsys.readouterr()) == ""


def test_what_operators_need_is_there() -> None:
    line = json.loads(logged("extra", "issued"))
    assert (line["what"], line["message"], line["level"]) == ("issued", "said", "WARNING")


def root(work: Callable[[logging.Logger], Any]) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    library = logging.getLogger(f"a-library-{id(stream)}")
    library.setLevel(logging.INFO)
    library.addHandler(handler)
    handler.addFilter(Redacting())
    work(library)
    return stream.getvalue()


def test_what_libraries_log_is_redacted_and_their_exceptions_are_told_by_class() -> None:
    def broke(log: logging.Logger) -> None:
        log.error("retrying %s", CARD, exc_info=ValueError("the customer's secret"), stack_info=True)

    assert root(broke) == "retrying [card] (ValueError)\n"
    assert root(lambda log: log.info("sent to %s", "someone@example.com")) == "sent to [email]\n"


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (("%d of %s", CARD), "%d of %s\n"),
        (("%(a)s", {"b": CARD}), "%(a)s\n"),
        (("it is %s", Unsayable()), "it is %s\n"),
        ((Unsayable(),), "Unsayable\n"),
    ],
)
def test_a_record_that_cannot_be_said_ends_nothing_and_tells_no_argument(said: tuple[Any, ...], line: str) -> None:
    assert root(lambda log: log.warning(*said)) == line


def test_every_handler_of_the_process_redacts_once_its_function_is_guarded() -> None:
    handler = logging.StreamHandler(io.StringIO())
    logging.getLogger().addHandler(handler)
    try:
        guarded(lambda: None)
        guarded(lambda: None)
        assert [isinstance(one, Redacting) for one in handler.filters] == [True]
    finally:
        logging.getLogger().removeHandler(handler)


def test_no_other_logger_is_made() -> None:
    sources = [*(ROOT / "layers/runtime/python/septet").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
    making = [
        path.name
        for path in sources
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"Logger", "logging.StreamHandler", "logging.basicConfig", "print"}
    ]
    assert set(making) == {"logs.py"}
