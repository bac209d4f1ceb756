from dataclasses import replace
from typing import Any

from septet.aws.runs import DynamoRuns
from septet.core.runs import Run

RUN = Run(
    tenant="acme", run="run-1", workflow="support", submitter="ann", roles=("admin", "submitter"), attended=False, digest="d", created_at=7
)


class Table:
    """A double of the client: one table, one run."""

    class exceptions:  # noqa: N801 -- boto3's name for it
        class ConditionalCheckFailedException(Exception):  # noqa: N818 -- boto3's name for it
            pass

    def put_item(self, **asked: Any) -> None:
        self.item = asked["Item"]

    def get_item(self, **_: Any) -> Any:
        return {"Item": self.item}


def test_a_record_keeps_whose_roles_it_was_submitted_with() -> None:
    table = Table()
    runs = DynamoRuns(table, "runs")
    runs.create(RUN)
    assert runs.get("acme", "run-1") == RUN


def test_the_present_attempt_of_a_record_from_before_claims_were_noted_counts_as_claimed() -> None:
    table = Table()
    runs = DynamoRuns(table, "runs")
    runs.create(replace(RUN, attempt=2))
    assert not admitted(runs)
    del table.item["claimed"]
    assert admitted(runs)


def test_a_record_from_before_there_were_roles_was_submitted_with_none_and_attended() -> None:
    table = Table()
    runs = DynamoRuns(table, "runs")
    runs.create(RUN)
    del table.item["roles"], table.item["attended"]
    found = runs.get("acme", "run-1")
    assert found
    assert (found.roles, found.attended) == ((), True)


def admitted(runs: DynamoRuns) -> bool:
    found = runs.get("acme", "run-1")
    return found is not None and found.admitted
