"""A run that no executor survives ends all the same, and its money is accounted for."""

import uuid
from dataclasses import replace

from septet.aws.accounts import key
from septet.core.entries import ModelFailed
from septet.core.journal import verify
from septet.core.ledger import of_branch, of_run
from tests.desk import Desk
from tests.faults import books
from tests.faults.boundaries import Faults, Kill
from tests.faults.cases import REFUND
from tests.faults.trial import attempt, run_id, submit


def test_a_run_whose_agent_always_dies_fails_and_the_sweeper_settles_its_books(desk: Desk) -> None:
    REFUND.play(desk.twin.doubles)
    noted = attempt(desk.twin, REFUND)
    asks = next(one for one in noted.crossed if one.who == "triage" and one.asks_model)
    name = uuid.uuid4().hex
    run = run_id(desk, REFUND, name)
    Faults(endpoint=desk.twin.endpoint).plan(run, kill=Kill(at=replace(asks, occurrence=0), side="after", times=100))
    submit(desk, REFUND, name)
    assert desk.ended(run, seconds=150)["status"] == "failed"
    left = books.read(desk, of_branch(run))
    assert left is not None
    assert left.reserved > 0, "the last call was sent, and nobody has said what became of it"

    _lapse(desk, run)
    answer = desk.twin.client("lambda").invoke(FunctionName="septet-twin-step-sweep_accounts:live")
    assert "FunctionError" not in answer
    assert books.wrong(desk, run) == []
    entries = desk.journal(run)
    assert verify(entries) == []
    lost = [entry for entry in entries if isinstance(entry.body, ModelFailed)]
    assert len(lost) == 4, "one for each attempt that Step Functions makes"
    assert all(entry.cost for entry in lost), "what may have been sent is charged"


def _lapse(desk: Desk, run: str) -> None:
    """Let the time be over until which somebody may have worked on the run."""
    for name in (of_branch(run), of_run(run)):
        desk.twin.client("dynamodb").update_item(
            TableName="septet-twin-accounts",
            Key=key(desk.tenant, name),
            UpdateExpression="SET #until = :past",
            ConditionExpression="attribute_exists(#until)",
            ExpressionAttributeNames={"#until": "until"},
            ExpressionAttributeValues={":past": {"N": "1"}},
        )
