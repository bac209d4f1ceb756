"""A fake of the business tables."""

from dataclasses import dataclass, field

from local.demo.payments import Books


@dataclass
class FakeTables:
    """Tells what is *left* of every order before a run, and the *payments* of each run that was asked for, in turn."""

    payments: list[tuple[int, ...]]
    remains: dict[str, int] = field(default_factory=lambda: {"A-1001": 8990, "A-1002": 12900, "A-1003": 4990})

    def left(self, order: str) -> int:
        return self.remains[order]

    def books(self, *, run: str, order: str) -> Books:
        assert run
        paid = self.payments.pop(0)
        self.remains[order] -= sum(paid)
        return Books(payments=paid, left_cents=self.remains[order])
