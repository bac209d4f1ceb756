"""A run whose agent never survives ends all the same, and its money is accounted for."""

import uuid
from dataclasses import replace

from septet.aws.accounts import key
from septet.core.entries import ModelFailed
from septet.core.journal import verify
from septet.core.ledger import of_branch, of_run
from tests.desk import Desk
from tests.faults import books
from tests.faults.boundaries import Faults, Kill
from tests.faults.cases import GENERAL
from tests.faults.trial import attempt, run_id, submit


def test_a_run_whose_generalist_always_dies_is_answered_by_the_prepared_text_and_the_sweeper_settles_its_books(desk: Desk) -> None:
    GENERAL.play(desk.twin.doubles)
    noted = attempt(desk.twin, GENERAL)
    asks = next(one for one in noted.crossed if one.who == "generalist" and one.asks_model)
    name = uuid.uuid4().hex
    run = run_id(desk, GENERAL, name)
    faults = Faults(endpoint=desk.twin.endpoint)
    faults.plan(run, kill=Kill(at=replace(asks, occurrence=0), side="after", times=100))
    submit(desk, GENERAL, name)
    ended = desk.ended(run, seconds=150)
    assert (ended["status"], ended["degraded"], ended["failure"]["class"]) == ("succeeded", True, "Lost")
    left = books.read(desk, of_branch(run))
    assert left is not None
    if not left.closed:  # the sweeper comes every five minutes by itself, and may have been here
        assert left.reserved > 0, "the last call was sent, and nobody has said what became of it"
        _lapse(desk, run)
    answer = desk.twin.client("lambda").invoke(FunctionName="septet-twin-step-sweep_accounts:live")
    assert "FunctionError" not in answer
    assert books.wrong(desk, run) == []
    entries = desk.journal(run)
    assert verify(entries) == []
    lost = [entry for entry in entries if isinstance(entry.body, ModelFailed)]
    assert len(lost) == faults.crossed(run).kills > 1, "one for each attempt that came to its call"
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
