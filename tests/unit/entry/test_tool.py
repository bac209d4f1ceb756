from typing import Any

import pytest

from septet.entry.guard import LEFT_OUT
from septet.entry.tool import Context, Happened, NotHappened, serve

CONTEXT = {"tenant": "acme", "run": "run-1", "principal": "customer-1", "key": "k"}


def test_a_tool_gets_its_arguments_and_what_the_platform_says() -> None:
    handler = serve(lambda arguments, context: (arguments, context))
    assert handler({"arguments": {"a": 1}, "context": CONTEXT}, None) == ({"a": 1}, Context(**CONTEXT))


@pytest.mark.parametrize("context", [{}, {"tenant": "acme"}, {"tenant": "", "run": "", "principal": "", "key": "", "admin": "yes"}])
def test_a_call_without_its_context_is_none(context: dict[str, str]) -> None:
    handler = serve(lambda *_: None)
    with pytest.raises(TypeError, match=LEFT_OUT):
        handler({"arguments": {}, "context": context}, None)


class TestReconciling:
    def ask(self, end: Any) -> Any:
        """What the handler says when its reconcile function ends with *end*; the tool itself must not be called."""
        seen: list[Any] = []

        def reconcile(arguments: Any, context: Context) -> Any:
            seen.append((arguments, context))
            return end

        handler = serve(lambda *_: pytest.fail("it fired"), reconcile=reconcile)
        answer = handler({"reconcile": {"a": 1}, "context": CONTEXT}, None)
        assert seen == [({"a": 1}, Context(**CONTEXT))]
        return answer

    def test_it_happened(self) -> None:
        assert self.ask(Happened({"sent": 1})) == {"happened": True, "value": {"sent": 1}}

    def test_it_did_not_happen(self) -> None:
        assert self.ask(NotHappened()) == {"happened": False}

    @pytest.mark.parametrize("end", [None, False, True, {"happened": False}, NotHappened])
    def test_anything_else_is_no_answer(self, end: Any) -> None:
        with pytest.raises(TypeError, match="reconcile returned"):
            self.ask(end)

    def test_a_tool_that_cannot_say_breaks_and_does_not_fire(self) -> None:
        handler = serve(lambda *_: pytest.fail("it fired"))
        with pytest.raises(NotImplementedError):
            handler({"reconcile": {}, "context": CONTEXT}, None)
