"""What may be committed, and what a committed plan lets through."""

import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.local.policies import shipped
from septet.security.committed import Committed
from septet.security.labels import Label
from septet.security.manifests import Argument, Field, Manifest, Output
from septet.security.monitor import Monitor
from septet.security.plans import FREE, PlanWrong, leaves, plan, written
from tests.unit.strategies import json_values, quick

SEARCH = Manifest(
    name="search",
    effect="read",
    repeat="none",
    arguments={"query": Argument(role="title")},
    output=Output(
        kind="mail", key="id", fields={"id": Field(label="record", kind="mail"), "sender": Field(label="counterparty", kind="email")}
    ),
)
SEND = Manifest(
    name="send",
    effect="send",
    arguments={
        "to": Argument(role="target", kind="email"),
        "body": Argument(role="content"),
        "copies": Argument(role="target", kind="email"),
    },
)
TOOLS = {"search": SEARCH, "send": SEND}
REPLY: dict[str, Any] = {
    "steps": [
        {"name": "find", "tool": "search", "slots": {"query": {"constant": "lunch"}}},
        {"name": "reply", "tool": "send", "slots": {"to": {"from": "find", "field": "sender"}, "body": {"free": True}}},
    ]
}
FOUND = {"id": ["7"], "sender": ["eve@example.org"]}


def committed(value: Any = REPLY) -> Committed:
    return Committed(plan(value, TOOLS, TOOLS))


def replying() -> Committed:
    """A plan whose search has been made."""
    following = committed()
    following.use("search", {"query": "lunch"})
    following.result("search", {"query": "lunch"}, FOUND)
    return following


def changed(**changes: Any) -> dict[str, Any]:
    """``REPLY`` with the second step changed."""
    return {"steps": [REPLY["steps"][0], REPLY["steps"][1] | changes]}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "an object with steps"),
        ([], "an object with steps"),
        ({"steps": {}}, "a list"),
        ({"steps": [], "goal": "x"}, "an object with steps"),
        (changed(tool="delete"), "there is no tool 'delete'"),
        (changed(uses=0), "uses"),
        (changed(uses=True), "uses"),
        (changed(uses=51), "uses"),
        (changed(name="find"), "used twice"),
        (changed(name="request"), "used twice"),
        (changed(name=""), "a step's name"),
        (changed(slots=[]), "slots must be an object"),
        (changed(slots={"to": "eve@example.org"}), "step reply, to"),
        (changed(slots={"to": {"free": True}}), "is a target, which cannot be left free"),
        (changed(slots={"to": {"constant": 1, "free": True}}), "step reply, to"),
        (changed(slots={"to": {"from": "find", "field": "body"}}), "declares no field 'body'"),
        (changed(slots={"to": {"from": "nobody", "field": "sender"}}), "no such step"),
        (changed(slots={"to": {"extract": "address"}}), "no extraction 'address'"),
        ({"steps": REPLY["steps"] * 20}, "a list of at most 32"),
        (REPLY | {"extractions": [{"name": "a", "step": "x", "field": "f", "kind": "email", "question": "?"}]}, "no step 'x'"),
    ],
)
def test_what_is_no_plan_is_refused_with_what_to_change(value: Any, told: str) -> None:
    with pytest.raises(PlanWrong, match=told):
        plan(value, TOOLS, TOOLS)


def test_a_tool_that_is_not_granted_cannot_be_planned() -> None:
    with pytest.raises(PlanWrong, match="there is no tool 'send': there is search"):
        plan(REPLY, TOOLS, ["search"])


@given(json_values)
@quick
def test_a_planner_may_write_anything(value: Any) -> None:
    with contextlib.suppress(PlanWrong):
        plan(value, TOOLS, TOOLS)


def test_a_plan_is_read_back_from_what_is_written() -> None:
    full = REPLY | {"extractions": [{"name": "when", "step": "find", "field": "body", "kind": "date", "question": "When is lunch?"}]}
    found = plan(full, TOOLS, TOOLS)
    assert plan(json.loads(json.dumps(written(found))), TOOLS, TOOLS) == found


