"""What a function leaves behind where operators look, when it fails: never content."""

import ast
import traceback
from pathlib import Path
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from septet.core.errors import CLASSES, PolicyDenied, SeptetError
from septet.entry.guard import LEFT_OUT, guarded
from septet.entry.tool import serve
from septet.security.recognisers import find
from tests.unit.sensitive import DISGUISES, KINDS
from tests.unit.strategies import quick

ROOT = Path(__file__).parents[3]
HANDLERS = sorted((ROOT / "functions").glob("*/*/handler.py"))
CONTEXT = {"tenant": "acme", "run": "run-1", "principal": "customer-1", "key": "k"}


def failing(error: Exception) -> Any:
    @guarded
    def handler() -> None:
        raise error

    return handler


@pytest.mark.parametrize("kind", KINDS)
@quick
@given(st.data(), st.sampled_from(sorted(CLASSES)), st.sampled_from(sorted(DISGUISES)))
def test_a_named_error_keeps_its_name_and_its_sentence_without_what_is_recognised(
    kind: str, data: st.DataObject, name: str, disguise: str
) -> None:
    error = CLASSES[name](f"the order A-1 was paid with {DISGUISES[disguise](data.draw(KINDS[kind]))} before")
    with pytest.raises(CLASSES[name]) as raised:
        failing(error)()
    assert str(raised.value).startswith("the order A-1 was paid with ")
    assert find(str(raised.value)) == ()


class BackendError(Exception):
    def __str__(self) -> str:
        return "the customer wrote: my secret is 17"


class WantsArgumentsError(Exception):
    def __new__(cls, _: str) -> Self:
        return super().__new__(cls)


class LastError(Exception):
    def __init_subclass__(cls) -> None:
        raise RuntimeError("my secret is that there is none below")


class UnsayableError(Exception):
    def __str__(self) -> str:
        raise ValueError("my secret")


def noted(error: Exception) -> Exception:
    error.add_note("the customer's secret")
    return error


@pytest.mark.parametrize(
    "error",
    [
        ValueError("the customer wrote: my secret is 17"),
        KeyError("my secret"),
        BackendError(),
        OSError(2, "secret", "secret"),
        WantsArgumentsError("my secret"),
        LastError("my secret"),
        UnsayableError(),
        ValidationError.from_exception_data("my secret", [{"type": "missing", "loc": ("my secret",), "input": "my secret"}]),
        ExceptionGroup("my secret", [ValueError("my secret")]),
        noted(ValueError("x")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_any_other_error_keeps_its_name_and_place_and_loses_its_message(error: Exception) -> None:
    with pytest.raises(Exception, match=LEFT_OUT) as raised:
        failing(error)()
    assert type(raised.value).__name__ == type(error).__name__
    assert "secret" not in "".join(traceback.format_exception(raised.value))
    assert traceback.extract_tb(raised.value.__traceback__)[-1].name == "handler"
    assert raised.value.__cause__ is None


def test_a_named_error_loses_its_notes() -> None:
    with pytest.raises(PolicyDenied) as raised:
        failing(noted(PolicyDenied("no")))()
    assert "secret" not in "".join(traceback.format_exception(raised.value))


def test_a_cause_is_not_told_either() -> None:
    def tool(*_: object) -> None:
        raise SeptetError("the backend refused") from ValueError("the customer's secret")

    with pytest.raises(SeptetError) as raised:
        serve(tool)({"arguments": {}, "context": CONTEXT}, None)
    assert str(raised.value) == "the backend refused"
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


@pytest.mark.parametrize("event", [{"arguments": {}, "context": CONTEXT}, {"reconcile": {}, "context": CONTEXT}])
def test_a_tool_that_breaks_and_one_that_cannot_tell_say_nothing(event: dict[str, Any]) -> None:
    def broken(*_: object) -> None:
        raise ValueError("the customer wrote: my secret is 17")

    with pytest.raises(ValueError, match=LEFT_OUT):
        serve(broken, reconcile=broken)(event, None)


def test_a_text_that_is_said_on_purpose_is_said() -> None:
    def handler() -> None:
        raise RuntimeError("Unauthorized")

    with pytest.raises(RuntimeError, match=r"^Unauthorized$"):
        guarded(handler, says={"Unauthorized"})()


def test_what_a_handler_returns_is_returned() -> None:
    assert guarded(lambda left, right: left + right)(1, right=2) == 3


@pytest.mark.parametrize("path", HANDLERS, ids=lambda path: f"{path.parts[-3]}-{path.parts[-2]}")
def test_every_function_is_guarded(path: Path) -> None:
    """By the septet.entry module that serves it, or by the decorator."""
    made = [
        node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef | ast.Assign) and "handler" in names(node)
    ]
    assert len(made) == 1
    how = made[0]
    said = ast.unparse(how.value.func) if isinstance(how, ast.Assign) and isinstance(how.value, ast.Call) else ""
    assert said == "serve" or [ast.unparse(one) for one in getattr(how, "decorator_list", ())] == ["guarded"]


@pytest.mark.parametrize("name", ["agent", "api", "gateway", "authorizer"])
def test_whatever_serves_a_function_guards_it(name: str) -> None:
    source = (ROOT / "layers/runtime/python/septet/entry" / f"{name}.py").read_text()
    served = next(node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == "serve")
    returned = [ast.unparse(node.value) for node in served.body if isinstance(node, ast.Return) and node.value]
    assert returned
    assert all(value.startswith("guarded(handler") for value in returned)


def names(node: ast.FunctionDef | ast.Assign) -> list[str]:
    return [node.name] if isinstance(node, ast.FunctionDef) else [ast.unparse(target) for target in node.targets]
