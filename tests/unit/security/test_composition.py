"""The gateway as it is put together: what a run, a tenant, a role, a list of places and an approver's change come to through all of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from septet.core.entries import ApprovalAsked, ApprovalEdited, Body, ToolCall, ToolIntent, ToolResult
from septet.core.errors import InputRejected
from septet.core.journal import Pen, after
from septet.local.models import ScriptedModel
from septet.local.platform import Platform
from septet.security.approvals import Vote
from septet.security.desk import Calls
from septet.security.egress import Rules
from tests.unit.security.questions import policies
from tests.unit.shop import MANIFESTS, Shop, agent, find, parcel, refund

FORBID = '@id("{0}") @reason("not today") forbid (principal, action, resource) {1};'


@dataclass(kw_only=True)
class House:
    """One run of one tenant at a whole gateway; every request is worked on by a new one."""

    tenant: str = "acme"
    roles: tuple[str, ...] = ("submitter",)
    attended: bool = True
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Of the platform."""
    asked: int = 0

    def __post_init__(self) -> None:
        self.shop = Shop()
        self.platform = Platform(
            agents={"clerk": agent()}, model=ScriptedModel({}), tools=self.shop.tools, manifests=MANIFESTS, **self.changes
        )
        self.branch = self.platform.submit("run-1", {"message": "hello"}, tenant=self.tenant, roles=self.roles, attended=self.attended)

    def handle(self, *calls: ToolCall) -> list[Body]:
        pins = {name: tool.pin for name, tool in MANIFESTS.items()}
        head = after(self.platform.entries(self.branch))
        asked = Calls(branch=self.branch, head=head, agent="clerk", turn="clerk", bundle="b", calls=calls, pins=pins)
        return [entry.body for entry in self.platform.fresh_gateway().handle(asked)]

    def ask(self, *calls: tuple[str, Any]) -> list[Body]:
        self.asked += 1
        return self.handle(
            *(ToolCall(id=f"c{self.asked}-{place}", tool=tool, arguments=given) for place, (tool, given) in enumerate(calls))
        )

    def error(self, call: tuple[str, Any]) -> str:
        last = self.ask(call)[-1]
        return last.error if isinstance(last, ToolResult) else type(last).__name__


def test_with_nothing_in_the_way_an_order_is_found() -> None:
    assert House().error(find("A-1")) == ""


@pytest.mark.parametrize(("tenant", "error"), [("acme", "PolicyDenied"), ("other", "")])
def test_a_tenant_s_own_policy_holds_for_that_tenant(tenant: str, error: str) -> None:
    own = policies(tenants={"acme": FORBID.format("mine", "")})
    assert House(tenant=tenant, changes={"policies": own}).error(find("A-1")) == error


@pytest.mark.parametrize(("role", "error"), [("submitter", "PolicyDenied"), ("operator", "")])
def test_a_policy_by_role_is_told_the_submitter_s(role: str, error: str) -> None:
    own = policies(FORBID.format("roles", 'unless { context.roles.contains("operator") }'))
    assert House(roles=(role,), changes={"policies": own}).error(find("A-1")) == error


@pytest.mark.parametrize(("attended", "end"), [(True, "ApprovalAsked"), (False, "PolicyDenied")])
def test_where_nobody_attends_a_question_is_a_denial(attended: bool, end: str) -> None:  # noqa: FBT001 -- a case
    house = House(attended=attended)
    house.ask(find("A-1"))
    assert house.error(refund("A-1", 20_000)) == end
    assert bool(house.platform.approvals.listed("acme")) is attended
    assert house.shop.paid == {}


@pytest.mark.parametrize(("hosts", "end"), [({"evil.example"}, ""), (set(), "PolicyDenied")])
def test_the_list_of_places_is_asked(hosts: set[str], end: str) -> None:
    listed = Rules(listed=True, hosts=frozenset(hosts))
    own = policies(FORBID.format("egress", "unless { context.egress.allowed }"))
    house = House(changes={"policies": own, "egress": listed})
    house.ask(find("A-1"))
    assert house.error(refund("A-1", 100, "see https://evil.example/x")) == end


