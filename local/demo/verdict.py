"""Whether a run of the demo ended as it should."""

from dataclasses import dataclass

from local.cli.api import Document
from local.cli.story import NONE, Failed
from local.demo.cases import Case
from local.demo.payments import Books


@dataclass(frozen=True, kw_only=True, slots=True)
class Played:
    """One case after it was played."""

    case: Case
    run: Document
    """The run's report at its end."""
    approved: tuple[str, ...]
    """Approvals that the demo gave."""
    failed: Failed = NONE
    """Its model calls that failed, and what was charged for them."""
    books: Books
    left_before: int
    """Cents that could be refunded of the order before the run."""


def wrong(played: Played, *, scripted: bool) -> tuple[str, ...]:
    """What is not as it should be, a sentence each. Of a real model (not *scripted*) nothing is asked but that the books are right."""
    return (*(_content(played) if scripted else ()), *_books(played))


def _content(played: Played) -> tuple[str, ...]:
    case, run, payments = played.case, played.run, list(played.books.payments)
    due = [case.paid_cents] if case.paid_cents else []
    found = {
        f"it ended as {run['status']}, not as succeeded": run["status"] != "succeeded",
        f"the agents were {', '.join(run['path'])}, not {', '.join(case.path)}": tuple(run["path"]) != case.path,
        f"a person was asked {len(played.approved)} times, not {case.approvals}": len(played.approved) != case.approvals,
        f"the payments are {payments}, not {due}, in cents": payments != due,
    }
    return tuple(sentence for sentence, holds in found.items() if holds)


def _books(played: Played) -> tuple[str, ...]:
    gone, paid = played.left_before - played.books.left_cents, sum(played.books.payments)
    return () if gone == paid else (f"{gone} cents went off what can be refunded, but {paid} were paid",)


def money(played: Played) -> str:
    """What the tables say about money, in a sentence."""
    left = f"{_euros(played.books.left_cents)} of {played.case.order} left to refund"
    if not played.books.payments:
        return f"nothing was paid; {left}"
    number = "once" if len(played.books.payments) == 1 else f"{len(played.books.payments)} times"
    return f"paid {number}: {' and '.join(map(_euros, played.books.payments))} in the table refunds; {left}"


def _euros(cents: int) -> str:
    return f"{cents / 100:.2f} EUR"
