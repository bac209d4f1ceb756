"""``[fallback]`` of an agent: which others go on with its work, by what went wrong."""

from collections.abc import Collection, Mapping

from stacks.catalog.fields import Fields
from stacks.catalog.handing import ANY, TAKEN
from stacks.catalog.problems import known, nearest


def fallback(fields: Fields, name: str, others: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """The agents by error class, or ``any``, in order; *others* are those that there are besides *name*."""
    found = {}
    allowed = (*TAKEN, ANY)
    for error in fields.values:
        names = fields.names(error)
        if error not in allowed:
            there = f"another agent may take over after {known(TAKEN)}, or {ANY}"
            fields.wrong(error, f"is no failure after which another agent goes on{nearest(error, allowed)}: {there}")
        elif not names:
            fields.wrong(error, "names nobody: name at least one agent, or remove it")
        for other in names:
            if other not in others:
                what = "itself" if other == name else f"{other!r}{nearest(other, others)}"
                fields.wrong(error, f"names {what}: there is no such other agent; there is {known(others)}")
        found[error] = names
    return found
