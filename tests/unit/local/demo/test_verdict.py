from typing import Any

import pytest

from local.demo.cases import CASES
from local.demo.payments import Books
from local.demo.verdict import Played, money, wrong
from tests.unit.local.cli.fake_api import report

REFUND = CASES[1]


def played(*, payments: tuple[int, ...] = (12900,), left: int = 0, approved: int = 1, **run: Any) -> Played:
    ended = report(status="succeeded", path=["triage", "refunds", "writer"]) | run
    return Played(
        case=REFUND, run=ended, approved=("apr-1",) * approved, books=Books(payments=payments, left_cents=left), left_before=12900
    )


def test_a_refund_that_went_as_announced_is_right() -> None:
    assert wrong(played(), scripted=True) == ()
    assert money(played()) == "paid once: 129.00 EUR in the table refunds; 0.00 EUR of A-1002 left to refund"


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (played(status="failed"), "ended as failed"),
        (played(path=["triage", "writer"]), "the agents were triage, writer"),
        (played(approved=0), "asked 0 times, not 1"),
        (played(payments=(12900, 12900), left=-12900), "the payments are [12900, 12900]"),
        (played(payments=(), left=12900), "the payments are []"),
        (played(payments=(100,), left=12800), "not [12900]"),
        (played(payments=(12900,), left=12900), "0 cents went off what can be refunded, but 12900 were paid"),
    ],
)
def test_everything_that_is_not_as_announced_is_told(one: Played, told: str) -> None:
    assert any(told in sentence for sentence in wrong(one, scripted=True))


def test_a_real_model_may_do_something_else_but_the_books_must_be_right() -> None:
    assert wrong(played(payments=(), left=12900, approved=0, status="failed", path=["triage"]), scripted=False) == ()
    assert wrong(played(payments=(), left=0), scripted=False)


def test_a_run_that_pays_nothing_says_so() -> None:
    assert money(played(payments=(), left=12900)).startswith("nothing was paid; 129.00 EUR")
