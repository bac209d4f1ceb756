"""Where the values of an entry come from, by field. Labels are in an entry's header, so they stay small whatever the fields are."""

from collections.abc import Iterable, Mapping

REST = "*"
"""The name under which all fields stand that have no label of their own."""
FIELDS = 64
"""Fields that are labelled one by one, whoever named them."""
CHARACTERS = 4096
"""Of those fields' names together."""


def labelled(names: Iterable[str], declared: Mapping[str, str], rest: str) -> dict[str, str]:
    """The label of each of *names*: the *declared* one, or *rest*, the worst that a field without a declaration can have.

    Of many or long names only the declared ones are spelt, and the others stand under ``REST`` together.
    """
    fields = tuple(names)
    if len(fields) <= FIELDS and sum(map(len, fields)) <= CHARACTERS:
        return {name: declared.get(name, rest) for name in fields}
    own = {name: declared[name] for name in fields if name in declared}
    return own if len(own) == len(fields) else {**own, REST: rest}


def label(labels: Mapping[str, str], name: str) -> str:
    """What *labels* say of the field *name*; ``external`` where they say nothing."""
    return labels.get(name) or labels.get(REST, "external")
