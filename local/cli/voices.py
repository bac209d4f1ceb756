"""Which model speaks for an agent, and what has been said already."""

from collections import Counter

from local.cli.api import Document
from local.cli.plain import cause

_BRIEF = 40
"""Characters of a message that may be said again."""

_TOLD = 200
"""Characters by which messages are compared: the journal cuts them, with the words before them that ``plain.cause`` takes off."""


def ordinal(number: int) -> str:
    """*number*, above 0, as a place in a row."""
    ending = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")  # noqa: PLR2004 -- 11th to 13th
    return f"{number}{ending}"


class Voices:
    """Adds to what an entry says the model, where it is another than expected, and the cache; and says a long error once."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        """The model that each agent asked first."""
        self._before: dict[str, str] = {}
        """The model of each agent's latest reply."""
        self._remark = ""
        self._errors: Counter[tuple[str, str, str]] = Counter()
        self._messages: set[str] = set()

    def hear(self, entry: Document) -> None:
        """Notice who was asked, and who replied. What is remarkable about a reply stays until ``said`` has told it."""
        agent, body = str(entry.get("agent")), entry["body"]
        if entry["type"] == "model_call":
            self._first.setdefault(agent, body["model"])
        elif entry["type"] == "model_reply":
            model = str(body.get("model", ""))
            usual = {self._first.setdefault(agent, model), self._before.get(agent, model)}
            self._before[agent] = model
            self._remark = f"(by {model}) " * (usual != {model}) + "(from the cache) " * bool(body.get("cached"))

    def said(self, entry: Document, what: str) -> str:
        """*what* a line says about *entry*, with the remark that is due, and without an error's message where that was told before."""
        if entry["type"] in {"model_failed", "failure"}:
            what = self._once(entry["body"], what)
        remark, self._remark = self._remark, ""
        return remark + what

    def _once(self, body: Document, what: str) -> str:
        message = cause(body["message"])
        kind = (str(body.get("model", "")), str(body["error"]), message[:_TOLD])
        self._errors[kind] += 1
        known = message[:_TOLD] in self._messages
        self._messages.add(message[:_TOLD])
        if not known or len(message) < _BRIEF:
            return what
        model = f"{kind[0]}: " if kind[0] else ""
        times = f", for the {ordinal(self._errors[kind])} time" if self._errors[kind] > 1 else ""
        return f"{model}{kind[1]}: as said above{times}"
