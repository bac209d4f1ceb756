"""Everything that is wrong with a tree, collected so that one synth tells all of it."""

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field


class CatalogError(ValueError):
    """The tree cannot be deployed. The message has one line for each problem: the file, the field, what is wrong and the fix."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(sorted(set(problems)))
        count = len(self.problems)
        super().__init__("\n".join([f"{count} problem{'s' if count > 1 else ''} in what is declared:", *self.problems]))


@dataclass(frozen=True, slots=True)
class Problems:
    """What was found so far."""

    found: list[str] = field(default_factory=list)

    def add(self, file: str, where: str, sentence: str) -> None:
        """Note that the field *where* of *file* is wrong; an empty *where* means the whole file."""
        self.found.append(f"{file}: {where}: {sentence}" if where else f"{file}: {sentence}")

    def settle(self) -> None:
        """Raise CatalogError if anything was found."""
        if self.found:
            raise CatalogError(self.found)


def known(names: Collection[str]) -> str:
    """*names* as the end of a sentence."""
    return ", ".join(sorted(names)) or "none"


def nearest(name: str, names: Collection[str]) -> str:
    """A guess at what was meant by *name*, as a sentence's part; empty when nothing is near."""
    close = difflib.get_close_matches(name, sorted(names), n=1)
    return f", did you mean {close[0]!r}?" if close else ""
