"""Several gateways, agents and executors at one branch."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest

from septet.core.entries import ToolResult
from septet.core.errors import Fenced
from septet.core.journal import Head, after, verify
from septet.local.tools import FunctionTools
from septet.security.desk import Calls
from tests.unit.security.gateway.window import Window, read
from tests.unit.shop import MANIFESTS, PARCEL, find, parcel, refund


class TestOneBranch:
    def test_an_agent_that_is_behind_is_fenced(self) -> None:
        desk = Window()
        calls = desk.calls(find("A-1"))
        desk.handle(calls)
        desk.shop.called.clear()
        with pytest.raises(Fenced):
            desk.handle(calls)
        assert desk.shop.called == []

    @pytest.mark.parametrize("head", [Head(), Head(number=1), Head(number=1, hash="0" * 64), Head(number=7, hash="0" * 64)])
    def test_an_agent_that_is_elsewhere_is_fenced(self, head: Head) -> None:
        desk = Window()
        with pytest.raises(Fenced):
            desk.handle(replace(desk.calls(find("A-1")), head=head))
        assert desk.shop.called == []

    def test_of_two_gateways_at_once_one_is_fenced_and_the_effect_happens_once(self) -> None:
        for _ in range(10):
            desk = read("A-1")
            calls = desk.calls(refund("A-1", 100), find("A-2"))
            together = Barrier(2)

            def work(_: int, desk: Window = desk, calls: Calls = calls, together: Barrier = together) -> str:
                gateway = desk.platform.fresh_gateway()
                together.wait()
                try:
                    return str(len(gateway.handle(calls)))
                except Fenced:
                    return "fenced"

            with ThreadPoolExecutor(2) as pool:
                assert sorted(pool.map(work, range(2))) == ["4", "fenced"]
            assert verify(desk.entries) == []
            assert desk.shop.paid == {("A-1", 100): 1}

    def test_a_warm_gateway_and_a_new_one_take_turns(self) -> None:
        desk = read("A-1")
        warm, other = desk.platform.fresh_gateway(), desk.platform.fresh_gateway()
        for place, gateway in enumerate((warm, other, warm, warm, other, warm)):
            calls = desk.calls(find(f"A-{place + 2}"))
            assert [entry.body for entry in gateway.handle(calls)][-1] == desk.entries[-1].body
        assert [entry.body for entry in warm.handle(desk.calls(refund("A-3", 100)))][-1] == desk.entries[-1].body
        assert desk.shop.paid == {("A-3", 100): 1}
        assert verify(desk.entries) == []

    def test_a_warm_gateway_reads_what_is_new_and_no_more(self) -> None:
        desk, handed = Window(), [0]

        class Counting:
            append = desk.platform.journal.append

            def read(self, *arguments: Any, **named: Any) -> Any:
                for entry in desk.platform.journal.read(*arguments, **named):
                    handed[0] += 1
                    yield entry

        fresh = desk.platform.fresh_gateway()
        warm = replace(fresh, projections=replace(fresh.projections, journal=Counting()))
        for number in range(30):
            warm.handle(desk.calls(find(f"A-{number}")))
        assert handed[0] == 1, "the request, once; everything else it wrote itself"

    def test_what_has_a_result_is_not_done_again(self) -> None:
        desk = read("A-1")
        calls = desk.calls(find("A-2"))
        desk.handle(calls)
        desk.shop.called.clear()
        assert desk.handle(replace(calls, head=after(desk.entries))) == []
        assert desk.shop.called == []

    def test_a_call_of_the_same_name_in_another_turn_is_another(self) -> None:
        desk = read("A-1")
        calls = desk.calls(find("A-2"))
        desk.handle(calls)
        assert desk.handle(replace(calls, head=after(desk.entries), turn="another"))


class TestTakeover:
    """A call that must never be fired twice, whose gateway was killed while it was under way."""

    def killed(self, *, sent: bool) -> tuple[Window, Calls]:
        desk = Window(manifests=dict(MANIFESTS) | {"send_parcel": replace(PARCEL, reconcile=True)})
        desk.ask(find("A-1"))

        class Gone(BaseException):
            pass

        def gone(event: Any, context: object) -> Any:
            if sent:
                desk.shop.send_parcel(event, context)
            raise Gone

        calls, tools = desk.calls(parcel("A-1")), desk.platform.tools
        desk.platform.tools = FunctionTools({"send_parcel": gone})
        with pytest.raises(Gone):
            desk.handle(calls)
        desk.platform.tools = tools
        return desk, calls

    @pytest.mark.parametrize("sent", [True, False])
    def test_the_same_agent_goes_on(self, *, sent: bool) -> None:
        desk, calls = self.killed(sent=sent)
        (result,) = desk.handle(replace(calls, head=after(desk.entries)))
        assert isinstance(result, ToolResult)
        assert (result.error, result.value, result.repeated) == ("", {"sent": "A-1"}, sent)
        assert desk.shop.parcels == {"A-1": 1}

    @pytest.mark.parametrize("sent", [True, False])
    def test_another_agent_takes_over(self, *, sent: bool) -> None:
        desk, _ = self.killed(sent=sent)
        calls = replace(desk.calls(parcel("A-1")), turn="fallback")
        result = desk.handle(calls)[-1]
        assert isinstance(result, ToolResult)
        assert (result.error, result.value, result.repeated) == ("", {"sent": "A-1"}, sent)
        assert desk.shop.parcels == {"A-1": 1}

    @pytest.mark.parametrize("sent", [True, False])
    def test_executors_and_agents_at_once_send_one_parcel(self, *, sent: bool) -> None:
        """Each has a branch's worth of trouble: all but one are fenced or told."""
        desk, calls = self.killed(sent=sent)
        head, together = after(desk.entries), Barrier(16)

        def work(place: int) -> None:
            gateway = desk.platform.fresh_gateway()
            together.wait()
            with suppress(Fenced):
                gateway.handle(replace(calls, head=head, turn="clerk" if place % 2 else f"agent-{place}"))

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(work, range(16)))
        assert desk.shop.parcels == {"A-1": 1}
        assert verify(desk.entries) == []