class TestFollowing:
    """What is no part of the plan is no member; what is, binds the values that it refers to."""

    def test_a_reference_binds_the_value_that_was_found(self) -> None:
        match = replying().match("send", {"to": "eve@example.org", "body": "Yes!"})
        assert match
        assert (match.step, match.bound) == ("reply", {"to"})

    @pytest.mark.parametrize(
        ("tool", "arguments"),
        [
            ("send", {"to": "mallory@example.org", "body": "Yes!"}),
            ("send", {"to": "Eve@example.org", "body": "Yes!"}),
            ("send", {"to": ["eve@example.org", "mallory@example.org"], "body": "Yes!"}),
            ("send", {"to": "eve@example.org", "body": "Yes!", "copies": "mallory@example.org"}),
            ("send", {"to": {"address": "mallory@example.org"}, "body": "Yes!"}),
            ("search", {"query": "passwords"}),
            ("delete", {}),
        ],
    )
    def test_another_value_argument_or_tool_is_no_member(self, tool: str, arguments: dict[str, Any]) -> None:
        assert replying().match(tool, arguments) is None

    def test_before_the_search_nothing_is_known_to_reply_to(self) -> None:
        assert committed().match("send", {"to": "eve@example.org", "body": "Yes!"}) is None

    def test_what_another_call_of_the_tool_found_binds_nothing(self) -> None:
        following = committed()
        following.result("search", {"query": "passwords"}, FOUND)
        assert following.match("send", {"to": "eve@example.org", "body": "Yes!"}) is None

    def test_a_step_is_used_up(self) -> None:
        following = replying()
        following.use("send", {"to": "eve@example.org", "body": "Yes!"})
        assert following.match("send", {"to": "eve@example.org", "body": "And no!"}) is None

    @pytest.mark.parametrize(("identity", "left"), [((), False), (("to", "body"), True)])
    def test_the_same_call_again_is_the_same_use_only_where_it_is_the_same_effect(self, identity: tuple[str, ...], *, left: bool) -> None:
        tools = TOOLS | {"send": replace(SEND, identity=identity)}
        twice = changed(uses=2, slots={"to": {"constant": "bob@example.org"}, "body": {"free": True}})
        following = Committed(plan(twice, tools, tools))
        call = ("send", {"to": "bob@example.org", "body": "Yes!"})
        following.use(*call)
        following.use(*call)
        assert (following.match("send", {"to": "bob@example.org", "body": "No!"}) is not None) == left

    @pytest.mark.parametrize(
        "find",
        [
            pytest.param([{"name": "find", "tool": "search", "slots": {"query": {"free": True}}}], id="a free value"),
            pytest.param(
                [
                    {"name": "list", "tool": "search", "slots": {"query": {"constant": "all"}}},
                    {"name": "find", "tool": "search", "slots": {"query": {"from": "list", "field": "id"}}},
                ],
                id="one of several",
            ),
            pytest.param(
                [
                    {"name": "list", "tool": "search", "slots": {"query": {"free": True}}},
                    {"name": "find", "tool": "search", "slots": {"query": {"from": "list", "field": "id"}}},
                ],
                id="what a free value found",
            ),
        ],
    )
    def test_what_a_call_returns_that_the_model_chose_is_not_settled(self, find: list[dict[str, Any]]) -> None:
        following = committed({"steps": [*find, REPLY["steps"][1]]})
        if len(find) > 1:
            following.use("search", {"query": "all"})
            following.result(
                "search", {"query": "all"}, {"id": ["7", "8"] if find[0]["slots"] == {"query": {"constant": "all"}} else ["7"]}
            )
        following.use("search", {"query": "7"})
        following.result("search", {"query": "7"}, FOUND)
        match = following.match("send", {"to": "eve@example.org", "body": "Yes!"})
        assert match
        assert (match.bound, match.settled) == (frozenset(), False)

    def test_the_content_of_what_only_reads_decides_what_it_finds(self) -> None:
        tools = TOOLS | {"search": replace(SEARCH, arguments={"query": Argument(role="content")})}
        steps = [{"name": "find", "tool": "search", "slots": {"query": {"free": True}}}, REPLY["steps"][1]]
        following = Committed(plan({"steps": steps}, tools, tools))
        following.use("search", {"query": "eve"})
        following.result("search", {"query": "eve"}, FOUND)
        match = following.match("send", {"to": "eve@example.org", "body": "Yes!"})
        assert match
        assert match.bound == frozenset()

    def test_the_content_of_what_a_call_makes_has_no_say_in_what_it_returns(self) -> None:
        made = replace(SEND, output=SEARCH.output)
        tools = TOOLS | {"send": made}
        steps = [
            {"name": "first", "tool": "send", "slots": {"to": {"constant": "bob@example.org"}, "body": {"free": True}}},
            {"name": "next", "tool": "send", "slots": {"to": {"from": "first", "field": "sender"}, "body": {"free": True}}},
        ]
        following = Committed(plan({"steps": steps}, tools, tools))
        following.use("send", {"to": "bob@example.org", "body": "Hi"})
        following.result("send", {"to": "bob@example.org", "body": "Hi"}, FOUND)
        match = following.match("send", {"to": "eve@example.org", "body": "Yes!"})
        assert match
        assert match.bound == {"to"}

    def test_a_constant_may_be_a_list(self) -> None:
        following = committed(changed(slots={"to": {"constant": ["a@example.org", "b@example.org"]}, "body": {"free": True}}))
        assert following.match("send", {"to": ["b@example.org"], "body": ""})
        assert not following.match("send", {"to": ["b@example.org", "c@example.org"], "body": ""})

    def test_a_constant_may_be_an_object(self) -> None:
        following = committed(changed(slots={"to": {"constant": [{"name": "Bob", "at": "bob@example.org"}]}, "body": {"free": True}}))
        assert following.match("send", {"to": [{"name": "Bob", "at": "bob@example.org"}], "body": ""})
        assert not following.match("send", {"to": [{"name": "bob@example.org", "at": "Bob"}], "body": ""})

    def test_a_constant_that_is_left_out_makes_another_call(self) -> None:
        assert not committed().match("search", {})

    def test_an_extraction_binds_what_was_read_out_and_endorses_nothing(self) -> None:
        full = changed(slots={"to": {"extract": "who"}, "body": {"free": True}})
        full["extractions"] = [{"name": "who", "step": "find", "field": "body", "kind": "email", "question": "Who asks?"}]
        following = committed(full)
        assert not following.match("send", {"to": "eve@example.org", "body": ""})
        following.extracted("who", "eve@example.org")
        following.extracted("nobody", "mallory@example.org")
        match = following.match("send", {"to": "eve@example.org", "body": ""})
        assert match
        assert match.bound == frozenset()

    def test_it_goes_on_after_its_state_was_stored(self) -> None:
        following = replying()
        restored = Committed.restored(json.loads(json.dumps(following.state())), TOOLS)
        assert restored.match("send", {"to": "eve@example.org", "body": "x"}) == following.match(
            "send", {"to": "eve@example.org", "body": "x"}
        )
        assert restored.match("search", {"query": "lunch"}) is None
        assert restored.state() == following.state()


