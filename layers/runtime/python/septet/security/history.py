"""What a run has done so far, as the facts that a policy may ask for: how often, how much, how long ago, and after what."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from septet.core.canonical import digest
from septet.security.manifests import Manifest

MOST = 2**63 - 1
"""The largest whole number that a policy can hold; what is more counts as this."""


@dataclass(slots=True, kw_only=True)
class _Past:
    """The allowed calls of one tool.

    A tool that names identity arguments may make one effect several times over (a retry, another agent that took over): it counts once,
    with its largest amount. What is kept of such an effect is a digest.
    """

    calls: int = 0
    """Those that nothing tells apart: of a tool without identity arguments."""
    total: int = 0
    """The amounts of all calls."""
    last: int = -1
    """When the last of `calls` was allowed; -1: never."""
    effects: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Amount, and when it was last allowed, by effect; the latest comes last."""
    before: tuple[int, int] = (0, 0)
    """``calls`` and ``nameless`` where the branch began: what the branch that it is joined to has counted itself."""

    @property
    def nameless(self) -> int:
        """The amounts of calls that nothing tells apart."""
        return self.total - sum(amount for amount, _ in self.effects.values())

    def add(self, effect: str, amount: int, at: int) -> None:
        """Count a call that was allowed."""
        if not effect:
            self.calls, self.total, self.last = self.calls + 1, self.total + amount, at
            return
        before, _ = self.effects.pop(effect, (0, 0))
        self.effects[effect] = (max(before, amount), at)
        self.total += max(before, amount) - before

    def without(self, effect: str, now: int) -> dict[str, int]:
        """Calls, sum and milliseconds since the last, as if *effect* had never been: a call is not held against itself."""
        mine = self.effects.get(effect)
        latest = next((at for key, (_, at) in reversed(self.effects.items()) if key != effect), -1)
        last = max(self.last, latest)
        return {
            "calls": self.calls + len(self.effects) - (mine is not None),
            "sum": min(self.total - (mine[0] if mine else 0), MOST),
            "idle_ms": -1 if last < 0 else max(0, now - last),
        }

    def join(self, other: "_Past") -> None:
        """Count those of *other* as well; an effect that both have counts once."""
        calls, amounts = other.before
        self.calls, self.last = self.calls + other.calls - calls, max(self.last, other.last)
        self.total += other.nameless - amounts
        for effect, (amount, at) in other.effects.items():
            _, since = self.effects.get(effect, (0, -1))
            self.add(effect, amount, max(at, since))
        self.effects = dict(sorted(self.effects.items(), key=lambda item: item[1][1]))


class History:
    """Built as the run goes on, at a cost that does not grow with it."""

    def __init__(self) -> None:
        self._tools: dict[str, _Past] = {}
        self._before: set[str] = set()

    def intended(self, manifest: Manifest, arguments: Mapping[str, Any], at: int) -> None:
        """A call was allowed at *at*, in milliseconds since the epoch."""
        amount = sum(_amounts(manifest, arguments))
        self._tools.setdefault(manifest.name, _Past()).add(_effect(manifest, arguments), amount, at)

    def finished(self, tool: str, *, ok: bool) -> None:
        """A call of *tool* has ended; *ok* when it did what it was to do."""
        if ok:
            self._before.add(tool)

    def facts(self, manifest: Manifest, arguments: Mapping[str, Any], now: int) -> dict[str, Any]:
        """The context's ``history`` for a call that is about to be decided at *now*."""
        past = self._tools.get(manifest.name) or _Past()
        return {**past.without(_effect(manifest, arguments), now), "before": sorted(self._before)}

    def parted(self) -> "History":
        """The history that a branch begins with: all of this, which counts once when the branch is joined."""
        found = History.restored(self.state())
        for past in found._tools.values():  # noqa: SLF001 -- one of us
            past.before = (past.calls, past.nameless)
        return found

    def joined(self, other: "History") -> "History":
        """The history of both, where branches merge. What cannot be told apart counts twice: a limit is reached early, never late."""
        found = History.restored(self.state())
        found._before |= other._before  # noqa: SLF001 -- one of us
        for tool, past in other._tools.items():  # noqa: SLF001 -- one of us
            found._tools.setdefault(tool, _Past()).join(past)  # noqa: SLF001 -- one of us
        return found

    def state(self) -> dict[str, Any]:
        """As JSON: counts, times and digests, never an argument's text."""
        tools = {
            name: {
                "calls": past.calls,
                "total": past.total,
                "last": past.last,
                "effects": {key: list(it) for key, it in past.effects.items()},
                "before": list(past.before),
            }
            for name, past in self._tools.items()
        }
        return {"tools": tools, "before": sorted(self._before)}

    @staticmethod
    def restored(state: Mapping[str, Any]) -> "History":
        """The history whose `state` this is."""
        found = History()
        found._before = set(state["before"])
        for name, past in state["tools"].items():
            effects = {key: (amount, at) for key, (amount, at) in past["effects"].items()}
            counted = {field: past[field] for field in ("calls", "total", "last")}
            found._tools[name] = _Past(**counted, effects=effects, before=tuple(past["before"]))
        return found


def _effect(manifest: Manifest, arguments: Mapping[str, Any]) -> str:
    """Equal for two calls that are the same effect; empty for a tool whose every call is one of its own."""
    return digest(manifest.identified(arguments))[:32] if manifest.identity else ""


def _amounts(manifest: Manifest, value: Any, path: str = "") -> Iterator[int]:
    """The amounts within *value*, each as a whole number and rounded up; one below zero takes nothing off the others."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _amounts(manifest, inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for inner in value:
            yield from _amounts(manifest, inner, f"{path}[]")
    elif isinstance(value, int | float) and not isinstance(value, bool) and manifest.argument(path).role == "amount":
        yield ceil(min(max(0, value), MOST))
