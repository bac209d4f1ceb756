"""What DynamoDB may answer to an intent, where the emulator never does: conflicts, lost answers, conditions that fail together."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from septet.aws.conflicts import ATTEMPTS, insist
from septet.aws.effects import DynamoEffects
from septet.aws.items import item
from septet.core.errors import InputRejected, RunStopped, StoreUnavailable
from septet.core.journal import Branch
from septet.security.effects import Effect

BRANCH = Branch(tenant="acme", run="run-1")
EFFECT = Effect(tenant="acme", run="run-1", key="k", tool="send", status="intended", deadline=100, by="me")
NO = {"Code": "None"}
BUSY = {"Code": "TransactionConflict"}
THROTTLED = {"Code": "ThrottlingError"}


def stands(by: str = "other", status: str = "intended", **more: Any) -> dict[str, Any]:
    """The intent's condition failed: this record is there."""
    held = {"pk": "acme#run-1", "effect": "k", "tool": "send", "status": status, "deadline": 100, "by": by, **more}
    return {"Code": "ConditionalCheckFailed", "Item": item(held)}


def account(**more: Any) -> dict[str, Any]:
    """The account's condition failed: this is it."""
    amounts = dict.fromkeys(("limit", "spent", "reserved", "available"), 0)
    return {"Code": "ConditionalCheckFailed", "Item": item({"account": "acme#branch/run-1/main", **amounts, **more})}


STOPPED = account(stopped="boss")
NO_ACCOUNT = {"Code": "ConditionalCheckFailed"}


def cancelled(*reasons: dict[str, Any]) -> ClientError:
    error = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": list(reasons)}
    return ClientError(error, "TransactWriteItems")  # type: ignore[arg-type]  # the stubs leave out the reasons


def failed(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "UpdateItem")


class Table:
    """A DynamoDB client that answers as its lines say, the last again and again; None is success."""

    class exceptions:  # noqa: N801 -- boto3's name
        class ConditionalCheckFailedException(ClientError):  # noqa: N818 -- boto3's name
            """As boto3 makes it."""

    def __init__(self, *lines: ClientError | None) -> None:
        self.lines = list(lines)
        self.asked: list[dict[str, Any]] = []

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        line = self.lines.pop(0) if len(self.lines) > 1 else self.lines[0]
        if line:
            raise line
        return {}

    update_item = transact_write_items


def effects(table: Table, pauses: list[int] | None = None) -> DynamoEffects:
    pause = pauses.append if pauses is not None else (lambda _: None)
    return DynamoEffects(table, "effects", accounts="accounts", bodies=None, pause=pause)  # type: ignore[arg-type]  # nothing is large


def intend(*lines: ClientError | None) -> Effect | None:
    return effects(Table(*lines)).intend(BRANCH, EFFECT)


def test_an_intent_and_the_check_of_its_branch_s_account_are_one_write() -> None:
    table = Table(None)
    assert effects(table).intend(BRANCH, EFFECT) is None
    put, check = table.asked[0]["TransactItems"]
    assert put["Put"]["Item"]["by"] == {"S": "me"}
    assert check["ConditionCheck"]["TableName"] == "accounts"
    assert check["ConditionCheck"]["Key"] == {"account": {"S": "acme#branch/run-1/main"}}


class TestReasons:
    def test_another_s_intent_stands_in_the_way(self) -> None:
        standing = intend(cancelled(stands(), NO))
        assert standing
        assert (standing.by, standing.status) == ("other", "intended")

    @pytest.mark.parametrize("beside", [NO, BUSY, STOPPED])
    def test_its_own_is_recognised(self, beside: dict[str, Any]) -> None:
        """The answer was lost, and it was asked once more later than the service remembers a token."""
        assert intend(cancelled(stands("me"), beside)) is None

    @pytest.mark.parametrize("beside", [NO, BUSY, STOPPED])
    def test_what_has_happened_is_told_also_after_a_stop(self, beside: dict[str, Any]) -> None:
        standing = intend(cancelled(stands(status="done", value="7"), beside))
        assert standing
        assert (standing.status, standing.value) == ("done", 7)

    @pytest.mark.parametrize("beside", [NO, BUSY, stands()])
    def test_a_stop_wins_over_anything_undecided(self, beside: dict[str, Any]) -> None:
        with pytest.raises(RunStopped, match="boss"):
            intend(cancelled(beside, STOPPED))

    def test_an_ended_run_is_stopped(self) -> None:
        with pytest.raises(RunStopped, match="ended"):
            intend(cancelled(NO, account(ended=True)))

    def test_no_account_is_no_permission(self) -> None:
        with pytest.raises(InputRejected, match="no account"):
            intend(cancelled(NO, NO_ACCOUNT))


class TestConflicts:
    @pytest.mark.parametrize("reasons", [(BUSY, NO), (NO, BUSY), (BUSY, BUSY), (THROTTLED, NO)])
    def test_a_conflict_decides_nothing_and_is_tried_again_as_the_same_request(self, reasons: tuple[dict[str, Any], ...]) -> None:
        table, pauses = Table(cancelled(*reasons), cancelled(*reasons), None), list[int]()
        assert effects(table, pauses).intend(BRANCH, EFFECT) is None
        assert len(table.asked) == 3
        assert len({request["ClientRequestToken"] for request in table.asked}) == 1
        assert len(pauses) == 2

    def test_another_intent_is_another_request(self) -> None:
        """With the token of a former one, an intent that was released since would not be written, and seem to be."""
        table = Table(None)
        for _ in range(2):
            effects(table).intend(BRANCH, EFFECT)
        assert len({request["ClientRequestToken"] for request in table.asked}) == 2

    def test_it_is_not_tried_for_ever(self) -> None:
        table, pauses = Table(cancelled(BUSY, NO)), list[int]()
        with pytest.raises(StoreUnavailable):
            effects(table, pauses).intend(BRANCH, EFFECT)
        assert len(table.asked) == ATTEMPTS
        assert sum(pauses) < 20 * 2**ATTEMPTS

    def test_a_transaction_that_is_wrong_is_not_tried_again(self) -> None:
        table = Table(cancelled({"Code": "ValidationError"}, NO))
        with pytest.raises(StoreUnavailable):
            effects(table).intend(BRANCH, EFFECT)
        assert len(table.asked) == 1

    @pytest.mark.parametrize("write", [lambda table: table.done(EFFECT, 7), lambda table: table.release(EFFECT)])
    def test_a_result_and_a_release_meet_transactions_too(self, write: Callable[[DynamoEffects], None]) -> None:
        table = Table(failed("TransactionConflictException"), None)
        write(effects(table))
        assert len(table.asked) == 2

    def test_what_comes_of_it_in_the_end_is_returned(self) -> None:
        ends = iter([failed("TransactionConflictException"), None])

        def write() -> str:
            if error := next(ends):
                raise error
            return "written"

        assert insist(write, lambda _: None) == "written"