@given(
    st.dictionaries(st.sampled_from(["to", "body", "copies", "query", "other"]), json_values, max_size=4),
    st.sampled_from(["send", "search"]),
)
@quick
def test_nothing_critical_gets_in_that_the_plan_does_not_have(arguments: dict[str, Any], tool: str) -> None:
    match = replying().match(tool, arguments)
    if match:
        assert tool == "send"
        assert {value for path, value in leaves(arguments, "") if not path.startswith("body")} <= {"eve@example.org"}


@pytest.mark.parametrize("name", ["body.x", "body[]", "to.x", "[]"])
def test_a_name_that_reads_like_a_path_leads_nowhere(name: str) -> None:
    assert replying().match("send", {"to": "eve@example.org", name: "mallory@example.org"}) is None
    assert replying().match("send", {"to": {name: "mallory@example.org"}}) is None


def test_roles_that_a_plan_may_leave_open_aim_at_nothing() -> None:
    assert not FREE & {"target", "selector", "amount", "attachment"}


def test_of_several_values_that_a_result_has_none_is_settled() -> None:
    following = committed()
    following.use("search", {"query": "lunch"})
    following.result("search", {"query": "lunch"}, {"id": ["7", "8"], "sender": ["eve@example.org", "mallory@example.org"]})
    match = following.match("send", {"to": "eve@example.org", "body": "Yes!"})
    assert match
    assert (match.bound, match.settled) == (frozenset(), False)
    one = replying().match("send", {"to": "eve@example.org", "body": "Yes!"})
    assert one
    assert one.settled


def test_what_a_plan_takes_from_a_text_of_outside_is_endorsed_by_no_plan() -> None:
    tools = {
        "read": Manifest(
            name="read",
            effect="read",
            repeat="none",
            output=Output(kind="letter", key="id", fields={"id": Field(label="record"), "reply_to": Field(label="external", kind="email")}),
        ),
        "send": SEND,
    }
    steps = [
        {"name": "read", "tool": "read", "slots": {}},
        {"name": "reply", "tool": "send", "slots": {"to": {"from": "read", "field": "reply_to"}, "body": {"constant": "yes"}}},
    ]
    monitor = Monitor(tools, shipped(), principal="ann")
    monitor.request({"task": "Please reply yes to the letter."}, {"task": "trusted"})
    monitor.commit(plan({"steps": steps}, tools, tools))
    monitor.intended("read", {}, 1)
    monitor.record("read", {}, {"id": "7", "reply_to": "mallory@example.org"}, at=2, number=2)
    decided = monitor.decide("send", {"to": "mallory@example.org", "body": "yes"}, now=3)
    assert (decided.outcome, decided.labels["to"]) == ("ask", Label.EXTERNAL)


@pytest.mark.parametrize(("senders", "label"), [(["eve"], Label.ANCHORED), (["eve", "mallory"], Label.COUNTERPARTY)])
def test_a_plan_endorses_a_counterparty_only_where_it_leaves_no_choice(senders: list[str], label: Label) -> None:
    tools = {"search": replace(SEARCH, output=replace(SEARCH.output, key="id")), "send": SEND}
    monitor = Monitor(tools, shipped(), principal="ann")
    monitor.request({"task": "Please answer yes to the mail about lunch."}, {"task": "trusted"})
    monitor.commit(plan(REPLY, tools, tools))
    monitor.intended("search", {"query": "lunch"}, 1)
    mails = [{"id": str(number), "sender": f"{name}@example.org"} for number, name in enumerate(senders)]
    monitor.record("search", {"query": "lunch"}, mails, at=2, number=2)
    decided = monitor.decide("send", {"to": "eve@example.org", "body": "yes"}, now=3)
    assert decided.labels["to"] is label
