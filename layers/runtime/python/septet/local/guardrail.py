"""A guardrail in memory: it finds what it is told to look for."""

from collections.abc import Mapping

from septet.security.guardrails import Assessment, Source


class MemoryGuardrail:
    """A double: intervenes where a text holds one of some words."""

    def __init__(self, words: Mapping[str, str], *, broken: bool = False) -> None:
        """*words*: by what a text holds, the kind that is found; a *broken* one is never available."""
        self._words = words
        self._broken = broken
        self.asked: list[tuple[str, Source]] = []

    def assess(self, text: str, source: Source) -> Assessment:
        """What it makes of *text*."""
        self.asked.append((text, source))
        if self._broken:
            return Assessment(action="unavailable")
        kinds = tuple(sorted({kind for word, kind in self._words.items() if word in text}))
        return Assessment(action="intervened" if kinds else "none", kinds=kinds)
