"""No line of a log holds a value that the recognisers know, wherever in the line it was put."""

import ast
import io
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from hypothesis import given
from hypothesis import strategies as st

from septet.entry.guard import guarded
from septet.entry.libraries import Redacting
from septet.entry.logs import PLATFORM, RedactingFormatter
from septet.security.recognisers import find
from tests.unit.sensitive import DISGUISES, KINDS
from tests.unit.strategies import quick

ROOT = Path(__file__).parents[3]
CARD = "4111111111111111"


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
    "appended key": lambda log, text: (log.append_keys(what=text), log.info("said")),  # type: ignore[dict-item, return-value]
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
    assert root(lambda log: log.info("%d of %s", *[CARD])) == "%d of %s\n"


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
