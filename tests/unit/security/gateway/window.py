"""A gateway at work, as tests ask it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from septet.core.entries import Body, Entry, ToolCall, ToolResult
from septet.core.journal import after, verify
from septet.local.models import ScriptedModel
from septet.local.platform import Platform
from septet.security.approvals import Approval
from septet.security.desk import Calls
from septet.security.manifests import Manifest
from tests.unit.shop import CUSTOMER, MANIFESTS, Shop, agent, find


@dataclass(kw_only=True)
class Window:
    """A gateway at work for one agent in one run; every request goes on where the branch ends."""

    shop: Shop = field(default_factory=Shop)
    manifests: Mapping[str, Manifest] = field(default_factory=lambda: MANIFESTS)
    tools: Any = None
    principal: str = CUSTOMER
    names: int = 0

    def __post_init__(self) -> None:
        clerk = agent()
        self.platform = Platform(
            agents={"clerk": clerk, "reader": replace(clerk, name="reader", tools=clerk.tools[:1])},
            model=ScriptedModel({}),
            tools=self.tools or self.shop.tools,
            manifests=self.manifests,
        )
        self.pins = {name: tool.pin for name, tool in self.manifests.items()}
        self.branch = self.platform.submit("run-1", {"message": "refund B-1 and A-99"}, principal=self.principal)

    def calls(self, *asked: tuple[str, Any], by: str = "clerk", turn: str = "clerk") -> Calls:
        self.names += 1
        calls = tuple(ToolCall(id=f"call-{self.names}-{place}", tool=tool, arguments=given) for place, (tool, given) in enumerate(asked))
        return Calls(branch=self.branch, head=after(self.entries), agent=by, turn=turn, bundle="b-1", calls=calls, pins=self.pins)

    def handle(self, calls: Calls) -> list[Body]:
        written = self.platform.fresh_gateway().handle(calls)
        assert verify(self.entries) == []
        return [entry.body for entry in written]

    def ask(self, *asked: tuple[str, Any], by: str = "clerk") -> list[Body]:
        return self.handle(self.calls(*asked, by=by))

    def result(self, *asked: tuple[str, Any], by: str = "clerk") -> ToolResult:
        last = self.ask(*asked, by=by)[-1]
        assert isinstance(last, ToolResult)
        return last

    @property
    def entries(self) -> list[Entry]:
        return self.platform.entries(self.branch)

    def question(self) -> Approval:
        (pending,) = self.platform.approvals.listed("acme", status="pending")
        return pending

    def decide(self, status: Any, *, by: str = "boss") -> None:
        at = self.platform.clock()
        assert self.platform.approvals.decide("acme", self.question().approval, status=status, by=by, reason="as agreed", at=at)


def read(*orders: str) -> Window:
    """A gateway in whose run *orders* were read."""
    desk = Window()
    desk.ask(*(find(order) for order in orders or ("A-1",)))
    desk.shop.called.clear()
    return desk