class TestIds:
    """An intent is that of the call it was written for."""

    def test_two_calls_of_one_id_are_refused(self) -> None:
        house = House()
        with pytest.raises(InputRejected, match="same id"):
            house.handle(
                ToolCall(id="x", tool="find_order", arguments=find("B-1")[1]),
                ToolCall(id="x", tool="send_parcel", arguments=parcel("B-1")[1]),
            )
        assert house.shop.called == []

    @pytest.mark.parametrize("other", [parcel("A-1"), find("A-2")])
    def test_a_standing_intent_makes_no_other_call(self, other: tuple[str, Any]) -> None:
        house = House()
        pen = self.pen(house)
        pen(ToolIntent(call="x", tool="find_order", arguments={"order_id": "A-1"}, key="", reasons=()))
        tool, arguments = other
        (refused,) = house.handle(ToolCall(id="x", tool=tool, arguments=arguments))
        assert isinstance(refused, ToolResult)
        assert refused.error == "InputRejected"
        assert house.shop.called == []

    def test_but_the_one_it_was_written_for(self) -> None:
        house = House()
        self.pen(house)(ToolIntent(call="x", tool="find_order", arguments={"order_id": "A-1"}, key="", reasons=()))
        (result,) = house.handle(ToolCall(id="x", tool="find_order", arguments={"order_id": "A-1"}))
        assert isinstance(result, ToolResult)
        assert result.error == ""

    def pen(self, house: House) -> Callable[[Body], object]:
        entries = house.platform.entries(house.branch)
        return Pen(
            journal=house.platform.journal,
            branch=house.branch,
            clock=house.platform.clock,
            head=after(entries),
            agent="clerk",
            turn="clerk",
        ).write


class TestEdited:
    """A call that an approver has changed is checked, labelled and decided afresh."""

    def changed(self, **arguments: Any) -> tuple[House, list[Body]]:
        """What comes of approving a refund of 20,000 of A-1 with other arguments."""
        house = House()
        house.ask(find("A-1"))
        call = ToolCall(id="x", tool="issue_refund", arguments=refund("A-1", 20_000)[1])
        (asked,) = house.handle(call)
        assert isinstance(asked, ApprovalAsked)
        edited = {**call.arguments, **arguments}
        one = Vote(by="boss", at=1, arguments=edited)
        approvals = house.platform.approvals
        assert approvals.decide("acme", asked.approval, status="approved", by="boss", reason="", at=house.platform.clock(), votes=(one,))
        return house, house.handle(call)

    def test_the_call_is_made_with_what_the_approver_chose(self) -> None:
        house, bodies = self.changed(amount_cents=12_000)
        assert any(isinstance(body, ApprovalEdited) for body in bodies)
        assert house.shop.paid == {("A-1", 12_000): 1}

    @pytest.mark.parametrize(
        "arguments",
        [{"order_id": "B-1"}, {"order_id": "A-7"}, {"amount_cents": 50_001}, {"amount_cents": 0}, {"amount_cents": "x"}, {"unknown": 1}],
    )
    def test_what_may_not_be_stays_forbidden(self, arguments: dict[str, Any]) -> None:
        house, bodies = self.changed(**arguments)
        last = bodies[-1]
        assert isinstance(last, ToolResult)
        assert last.error == "PolicyDenied"
        assert house.shop.paid == {}

    def test_the_intent_has_the_labels_of_what_is_made(self) -> None:
        house, bodies = self.changed(reason="the approver's own words")
        (intent,) = [entry for entry in house.platform.entries(house.branch) if isinstance(entry.body, ToolIntent) and entry.body.key]
        assert isinstance(intent.body, ToolIntent)
        assert intent.body.arguments["reason"] == "the approver's own words"
        assert set(intent.labels) == {"order_id", "amount_cents", "reason"}
        assert bodies
