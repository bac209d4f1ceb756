"""Money in integers of micro-dollars, and what tokens cost."""

import re

from septet.core.frozen import frozen

MICRO = 1_000_000
"""Micro-dollars in a dollar, and tokens in the unit prices are quoted for."""
DOLLARS = r"^(?!0(\.0+)?$)(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?$"
"""Dollars as text, above 0."""
NO_DOLLARS = 'must be dollars as decimal text, e.g. "0.25": above 0, at most 999999999.999999, with six decimals at most'
"""What is told where it is not."""


@frozen
class Usage:
    """Tokens of one model call, as the provider reported them."""

    input: int = 0
    """Tokens read at the full price."""
    output: int = 0
    """Tokens written."""
    cache_read: int = 0
    """Tokens read from the provider's prompt cache."""
    cache_write: int = 0
    """Tokens read and written into the provider's prompt cache."""


@frozen
class Price:
    """What a model costs, in micro-dollars per million tokens."""

    input: int
    """For tokens read."""
    output: int
    """For tokens written."""
    cache_read: int = 0
    """For tokens read from the provider's prompt cache."""
    cache_write: int = 0
    """For tokens written into it."""

    @property
    def dearest_input(self) -> int:
        """The most that a token read can cost."""
        return max(self.input, self.cache_read, self.cache_write)


def cost(usage: Usage, price: Price) -> int:
    """Micro-dollars of *usage* at *price*, rounded up: a charge is never understated."""
    cached = usage.cache_read * price.cache_read + usage.cache_write * price.cache_write
    return -(-(usage.input * price.input + usage.output * price.output + cached) // MICRO)


def microdollars(text: str) -> int:
    """The amount that *text* says in dollars, e.g. ``0.25``. Raises ValueError unless it is above 0 and has six decimals at most."""
    if not re.fullmatch(DOLLARS, text):
        raise ValueError(NO_DOLLARS)
    whole, _, part = text.partition(".")
    return int(whole) * MICRO + int(part.ljust(6, "0"))


def dollars(amount: int) -> str:
    """*amount* micro-dollars as a person reads it, e.g. ``$0.001234``."""
    return f"${amount // MICRO}.{amount % MICRO:06d}"
