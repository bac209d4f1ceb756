"""What the gateway allows: intents before calls, effects once, results with their labels, in the time there is."""

import tomllib
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any

from septet.aws.gateway import GATEWAY_SECONDS
from septet.core.entries import ApprovalAsked, ToolIntent, ToolResult
from septet.core.journal import after
from septet.local.tools import FunctionTools
from septet.security.gateway import SECONDS
from septet.security.manifests import Argument
from tests.unit.security.gateway.window import Window, read
from tests.unit.shop import MANIFESTS, PARCEL, Shop, find, refund, schema


class TestAllowed:
    def test_an_intent_is_written_before_the_tool_is_called(self) -> None:
        desk = Window()
        seen: list[Any] = []

        def look(event: Any, _: object) -> Any:
            seen.extend(entry.body for entry in desk.entries[1:])
            return event["arguments"]

        desk.platform.tools = FunctionTools({"find_order": look})
        intent, result = desk.ask(find("A-1"))
        assert seen == [intent]
        assert isinstance(intent, ToolIntent)
        assert (intent.key, intent.reasons) == ("", ("it only reads",))
        assert isinstance(result, ToolResult)

    def test_what_has_happened_is_told_and_not_judged_anew_also_when_the_order_was_read_again_since(self) -> None:
        desk = read("A-1")
        paid = desk.result(refund("A-1", 9_000))
        desk.shop.orders["A-1"]["refundable_cents"] = 0
        desk.ask(find("A-1"))
        again = desk.result(refund("A-1", 9_000, reason="other words"))
        assert (again.error, again.repeated, again.value) == ("", True, paid.value)
        assert desk.shop.paid == {("A-1", 9_000): 1}
        assert desk.result(refund("A-1", 8_000)).error == "PolicyDenied"

    def test_a_large_refund_in_small_parts_is_asked_about_also_within_one_reply(self) -> None:
        desk = read("A-1")
        written = desk.ask(refund("A-1", 9_000), refund("A-1", 9_001))
        assert [type(body) for body in written] == [ToolIntent, ApprovalAsked, ToolResult]

    def test_an_effect_s_intent_says_why_and_under_which_key(self) -> None:
        desk = read("A-1")
        intent, result = desk.ask(refund("A-1", 100))
        assert isinstance(intent, ToolIntent)
        assert len(intent.key) == 40
        assert intent.reasons == ("it aims at a record of the principal's own",)
        assert isinstance(result, ToolResult)
        assert result.value == {"paid": 100, "order_id": "A-1"}
        assert desk.shop.paid == {("A-1", 100): 1}

    def test_results_are_labelled_by_the_manifest_and_external_where_it_is_silent(self) -> None:
        desk = Window()
        desk.ask(find("A-1"))
        assert desk.entries[-1].labels == {"order_id": "record", "customer": "record", "refundable_cents": "record", "found": "external"}

    def test_a_result_that_is_no_object_is_labelled_whole(self) -> None:
        desk = Window(tools=FunctionTools({"find_order": lambda _, __: ["A-1"]}))
        desk.ask(find("A-1"))
        assert desk.entries[-1].labels == {"value": "external"}

    def test_a_result_of_many_fields_is_labelled_in_few_words(self) -> None:
        many = {f"{place:x}": 1 for place in range(40_000)}
        desk = Window(tools=FunctionTools({"find_order": lambda _, __: {"order_id": "A-1", **many}}))
        assert desk.result(find("A-1")).error == ""
        assert desk.entries[-1].labels == {"order_id": "record", "*": "external"}

    def test_a_tool_that_breaks_is_an_error_for_the_model(self) -> None:
        desk = Window(tools=FunctionTools({}))
        assert desk.result(find("A-1")).error == "ToolFailed"

    def test_the_same_effect_by_another_agent_in_other_words_is_recognised(self) -> None:
        desk = read("A-1")
        desk.ask(refund("A-1", 100, "broken"))
        calls = replace(desk.calls(refund("A-1", 100, "it fell apart")), agent="clerk", turn="fallback")
        result = desk.handle(calls)[-1]
        assert isinstance(result, ToolResult)
        assert result.repeated
        assert desk.shop.paid == {("A-1", 100): 1}

    def test_the_same_effect_twice_in_one_reply_happens_once(self) -> None:
        desk = read("A-1")
        bodies = desk.ask(refund("A-1", 100), refund("A-1", 100, "other words"))
        assert [body.repeated for body in bodies if isinstance(body, ToolResult)].count(True) == 1
        assert desk.shop.paid == {("A-1", 100): 1}

    def test_a_number_spelt_otherwise_is_the_same_effect_and_the_same_argument(self) -> None:
        boxes: list[Any] = []
        form = schema({"order_id": {"type": "string"}, "box": {"type": "number"}})
        ship = replace(
            PARCEL, identity=("order_id", "box"), input_schema=form, arguments={**PARCEL.arguments, "box": Argument(role="flag")}
        )
        tools = FunctionTools({"find_order": Shop().find_order, "send_parcel": lambda event, _: boxes.append(event["arguments"]["box"])})
        desk = Window(manifests=MANIFESTS | {"send_parcel": ship}, tools=tools)
        desk.ask(find("A-1"))
        first, again = (desk.result(("send_parcel", {"order_id": "A-1", "box": box})) for box in (1.0, 1))
        assert (first.error, again.error, again.repeated) == ("", "", True)
        assert [(box, type(box)) for box in boxes] == [(1, int)]

    def test_what_one_refund_took_the_next_cannot_take_again(self) -> None:
        desk = read("A-1")
        desk.shop.orders["A-1"]["refundable_cents"] = 150
        assert desk.result(refund("A-1", 100)).error == ""
        assert desk.result(refund("A-1", 101)).error == "PolicyDenied", "the record read before says more; the tool knows better"

    def test_the_tools_of_one_reply_run_at_the_same_time(self) -> None:
        together = Barrier(8)
        desk = Window(tools=FunctionTools({"find_order": lambda _, __: together.wait(10) >= 0}))
        bodies = desk.ask(*(find(f"A-{place}") for place in range(8)))
        assert [body.value for body in bodies if isinstance(body, ToolResult)] == [True] * 8

    def test_results_are_written_in_the_order_of_the_calls(self) -> None:
        first_may_end = Barrier(2)

        def look(event: Any, _: object) -> Any:
            if event["arguments"]["order_id"] in ("A-1", "A-3"):
                first_may_end.wait(10)
            return event["arguments"]["order_id"]

        desk = Window(tools=FunctionTools({"find_order": look}))
        bodies = desk.ask(find("A-1"), find("A-2"), find("A-3"))
        assert [type(body).__name__ for body in bodies] == ["ToolIntent"] * 3 + ["ToolResult"] * 3
        assert [body.value for body in bodies if isinstance(body, ToolResult)] == ["A-1", "A-2", "A-3"]


class TestTime:
    def test_more_calls_than_a_request_has_time_for_are_made_by_the_next(self) -> None:
        desk, slow = Window(), 10_000

        def look(event: Any, _: object) -> Any:
            desk.platform.clock.pause(slow)
            return event["arguments"]

        desk.platform.tools = FunctionTools({"find_order": look})
        calls = desk.calls(*(find(f"A-{place}") for place in range(40)))
        rounds = 0
        while sum(isinstance(entry.body, ToolResult) for entry in desk.entries) < 40:
            before, began = len(desk.entries), desk.platform.clock.now
            desk.handle(replace(calls, head=after(desk.entries)))
            assert len(desk.entries) > before
            assert desk.platform.clock.now - began <= (SECONDS + 8 * 10) * 1000
            rounds += 1
        assert rounds > 2
        answered = [entry.body.call for entry in desk.entries if isinstance(entry.body, ToolResult)]
        assert len(set(answered)) == len(answered) == 40

    def test_the_gateway_s_function_has_time_for_what_a_request_may_take(self) -> None:
        step = tomllib.loads((Path(__file__).parents[4] / "functions/steps/gateway/step.toml").read_text())
        assert SECONDS + 10 <= step["timeout"] < GATEWAY_SECONDS
