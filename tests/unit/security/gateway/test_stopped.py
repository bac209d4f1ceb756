"""A gateway whose run, or agent, was stopped."""

from dataclasses import replace

import pytest

from septet.core.entries import ToolIntent, ToolResult
from septet.core.errors import AgentStopped, InputRejected, RunStopped, StoreUnavailable
from septet.core.journal import Branch, after
from septet.local.effects import MemoryEffects
from septet.local.ledger import MemoryLedger
from septet.security.effects import Effect
from tests.unit.security.gateway.window import Window, read
from tests.unit.shop import find, refund


class TestStopped:
    def test_after_a_stop_a_request_is_refused_reads_as_well_and_nothing_is_written(self) -> None:
        desk = read("A-1")
        desk.platform.ledger.stop("acme", "run-1", "boss: enough")
        before = desk.entries
        for call in (find("A-2"), refund("A-1", 100), refund("A-1", 20_000), ("no_such_tool", {})):
            with pytest.raises(RunStopped, match="boss: enough"):
                desk.ask(call)
        assert desk.entries == before
        assert desk.shop.called == []
        assert desk.platform.approvals.listed("acme") == []

    def test_a_halted_agent_is_refused_reads_as_well_and_another_is_served(self) -> None:
        desk = read("A-1")
        desk.platform.ledger.halt("acme", "run-1", "clerk", "boss: enough of it")
        before = desk.entries
        for call in (find("A-2"), refund("A-1", 100)):
            with pytest.raises(AgentStopped, match="boss: enough of it"):
                desk.ask(call)
        assert (desk.entries, desk.shop.called) == (before, [])
        assert desk.ask(find("A-2"), by="reader")

    def test_a_halt_that_comes_with_a_request_under_way_is_decided_by_the_intent(self) -> None:
        desk = read("A-1")

        class Halting(MemoryEffects):
            def intend(self, branch: Branch, effect: Effect, *, over: Effect | None = None, agent: str = "") -> Effect | None:
                desk.platform.ledger.halt("acme", "run-1", agent, "boss: enough of it")
                return super().intend(branch, effect, over=over, agent=agent)

        desk.platform.effects = Halting(desk.platform.ledger)
        calls = desk.calls(refund("A-1", 100))
        desk.handle(calls)
        assert desk.shop.paid == {}

    def test_and_after_the_run_s_end(self) -> None:
        desk = read("A-1")
        desk.platform.ledger.close("acme", "run-1")
        with pytest.raises(RunStopped, match="ended"):
            desk.ask(find("A-2"))

    def test_a_run_without_an_account_is_none(self) -> None:
        desk = Window()
        desk.platform.ledger = MemoryLedger()
        with pytest.raises(InputRejected, match="no account"):
            desk.ask(find("A-1"))
        assert desk.shop.called == []

    def test_a_stop_that_comes_with_a_request_under_way_is_decided_by_the_intent_and_what_ended_is_told(self) -> None:
        desk = read("A-1")

        class Stopping(MemoryEffects):
            def intend(self, branch: Branch, effect: Effect, *, over: Effect | None = None, agent: str = "") -> Effect | None:
                desk.platform.ledger.stop("acme", "run-1", "boss: enough")
                return super().intend(branch, effect, over=over, agent=agent)

        desk.platform.effects = Stopping(desk.platform.ledger)
        calls = desk.calls(find("A-2"), refund("A-1", 100), find("A-3"))
        bodies = desk.handle(calls)
        assert [type(body).__name__ for body in bodies] == ["ToolIntent"] * 3 + ["ToolResult"] * 2
        assert [body.tool for body in bodies if isinstance(body, ToolResult)] == ["find_order"] * 2
        assert desk.shop.paid == {}
        with pytest.raises(RunStopped):
            desk.handle(replace(calls, head=after(desk.entries)))

    def test_what_is_raised_is_raised_by_a_request_that_has_written_nothing(self) -> None:
        desk = read("A-1")

        class Away(MemoryEffects):
            def intend(self, branch: Branch, effect: Effect, *, over: Effect | None = None, agent: str = "") -> Effect | None:
                raise StoreUnavailable(f"{branch} {effect} {over} {agent}")

        desk.platform.effects = Away(desk.platform.ledger)
        calls = desk.calls(refund("A-1", 100))
        (intent,) = desk.handle(calls)
        assert isinstance(intent, ToolIntent)
        before = desk.entries
        with pytest.raises(StoreUnavailable):
            desk.handle(replace(calls, head=after(before)))
        assert desk.entries == before
