"""A tenant that switched content on: what was said is in its spans, redacted, and nowhere else; another tenant's is not; erased is gone.

The switch is a file that a deployment brings to two functions. Here one of them, with the switch on, replays what the other has told.
"""

import json
import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from septet.aws.replays import DynamoReplays
from septet.core.replays import LAST, Replay
from septet.observability.places import Place
from septet.observability.tracing.content import ARGUMENTS, ATTRIBUTES
from tests.copies import copied
from tests.desk import Desk, plain, until
from tests.scenarios.test_canaries import ALL, CANARIES, WORD, checkpoint, hidden, nothing, record, said, stored, tell_an_order
from tests.traces import Spans, collected, faults

pytestmark = [
    pytest.mark.own_twin("it has a function of its own, and a collector that is a double and shows what it has"),
    pytest.mark.timeout(300),
]
SCENARIO = {
    "scenario": "content",
    "when": {"contains": "this run is shown"},
    "agents": {
        "triage": [said("answer", skill="refunds", confidence=95, why=WORD)],
        "refunds": [
            said("find_order", order_id="A-1002"),
            said("issue_refund", order_id="A-1002", amount_cents=12900, reason=f"{WORD} {ALL}"),
            said("answer", decision="paid", order_id="A-1002", amount_cents=12900, summary=f"{WORD} {ALL}"),
        ],
        "writer": [{"text": f"Hello! {WORD} {ALL}"}],
    },
}


@pytest.fixture(scope="module")
def desks(twin: Any) -> Iterator[tuple[Desk, Desk]]:
    """A tenant that will have content in its spans, and one that will not."""
    url = f"{twin.doubles}/scenarios/content"
    assert plain().put(url, content=json.dumps(SCENARIO)).is_success
    with Desk(twin=twin) as shown, Desk(twin=twin) as other:
        yield shown, other
    plain().delete(url)


@pytest.fixture(scope="module")
def shows(desks: tuple[Desk, Desk]) -> Iterator[str]:
    """The function that replays, with the first tenant's switch on; gone at the end."""
    shown, _ = desks
    functions, prefix = shown.twin.client("lambda"), shown.twin.prefix
    name = f"{prefix}-step-replay-for-content"
    copied(functions, f"{prefix}-step-replay", name=name, file="traces.json", change=lambda _: {"content": [shown.tenant]})
    yield name
    functions.delete_function(FunctionName=name)


@pytest.fixture(scope="module")
def played(desks: tuple[Desk, Desk]) -> dict[str, str]:
    """Each tenant's run with an approval, ended and projected."""
    found = {}
    for desk in desks:
        tell_an_order(desk)
        run = found[desk.tenant] = desk.start(f"this run is shown {WORD} {ALL}")
        assert desk.decide(desk.asked(run)["id"], "approve", reason=f"{WORD} {ALL}").status_code == 200
        assert desk.ended(run)["status"] == "succeeded"
        until(partial(checkpoint, desk, run, "*"), seconds=150, what=f"the end of {run} projected")
    return found


def spans(desk: Desk, run: str) -> Spans:
    return collected(desk.twin.doubles, Place(run=record(desk, run)).context.trace)


def replayed(desk: Desk, run: str, by: str) -> None:
    """Have the function *by* replay the run; nobody else is told of the order."""
    replays = DynamoReplays(desk.twin.client("dynamodb"), f"{desk.twin.prefix}-replays", pause=lambda _: None)
    name, now = f"rpl-{uuid.uuid4().hex}", record(desk, run).created_at + 1
    replays.create(
        Replay(tenant=desk.tenant, replay=name, by="olga", at=now, of=desk.tenant, run=run, before=(now, LAST)), replays.going(desk.tenant)
    )
    message = {"body": json.dumps({"tenant": desk.tenant, "replay": name}), "attributes": {"ApproximateReceiveCount": "1"}}
    answer = desk.twin.client("lambda").invoke(FunctionName=by, Payload=json.dumps({"Records": [message]}))
    assert "FunctionError" not in answer, answer["Payload"].read()
    done = replays.get(desk.tenant, name)
    assert done
    assert (done.status, done.done, done.failed) == ("finished", 1, 0)


def contents(found: Spans) -> list[tuple[str, str, str]]:
    """What is said in spans: the span's name, the attribute's, and the words."""
    return [(one["name"], name, one["attributes"][name]) for one in found.values() for name in ATTRIBUTES if name in one["attributes"]]


def test_what_was_said_is_in_the_tenants_spans_redacted_and_another_tenants_is_not(
    desks: tuple[Desk, Desk], played: dict[str, str], shows: str
) -> None:
    before = {desk.tenant: spans(desk, played[desk.tenant]) for desk in desks}
    assert all(found and contents(found) == [] and nothing(json.dumps(found)) for found in before.values())
    for desk in desks:
        replayed(desk, played[desk.tenant], shows)
    shown, other = desks
    assert contents(spans(other, played[other.tenant])) == []
    assert nothing(json.dumps(spans(other, played[other.tenant])))

    found = spans(shown, played[shown.tenant])
    assert found.keys() == before[shown.tenant].keys(), "the same spans"
    assert faults(found, caller=Place(run=record(shown, played[shown.tenant])).context.span) == []
    assert hidden(json.dumps(found, ensure_ascii=False)) == []
    told = contents(found)
    assert {attribute for _, attribute, _ in told} == set(ATTRIBUTES)
    assert any("this run is shown" in text for name, _, text in told if name == "invoke_workflow support")
    assert any("Hello!" in text for name, attribute, text in told if name.startswith("chat ") and attribute == "gen_ai.output.messages")
    arguments = [json.loads(text) for name, attribute, text in told if (name, attribute) == ("execute_tool issue_refund", ARGUMENTS)]
    assert [one["order_id"] for one in arguments] == ["A-1002"]
    spoken = [text for _, _, text in told if WORD in text]
    assert len(spoken) >= 5
    assert all(f"[{kind}]" in "".join(spoken) for kind in CANARIES), "what stands where they were"
    elsewhere = [{name: value for name, value in one.items() if name != "attributes"} for one in found.values()]
    assert nothing(json.dumps(elsewhere))
    for table in ("costs", "summaries"):
        assert nothing(json.dumps(stored(shown, table), default=str))


def test_what_was_erased_is_in_no_span_that_is_sent_after(desks: tuple[Desk, Desk], played: dict[str, str], shows: str) -> None:
    desk, _ = desks
    run = played[desk.tenant]
    replayed(desk, run, shows)
    before = spans(desk, run)
    assert WORD in json.dumps(before)
    erased = desk.http.post("/v1/audit/erasures", json={"of": "run", "subject": run}, headers=desk.token("root", "admin"))
    assert erased.json()["erased"] == [run], erased.text
    replayed(desk, run, shows)
    again = [one for name, one in spans(desk, run).items() if name not in before or one["deliveries"] > before[name]["deliveries"]]
    assert "invoke_workflow support" in {one["name"] for one in again}
    assert nothing(json.dumps(again)), "what the collector has from before is its own matter"
