from typing import Any

import pytest

from local.doubles.scenario.holes import Unfilled, fill, tool_results
from tests.unit.local.doubles.asking import asks, call, tool_turn

RESULTS = {"find_order": {"order": {"id": "A-1007", "total": 12900, "items": ["lamp", {"sku": 7}]}}, "say": "hello"}


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ("${find_order.order.total}", 12900),
        ("${find_order.order.items}", ["lamp", {"sku": 7}]),
        ("${find_order.order.items.1.sku}", 7),
        ("${say}", "hello"),
        ("order ${find_order.order.id} costs ${find_order.order.total}", "order A-1007 costs 12900"),
        ("what: ${find_order.order.items.1}", 'what: {"sku": 7}'),
        ({"a": ["${say}", 3, None]}, {"a": ["hello", 3, None]}),
        ("$${say} is written so", "${say} is written so"),
        ("$${", "${"),
        ("${ no hole }", "${ no hole }"),
    ],
)
def test_holes_are_filled_from_results(value: Any, filled: Any) -> None:
    assert fill(value, RESULTS) == filled


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("${refund.id}", r"\$\{refund.id\} needs a result of tool 'refund'; the request holds results of: find_order, say"),
        ("${find_order.order.no}", "finds no 'no' in the result of tool 'find_order', which is {\"order\""),
        ("${find_order.order.items.9}", "finds no '9'"),
        ("${say.x}", "finds no 'x'"),
    ],
)
def test_a_hole_that_cannot_be_filled_says_why(value: str, sentence: str) -> None:
    with pytest.raises(Unfilled, match=sentence):
        fill(value, RESULTS)


def test_the_last_result_of_a_tool_counts_and_text_is_read_as_json_where_it_is() -> None:
    arguments = tool_turn("hello", {"find_order": {"total": 1}})
    for number, content in enumerate([[{"text": '{"total": 2}'}], [{"text": "sorry"}]]):
        use = {"toolUse": {"toolUseId": f"x-{number}", "name": ["find_order", "say"][number], "input": {}}}
        arguments["messages"] += [
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [{"toolResult": {"toolUseId": f"x-{number}", "content": content}}]},
        ]

    assert tool_results(call(arguments)) == {"find_order": {"total": 2}, "say": "sorry"}
    assert tool_results(call(asks("hello"))) == {}
