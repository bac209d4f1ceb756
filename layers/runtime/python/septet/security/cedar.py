"""Policies in Cedar: the deployment's, parsed once, and each tenant's own, which only restrict."""

import json
from collections.abc import Callable, Iterable, Mapping
from copy import replace
from functools import lru_cache
from typing import Any

from cedarpy import Decision, Entities, PolicySet, Schema, is_authorized, pst

from septet.core.frozen import frozen
from septet.security.modes import ENFORCE, SHADOW, Shadow
from septet.security.questions import Outcome, Policies, Question, Verdict

OUTCOMES: Mapping[str, tuple[Outcome, ...]] = {"permit": ("allow", "ask"), "forbid": ("deny", "ask")}
"""What ``@outcome`` may say, by a policy's effect; the first is meant where it says nothing."""
KEPT = 256
"""Agents, each with its tenant, whose entities are kept between calls."""
VERDICTS = 1024
"""Questions whose answers are kept: a verdict is a function of the whole question, tenant and all."""


@frozen
class Rule:
    """A policy, as far as it is not Cedar's own business."""

    name: str
    """Its ``@id``."""
    outcome: Outcome
    reason: str
    enforced: bool
    """Whether it is marked ``@enforced``: it holds in shadow mode as well."""


@frozen
class _Rules:
    """Policies to decide by."""

    rules: Mapping[str, Rule]
    """In the order in which they are told."""
    every: PolicySet
    permits: PolicySet
    """Those that permit: Cedar does not say which of them matched where a forbid matched."""


class CedarPolicies:
    """Whatever a policy cannot decide is denied.

    A matching forbid denies, unless its ``@outcome`` is ``ask``. Then a call that some permit matches is asked about; one that none
    matches is denied, whatever else matched. A matching permit allows, unless its ``@outcome`` is ``ask`` and no other allows.
    """

    def __init__(self, sources: Mapping[str, str], schema: str, tenants: Mapping[str, str] | None = None) -> None:
        """*sources* are texts of policies by file, *tenants* each tenant's own, which may only forbid.

        Raises ValueError, naming the file, for a text that is not Cedar, a policy without an ``@id`` or with another's, an ``@outcome``
        that its effect does not have, a template, and a tenant's permit.
        """
        self._schema = Schema.from_str(schema)
        shared = [policy for name, text in sources.items() for policy in _parsed(name, text)]
        self._shared = _rules(shared)
        forbids = {tenant: _forbids(tenant, text) for tenant, text in (tenants or {}).items()}
        self._own = {tenant: _rules([*shared, *found]) for tenant, found in forbids.items()}
        self._forbids = {tenant: _rules(found) for tenant, found in forbids.items()}
        self._actions = Entities.from_json_str("[]", self._schema)
        self._entities: Callable[[str, str], Entities] = lru_cache(maxsize=KEPT)(self._made)
        self._verdict: Callable[[str, str, str, str, str], Verdict] = lru_cache(maxsize=VERDICTS)(self._decided)

    def decide(self, question: Question) -> Verdict:
        """What the policies say. Never raises: what goes wrong denies."""
        try:
            context = json.dumps(question.context, default=sorted)  # sets become lists
            return self._verdict(question.agent, question.tenant, question.tool, question.effect, context)
        except Exception as error:  # noqa: BLE001 -- nothing that goes wrong in here may let a call through
            return _failed(f"{type(error).__name__}: {error}")

    def own(self, question: Question) -> Verdict:
        """What the tenant's own policies say by themselves. One that would ask denies: there is nobody to ask. Never raises."""
        rules = self._forbids.get(question.tenant)
        if rules is None:
            return Verdict(outcome="allow")
        try:
            request = _request(question.agent, question.tool, question.effect, json.dumps(question.context, default=sorted))
            forbidden, matched = self._matched(request, rules, rules.every, self._entities(question.agent, question.tenant))
        except Exception as error:  # noqa: BLE001 -- nothing that goes wrong in here may let a call through
            return _failed(f"{type(error).__name__}: {error}")
        told = {"reasons": tuple(rule.reason for rule in matched), "policies": tuple(rule.name for rule in matched)}
        return Verdict(outcome="deny" if forbidden else "allow", **told, binding=any(rule.enforced for rule in matched))

    def _decided(self, agent: str, tenant: str, tool: str, effect: str, context: str) -> Verdict:
        rules = self._own.get(tenant, self._shared)
        request = _request(agent, tool, effect, context)
        entities = self._entities(agent, tenant)
        forbidden, matched = self._matched(request, rules, rules.every, entities)
        if forbidden and all(rule.outcome == "ask" for rule in matched):
            _, permits = self._matched(request, rules, rules.permits, entities)
            return _asked(matched, permits)
        return _told("deny" if forbidden else _best(matched), matched)

    def _matched(self, request: dict[str, Any], rules: _Rules, policies: PolicySet, entities: Entities) -> tuple[bool, list[Rule]]:
        """Whether a forbid of *policies* matched, and which did: the forbids if any, else the permits. Raises ValueError for any error."""
        found = is_authorized(request, policies, entities, self._schema)
        said = found.diagnostics
        if said.errors or found.decision is Decision.NoDecision:
            raise ValueError("; ".join(said.errors) or "no decision")
        names = set(said.reasons)
        return not found.allowed and bool(names), [rule for name, rule in rules.rules.items() if name in names]

    def _made(self, agent: str, tenant: str) -> Entities:
        entity = {"uid": {"type": "Septet::Agent", "id": agent}, "attrs": {"tenant": tenant}, "parents": []}
        return self._actions.with_added_json_str(json.dumps([entity]), self._schema)


