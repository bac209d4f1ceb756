import pytest

from septet.entry.tool import Context, serve


def test_a_tool_gets_its_arguments_and_what_the_platform_says() -> None:
    handler = serve(lambda arguments, context: (arguments, context))
    context = {"tenant": "acme", "run": "run-1", "principal": "customer-1", "key": "k"}
    assert handler({"arguments": {"a": 1}, "context": context}, None) == ({"a": 1}, Context(**context))


@pytest.mark.parametrize("context", [{}, {"tenant": "acme"}, {"tenant": "", "run": "", "principal": "", "key": "", "admin": "yes"}])
def test_a_call_without_its_context_is_none(context: dict[str, str]) -> None:
    handler = serve(lambda *_: None)
    with pytest.raises(TypeError, match="argument"):
        handler({"arguments": {}, "context": context}, None)
