"""Where a value comes from, from best to worst. Everything is unknown until evidence raises it."""

from collections.abc import Iterable
from enum import IntEnum


class Label(IntEnum):
    """The rank is what policies compare: a smaller one is better."""

    CONSTANT = 0
    """A choice or default of the tool's own, true or false, or nothing at all."""
    PROMPT = 1
    """A whole, typed token of the trusted request."""
    ANCHORED = 2
    """A field of a record that a value of the request picks out without ambiguity."""
    RECORD = 3
    """A field that only the platform, or the user's own curation, writes."""
    DERIVED = 4
    """One arithmetic operation on numbers of the request or of a record that it picks out, or an amount that such records bound."""
    COUNTERPARTY = 5
    """Authenticated, but chosen by somebody else."""
    EXTERNAL = 6
    """Verbatim from outside."""
    UNKNOWN = 7
    """Everything else."""


FIELDS = {"record": Label.RECORD, "counterparty": Label.COUNTERPARTY, "external": Label.EXTERNAL}
"""What a manifest may say of a field."""


def worst(labels: Iterable[Label]) -> Label:
    """The label of what is made of all of them; ``CONSTANT`` of nothing."""
    return max(labels, default=Label.CONSTANT)


def declared(name: str) -> Label:
    """The label of a field that a manifest calls *name*; a word it does not know is the worst case."""
    return FIELDS.get(name, Label.UNKNOWN)