def _request(agent: str, tool: str, effect: str, context: str) -> dict[str, Any]:
    """What Cedar is asked."""
    return {
        "principal": {"type": "Septet::Agent", "id": agent},
        "action": {"type": "Septet::Action", "id": effect},
        "resource": {"type": "Septet::Tool", "id": tool},
        "context": context,
    }


def policies(declared: Mapping[str, Any]) -> Policies:
    """What to decide by, as the synth wrote it (``policies.json``). Raises KeyError for what is missing, ValueError for what is wrong."""
    found = CedarPolicies(declared["sources"], declared["schema"], declared["tenants"])
    if declared["mode"] not in {ENFORCE, SHADOW}:
        raise ValueError(f"there is no mode {declared['mode']!r}")
    return Shadow(policies=found) if declared["mode"] == SHADOW else found


def _best(permits: Iterable[Rule]) -> Outcome:
    """What matching permits say; without any, a denial."""
    outcomes = {rule.outcome for rule in permits}
    return "allow" if "allow" in outcomes else "ask" if outcomes else "deny"


def _asked(forbids: list[Rule], permits: list[Rule]) -> Verdict:
    """A question by *forbids*, if there is anything that permits what is asked about."""
    if not permits:
        return _told("deny", [])
    return _told("ask", [*forbids, *(permits if _best(permits) == "ask" else [])])


def _told(outcome: Outcome, matched: list[Rule]) -> Verdict:
    """The verdict, with the policies among *matched* that decided it."""
    deciding = [rule for rule in matched if rule.outcome == outcome]
    return Verdict(
        outcome=outcome,
        reasons=tuple(rule.reason for rule in deciding) or ("no policy permits it",),
        policies=tuple(rule.name for rule in deciding),
        binding=any(rule.enforced for rule in deciding),
    )


def _failed(message: str) -> Verdict:
    return Verdict(outcome="deny", reasons=(f"the policies could not decide, so it is denied: {message[:300]}",), binding=True)


def _parsed(name: str, text: str) -> list[pst.Template]:
    """The policies of *text*. Raises ValueError naming the file."""
    try:
        found = PolicySet.from_str(text).to_pst()
    except ValueError as error:
        raise ValueError(f"{name}: is not Cedar: {error}") from error
    if found.templates:
        raise ValueError(f"{name}: has a template, which decides nothing")
    for policy in found.static_policies.values():
        if not policy.annotations.get("id"):
            raise ValueError(f"{name}: a policy has no @id")
        if policy.annotations.get("outcome") not in {None, *OUTCOMES[policy.effect]}:
            raise ValueError(
                f"{name}: {policy.annotations['id']}: the @outcome of a {policy.effect} is not {policy.annotations['outcome']!r}"
            )
    return list(found.static_policies.values())


def _forbids(tenant: str, text: str) -> list[pst.Template]:
    """A tenant's own policies. Raises ValueError for one that permits."""
    name = f"tenants/{tenant}"
    found = _parsed(name, text)
    for policy in found:
        if policy.effect != "forbid":
            raise ValueError(f"{name}: {policy.annotations['id']} permits: a tenant's own policies only forbid")
    return found


def _rules(policies: Iterable[pst.Template]) -> _Rules:
    """*policies* as a set in which each goes by its ``@id``. Raises ValueError for an id that is there twice."""
    by_name: dict[str, pst.Template] = {}
    for policy in policies:
        name = policy.annotations["id"]
        if name in by_name:
            raise ValueError(f"two policies have the @id {name!r}")
        by_name[name] = replace(policy, id=name)
    return _Rules(
        rules={name: _rule(name, policy) for name, policy in by_name.items()},
        every=_set(by_name),
        permits=_set({name: policy for name, policy in by_name.items() if policy.effect == "permit"}),
    )


def _rule(name: str, policy: pst.Template) -> Rule:
    said = policy.annotations
    outcome: Outcome = "ask" if said.get("outcome") == "ask" else OUTCOMES[policy.effect][0]
    return Rule(name=name, outcome=outcome, reason=said.get("reason") or name, enforced="enforced" in said)


def _set(policies: Mapping[str, pst.Template]) -> PolicySet:
    return PolicySet.from_pst(pst.PolicySet(templates={}, static_policies=policies, template_links=()))
