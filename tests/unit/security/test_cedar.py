"""The policies that are shipped, and the engine that decides by them."""

import itertools
from copy import replace
from typing import Any, get_args

import pytest
from cedarpy import PolicySet, policies_to_pst, pst, validate_policies
from hypothesis import given
from hypothesis import strategies as st

from septet.security import cedar
from septet.security.cedar import CedarPolicies
from septet.security.manifests import EFFECTS, ROLES, UNDECLARED
from septet.security.modes import Shadow, shadowed
from septet.security.questions import Outcome, Question, Verdict
from tests.unit.security.questions import SCHEMA, SHIPPED, context, policies, question
from tests.unit.strategies import quick

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""From best to worst."""
EVERYTHING = "permit (principal, action, resource);"
ALLOW, ASK, FORBID = (
    f'@id("allow") {EVERYTHING}',
    f'@id("ask") @outcome("ask") @reason("ask!") {EVERYTHING.replace("permit", "forbid")}',
    f'@id("forbid") @reason("no!") {EVERYTHING.replace("permit", "forbid")}',
)
ENGINE = policies()

# One question for each policy: without the policy the answer is another.
DECIDED: dict[str, tuple[Question, Outcome]] = {
    "read": (question("sensitive-read", labels={"selector": 7}), "allow"),
    "effect-undeclared": (question(UNDECLARED), "deny"),
    "act-as-requested": (question("send", labels={"target": 2}), "allow"),
    "act-on-own-record": (question("financial", labels={"selector": 3}), "allow"),
    "act-unvouched": (question("send", labels={"target": 7}), "ask"),
    "aim-from-outside": (question("destructive", labels={"selector": 6}), "deny"),
    "record-foreign": (question("read", records={"foreign": True}), "deny"),
    "effect-unasked": (question("send", labels={"target": 1}, request={"asked": False}), "ask"),
    "effect-unasked-of-own": (question("commit", labels={"selector": 3}, request={"asked": False}), "ask"),
    "content-unasked-there": (question("send", labels={"target": 1, "attachment": 1}, request={"beside": False}), "ask"),
    "effect-unasked-there": (question("destructive", labels={"selector": 2}, request={"beside": False}), "ask"),
    "effect-in-branch": (question("send", labels={"target": 1}, session={"parted": True}), "ask"),
    "effect-again": (question("financial", labels={"target": 1}, request={"used": True}), "ask"),
    "title-unvouched": (question("write-private", labels={"title": 5}), "ask"),
    "record-unread": (question("financial", labels={"selector": 3}, records={"picked": False}), "deny"),
    "record-ambiguous": (question("write-private", records={"ambiguous": True}), "ask"),
    "amount-invalid": (question("financial", amount={"valid": False}), "deny"),
    "amount-unbounded": (question("financial", amount={"bounded": False}), "deny"),
    "amount-over": (question("financial", amount={"over": True}), "deny"),
    "amount-above-limit": (question("financial", amount={"above_limit": True}), "ask"),
    "amount-unvouched": (question("financial", labels={"amount": 7}), "ask"),
    "content-from-outside": (question("send", labels={"target": 1, "content": 6}, session={"worst": 5}), "ask"),
    "content-in-request": (question("egress-read", labels={"target": 1, "content": 3}), "ask"),
    "date-unvouched": (question("commit", labels={"selector": 1, "date": 7}), "ask"),
    "content-to-anchored": (question("send", labels={"target": 2, "content": 6}), "ask"),
    "content-made-public": (question("publish", labels={"content": 5}), "ask"),
    "content-personal": (question("publish", detections=["email"]), "ask"),
    "content-of-identity": (question("profile", labels={"content": 7}), "ask"),
    "egress-unlisted": (question("egress-read", egress={"allowed": False}), "deny"),
    "secret-in-call": (question("send", secret=True), "ask"),
    "secret-in-session": (question("send", session={"secret": True}, labels={"content": 7}), "ask"),
    "secret-in-numbers": (question("send", session={"secret": True}, labels={"date": 5}), "ask"),
    "plan-departed": (question("read", plan={"committed": True, "member": False}), "deny"),
}


def shipped() -> dict[str, pst.Template]:
    found = [policy for text in SHIPPED.values() for policy in policies_to_pst(text).static_policies.values()]
    return {policy.annotations["id"]: policy for policy in found}


def without(name: str) -> CedarPolicies:
    """The policies that are shipped, but for one."""
    rest = {id_: replace(policy, id=id_) for id_, policy in shipped().items() if id_ != name}
    return CedarPolicies({"the rest": str(PolicySet.from_pst(pst.PolicySet({}, rest, ())))}, SCHEMA)


@pytest.mark.parametrize("name", sorted({*shipped(), *DECIDED}))
def test_each_policy_decides_something_that_no_other_does(name: str) -> None:
    asked, outcome = DECIDED[name]
    found = ENGINE.decide(asked)
    assert (found.outcome, found.policies) == (outcome, (name,))
    assert found.reasons == (shipped()[name].annotations["reason"],)
    left = without(name).decide(asked)
    assert left != found
    # For an undeclared effect the default denies too: what goes is the reason a person reads.
    assert (left.outcome != outcome) == (name != "effect-undeclared")


def test_every_policy_is_marked_names_only_effects_and_fits_the_schema() -> None:
    for policy in shipped().values():
        assert {"id", "outcome", "reason"} <= policy.annotations.keys() <= {"id", "outcome", "reason", "enforced"}
        assert {str(uid.type) for uid in pst.entity_uids(policy)} <= {"Septet::Action"}
    assert validate_policies("\n".join(SHIPPED.values()), SCHEMA)


# What is shipped, as sentences


@pytest.mark.parametrize("effect", ["read", "sensitive-read"])
def test_reads_are_allowed_whatever_chose_them(effect: str) -> None:
    assert ENGINE.decide(question(effect, labels=dict.fromkeys(ROLES, 7), records={"picked": False})).outcome == "allow"


@pytest.mark.parametrize("effect", [effect for effect in EFFECTS if effect not in {"read", "sensitive-read"}])
def test_what_acts_needs_a_target_and_selectors_that_the_request_vouches_for(effect: str) -> None:
    assert ENGINE.decide(question(effect)).outcome == "allow"
    for role in ("target", "selector", "attachment"):
        for rank in range(4, 8):
            asked = question(effect, labels={role: rank})
            assert ENGINE.decide(asked).outcome != "allow", (role, rank)
        assert ENGINE.decide(question(effect, labels={role: 7})).outcome == (
            "deny" if effect in {"credential", "destructive", "publish"} and role != "attachment" else "ask"
        )


@pytest.mark.parametrize("effect", ["send", "membership", "financial", "commit"])
@pytest.mark.parametrize("role", ["target", "selector", "attachment"])
@pytest.mark.parametrize("said", ["content", "title"])
def test_whatever_a_call_aims_at_it_carries_nothing_from_outside_there(effect: str, role: str, said: str) -> None:
    assert ENGINE.decide(question(effect, labels={role: 1, said: 5}, session={"worst": 5})).outcome == "ask"


@pytest.mark.parametrize("effect", ["send", "publish", "membership", "egress-read"])
@pytest.mark.parametrize("role", ["amount", "date", "flag"])
def test_after_a_secret_was_read_a_number_a_date_or_a_choice_is_a_message_too(effect: str, role: str) -> None:
    found = ENGINE.decide(question(effect, labels={role: 5}, session={"secret": True}))
    assert (found.outcome, "secret-in-numbers" in found.policies) == ("ask", True)


def test_words_about_a_payment_on_an_own_record_alone_go_nowhere() -> None:
    said = {"selector": 3, "content": 7}
    own, others = {"own": True}, {"own": False}
    assert ENGINE.decide(question("financial", labels=said, session={"worst": 6}, records=own)).outcome == "allow"
    assert ENGINE.decide(question("financial", labels=said, session={"worst": 6}, records=others)).outcome == "ask"
    assert ENGINE.decide(question("financial", labels={**said, "target": 1}, session={"worst": 6}, records=own)).outcome == "ask"
    assert ENGINE.decide(question("commit", labels=said, session={"worst": 6}, records=own)).outcome == "ask"


@pytest.mark.parametrize("effect", EFFECTS)
def test_somebody_else_s_record_is_denied_to_all(effect: str) -> None:
    assert ENGINE.decide(question(effect, records={"foreign": True, "owned": False})).outcome == "deny"


@pytest.mark.parametrize("effect", ["destructive", "credential", "membership", "publish", "send"])
def test_a_record_of_one_s_own_is_no_reason_to_destroy_or_hand_it_on(effect: str) -> None:
    assert ENGINE.decide(question(effect, labels={"selector": 3})).outcome == "ask"


@pytest.mark.parametrize(("owned", "outcome"), [(True, "allow"), (False, "deny")])
def test_an_unread_id_of_the_request_s_stands_for_itself_only_where_records_have_no_owners(*, owned: bool, outcome: str) -> None:
    assert ENGINE.decide(question("commit", labels={"selector": 1}, records={"picked": False, "owned": owned})).outcome == outcome


def test_what_is_not_declared_is_denied() -> None:
    assert ENGINE.decide(question(UNDECLARED)).outcome == "deny"


@pytest.mark.parametrize("facts", [{"secret": True}, {"session": {"secret": True}, "labels": {"target": 1, "title": 7}}])
@pytest.mark.parametrize("effect", ["send", "publish", "membership", "egress-read", "financial", "commit"])
def test_a_secret_leaves_only_with_a_question(effect: str, facts: dict[str, Any]) -> None:
    assert ENGINE.decide(question(effect, **facts)).outcome == "ask"


# The engine


def test_a_denial_outweighs_a_question_and_a_question_an_allowance() -> None:
    def said(*texts: str) -> Verdict:
        return CedarPolicies({"own": "\n".join(texts)}, SCHEMA).decide(question("read"))

    assert said(ALLOW).outcome == "allow"
    assert said(ALLOW, ASK) == Verdict(outcome="ask", reasons=("ask!",), policies=("ask",))
    assert said(ALLOW, ASK, FORBID) == Verdict(outcome="deny", reasons=("no!",), policies=("forbid",))
    assert said(ALLOW.replace("@id", '@outcome("ask") @id')).outcome == "ask"
    assert said(ALLOW, ALLOW.replace('@id("allow")', '@id("other") @outcome("ask")')).policies == ("allow",)


def test_where_nothing_permits_a_question_cannot_be_put() -> None:
    found = CedarPolicies({"own": ASK}, SCHEMA).decide(question("read"))
    assert (found.outcome, found.reasons) == ("deny", ("no policy permits it",))


def test_a_person_reads_every_reason_to_ask() -> None:
    found = policies().decide(question("send", labels={"target": 7, "content": 7}, secret=True))
    assert found.policies == ("content-to-anchored", "secret-in-call", "act-unvouched")


BROKEN: dict[str, Question] = {
    "an effect that nobody knows": question("read-mostly"),
    "a context without a fact": replace(question("read"), context={key: value for key, value in context().items() if key != "plan"}),
    "a context with a fact too many": question("read", mood="fine"),
    "a number where a truth is to be": question("read", secret=1),
    "a text for a set": question("read", roles="admin"),
    "a rank that is no number": question("read", labels={"target": None}),
    "what is no JSON": question("read", roles=object()),
    "no context": replace(question("read"), context={}),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_cannot_be_decided_is_denied_in_shadow_too(case: str) -> None:
    found = policies(ALLOW).decide(BROKEN[case])
    assert (found.outcome, found.policies, found.binding) == ("deny", (), True)
    assert found.reasons[0].startswith("the policies could not decide")
    assert shadowed(found) == found


def test_a_policy_that_fails_denies_what_the_others_allow() -> None:
    sum_ = '@id("sum") forbid (principal, action, resource) when { context.history.sum + 1 > 5 };'
    assert policies(sum_).decide(question("read", history={"sum": 1})).outcome == "allow"
    found = policies(sum_).decide(question("read", history={"sum": 2**63 - 1}))
    assert (found.outcome, found.binding) == ("deny", True)


def test_the_agent_is_known_with_its_tenant() -> None:
    engine = policies('@id("mine") forbid (principal == Septet::Agent::"clerk", action, resource) when { principal.tenant == "acme" };')
    verdicts = [
        engine.decide(question("read", agent=agent, tenant=tenant)).outcome for agent in ("clerk", "scout") for tenant in ("acme", "b")
    ]
    assert verdicts * 2 == ["deny", "allow", "allow", "allow"] * 2
    again = [engine.decide(question("read", tenant=tenant)).outcome for tenant in ("b", "acme", "b")]
    assert again == ["allow", "deny", "allow"]


WRONG: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    "syntax": ({"x.cedar": "permit (principal"}, {}, "x.cedar: is not Cedar"),
    "no id": ({"x.cedar": EVERYTHING}, {}, "x.cedar: a policy has no @id"),
    "outcome": ({"x.cedar": f'@id("a") @outcome("deny") {EVERYTHING}'}, {}, "the @outcome of a permit is not 'deny'"),
    "id twice": ({"x.cedar": ALLOW, "y.cedar": ALLOW}, {}, "two policies have the @id 'allow'"),
    "slot": ({"x.cedar": '@id("a") permit (principal == ?principal, action, resource);'}, {}, "x.cedar: has a template"),
    "a tenant's permit": ({"x.cedar": FORBID}, {"acme": ALLOW}, "tenants/acme: allow permits"),
    "a tenant's id": ({"x.cedar": FORBID}, {"acme": FORBID}, "two policies have the @id 'forbid'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_decided_by_does_not_load(case: str) -> None:
    sources, tenants, said = WRONG[case]
    with pytest.raises(ValueError, match=said):
        CedarPolicies(sources, SCHEMA, tenants)


# Modes


def test_shadow_says_what_would_be_and_stops_nothing() -> None:
    declared = {"sources": SHIPPED, "schema": SCHEMA, "tenants": {}}
    enforcing, shadow = (cedar.policies({**declared, "mode": mode}) for mode in ("enforce", "shadow"))
    asked, denied = question("send", labels={"target": 7}), question("financial", amount={"over": True})
    assert (enforcing.decide(asked).outcome, enforcing.decide(denied).outcome) == ("ask", "deny")
    assert shadow.decide(asked).reasons == ("shadow: would be asked about: nothing in the request vouches for what it aims at",)
    assert shadow.decide(denied).reasons == ("shadow: would be denied: an amount is above what its record allows",)
    assert {shadow.decide(each).outcome for each in (asked, denied, question("read"))} == {"allow"}
    assert shadow.decide(denied).policies == ("amount-over",)


@pytest.mark.parametrize("name", ["record-foreign", "plan-departed", "effect-undeclared"])
def test_what_is_marked_enforced_holds_in_shadow(name: str) -> None:
    assert Shadow(policies=ENGINE).decide(DECIDED[name][0]).outcome == "deny"


def test_there_is_no_third_mode() -> None:
    with pytest.raises(ValueError, match="there is no mode 'off'"):
        cedar.policies({"sources": SHIPPED, "schema": SCHEMA, "tenants": {}, "mode": "off"})


# Tenants restrict

CONDITIONS = (
    "",
    "when { context.secret }",
    "unless { context.attended }",
    "when { context.labels.target >= 3 }",
    "when { context.history.sum + 1 > 3 }",
)
ACTIONS = ("action", 'action in Septet::Action::"acts"', 'action == Septet::Action::"unknown"', 'action in Septet::Action::"sends_out"')
forbids = st.lists(
    st.tuples(
        st.sampled_from(["", '@outcome("ask")', '@outcome("deny")', "@enforced"]), st.sampled_from(ACTIONS), st.sampled_from(CONDITIONS)
    ),
    min_size=1,
    max_size=3,
).map(
    lambda many: "\n".join(f'@id("own{at}") {said} forbid (principal, {on}, resource) {when};' for at, (said, on, when) in enumerate(many))
)
bases = st.sampled_from([SHIPPED, {"none": ""}, {"ask": ASK}, {"all": ALLOW}, {"asked": f'@id("a") @outcome("ask") {EVERYTHING}'}])
facts = st.fixed_dictionaries(
    {
        "labels": st.dictionaries(st.sampled_from(ROLES), st.integers(0, 7)),
        "secret": st.booleans(),
        "attended": st.booleans(),
        "records": st.dictionaries(st.sampled_from(["picked", "owned", "own", "foreign", "ambiguous"]), st.booleans()),
        "amount": st.dictionaries(st.sampled_from(["valid", "bounded", "over", "above_limit"]), st.booleans()),
        "history": st.fixed_dictionaries({"sum": st.sampled_from([0, 9, 2**63 - 1])}),
    }
)


@quick
@given(own=forbids, base=bases, effect=st.sampled_from([*EFFECTS, UNDECLARED]), known=facts)
def test_a_tenant_s_own_policies_never_make_an_outcome_better(own: str, base: dict[str, str], effect: str, known: dict[str, Any]) -> None:
    engine = CedarPolicies(base, SCHEMA, {"acme": own})
    others, theirs = (engine.decide(question(effect, tenant=tenant, **known)) for tenant in ("other", "acme"))
    assert OUTCOMES.index(theirs.outcome) >= OUTCOMES.index(others.outcome)


@quick
@given(known=facts, effect=st.sampled_from(EFFECTS))
def test_worse_labels_never_make_an_outcome_better(known: dict[str, Any], effect: str) -> None:
    asked = question(effect, **known)
    for role, rank in itertools.product(ROLES, (3, 5, 7)):
        worse = question(effect, **{**known, "labels": {**known["labels"], role: max(rank, known["labels"].get(role, 0))}})
        assert OUTCOMES.index(ENGINE.decide(worse).outcome) >= OUTCOMES.index(ENGINE.decide(asked).outcome), (role, rank)


def test_a_tenant_s_own_policies_are_nobody_else_s() -> None:
    engine = policies(tenants={"acme": FORBID})
    assert [engine.decide(question("read", tenant=tenant)).outcome for tenant in ("acme", "acm", "", "b")] == [
        "deny",
        "allow",
        "allow",
        "allow",
    ]
