"""What a decision costs: a call's labels, the question and Cedar's answer, beside Cedar alone."""

import gc
import itertools
import json
import time
from collections.abc import Callable, Mapping
from copy import replace
from typing import Any

from cedarpy import Entities, PolicySet, Schema, is_authorized

from septet.security.cedar import CedarPolicies
from septet.security.manifests import Manifest, manifest
from septet.security.monitor import Monitor
from septet.security.questions import Policies, Question, Verdict
from tests.bench.counting import ROOT
from tests.bench.sheet import Sheet

POLICIES = 50
RECORDS = 40
VALUES = 200
"""Values that the session has read: five of each record."""
TIMES = 3_000
GOAL = 1.0
"""Milliseconds of processor time."""
NOW = 1_780_000_000_000
FIELDS = ("number", "account", "address", "name", "words")
_READER: Mapping[str, Any] = {
    "effect": "sensitive-read",
    "repeat": "none",
    "output": {
        "kind": "order",
        "key": "number",
        "fields": {
            "number": {"label": "record"},
            "account": {"label": "record", "kind": "iban"},
            "address": {"label": "record", "kind": "email"},
            "name": {"label": "counterparty"},
        },
    },
}
_PAYER: Mapping[str, Any] = {
    "effect": "financial",
    "repeat": "once",
    "identity": ["order", "account", "amount"],
    "arguments": {
        "order": {"role": "selector", "kind": "order"},
        "account": {"role": "target", "kind": "iban"},
        "amount": {"role": "amount", "kind": "money"},
        "words": {"role": "content"},
    },
}
REQUEST = "Please pay 40 for order K-1007 to whom it names, and say 'with thanks'."
CALL: Mapping[str, Any] = {"order": "K-1007", "account": "DE00370400440532010007", "amount": 40, "words": "with thanks"}


class Anew:
    """Policies that are never asked the same twice, so that none of their answers is one that was kept."""

    def __init__(self, policies: Policies) -> None:
        self.policies = policies
        self.question: Question | None = None
        """The last one."""
        self._asked = itertools.count()

    def decide(self, question: Question) -> Verdict:
        """What the policies say."""
        self.question = replace(question, tool=f"{question.tool}-{next(self._asked)}")
        return self.policies.decide(self.question)

    def own(self, question: Question) -> Verdict:
        """What the tenant's own say."""
        return self.policies.own(question)


def measure(say: Callable[[str], None]) -> Sheet:
    """Decide on the same call again and again, and let Cedar answer the same question alone."""
    sources, schema = _policies()
    rules = CedarPolicies(sources, schema)
    anew = Anew(rules)
    monitor, again = _monitor(anew), _monitor(rules)
    outcome = monitor.decide("pay", CALL, now=NOW).outcome
    question = anew.question
    assert question is not None
    assert outcome == "allow", outcome
    sheet = Sheet(
        title="A decision",
        about=f"One call of four arguments in a run that has read {VALUES} values; {POLICIES} policies, parsed once; {TIMES:,} times each.",
        head=("", "ms of processor time, median", "99 of 100", "of bare cedarpy", "goal"),
    )
    bare = _bare(question, sources, schema)
    floor = 0.0
    parts: dict[str, tuple[Callable[[], object], str]] = {
        "bare cedarpy": (bare, ""),
        "the policies' port": (lambda: anew.decide(question), ""),
        "a decision with labels": (lambda: monitor.decide("pay", CALL, now=NOW), f"{GOAL:.0f}"),
        "the same question again": (lambda: again.decide("pay", CALL, now=NOW), ""),
    }
    for name, (work, goal) in parts.items():
        say(name)
        median, late = milliseconds(work)
        floor = floor or median
        said = f"{goal}, missed" if goal and median > float(goal) else goal
        sheet.rows.append((name, f"{median:.2f}", f"{late:.2f}", f"{median / floor:.2f}", said))
    return sheet


def milliseconds(work: Callable[[], object]) -> tuple[float, float]:
    """Processor time of one call: the median, and what 99 of 100 stay within."""
    for _ in range(100):
        work()
    taken = []
    gc.collect()
    for _ in range(TIMES):
        began = time.thread_time_ns()
        work()
        taken.append(time.thread_time_ns() - began)
    taken.sort()
    return taken[TIMES // 2] / 1e6, taken[TIMES * 99 // 100] / 1e6


def _policies() -> tuple[dict[str, str], str]:
    """The product's own, and as many more as a tenant might have."""
    folder = ROOT / "policies"
    sources = {path.name: path.read_text() for path in sorted(folder.glob("*.cedar"))}
    own = sum(text.count("@id(") for text in sources.values())
    more = (
        f'@id("more-{number}") @outcome("deny") @reason("not at {number}") forbid (principal, action in Septet::Action::"acts", resource) '
        f"when {{ context.history.calls > {1000 + number} && context.labels.content >= 5 }};"
        for number in range(POLICIES - own)
    )
    return {**sources, "more.cedar": "\n".join(more)}, (folder / "schema.cedarschema").read_text()


def _monitor(rules: Policies) -> Monitor:
    tools: dict[str, Manifest] = {"read_orders": manifest("read_orders", _READER), "pay": manifest("pay", _PAYER)}
    made = Monitor(tools, rules, agent="bench", tenant="acme", principal="user", attended=True)
    made.request({"request": REQUEST}, {"request": "trusted"})
    made.record("read_orders", {}, [_order(number) for number in range(RECORDS)], at=NOW, number=1)
    return made


def _order(number: int) -> dict[str, str]:
    values = (
        f"K-{1000 + number}",
        f"DE0037040044053201{number:04}",
        f"buyer{number}@north.example",
        f"Buyer {number}",
        f"Order of {number}.",
    )
    return dict(zip(FIELDS, values, strict=True))


def _bare(question: Question, sources: Mapping[str, str], schema: str) -> Callable[[], object]:
    policies, parsed = PolicySet.from_str("\n".join(sources.values())), Schema.from_str(schema)
    agent = {"uid": {"type": "Septet::Agent", "id": question.agent}, "attrs": {"tenant": question.tenant}, "parents": []}
    entities = Entities.from_json_str("[]", parsed).with_added_json_str(json.dumps([agent]), parsed)
    request = {
        "principal": {"type": "Septet::Agent", "id": question.agent},
        "action": {"type": "Septet::Action", "id": question.effect},
        "resource": {"type": "Septet::Tool", "id": question.tool},
        "context": json.dumps(question.context, default=sorted),
    }
    return lambda: is_authorized(request, policies, entities, parsed)
