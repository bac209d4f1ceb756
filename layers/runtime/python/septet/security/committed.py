"""A committed plan being followed: which step a call is, what is left of each, and what earlier results say in the fields it refers to."""

from collections.abc import Collection, Mapping
from typing import Any, Self

from septet.core.frozen import frozen
from septet.security.plans import Plan, Step, leaves, plan, same, written

VALUES = 10_000
"""Of one field that are remembered; what comes after binds nothing."""


@frozen
class Match:
    """A call that the plan foresees."""

    step: str
    bound: frozenset[str]
    """Paths of the values that are taken from a typed field of an earlier result, as the plan says, and could be no others."""
    settled: bool = True
    """Whether the plan leaves no choice among several values of a result: which of them is the model's word."""


class Committed:
    """One plan and how far it has come. Everything it keeps of values is digests."""

    def __init__(self, committed: Plan) -> None:
        self.plan = committed
        self._steps = {step.name: step for step in committed.steps}
        self._left = {step.name: step.uses for step in committed.steps}
        self._made: dict[str, str] = {}
        """The step of each call that was made, by a digest of tool and arguments."""
        referred = {(slot.step, slot.field) for step in committed.steps for slot in step.slots.values() if slot.kind == "from"}
        self._seen: dict[tuple[str, str], set[str]] = {reference: set() for reference in referred}
        self._extracted: dict[str, set[str]] = {item.name: set() for item in committed.extractions}

    def match(self, tool: str, arguments: Mapping[str, Any]) -> Match | None:
        """The step that a call is, if one is left that foresees it with these values; None when the plan has no such call."""
        found = list(leaves(arguments, ""))
        for step in self.plan.steps:
            if step.tool == tool and self._left[step.name]:
                slots = {path: _place(step, path) for path, _ in found}
                if _complete(step, slots.values()) and all(self._holds(step, slots[path], path, value) for path, value in found):
                    bound = frozenset(path for path, place in slots.items() if self._settled(step, place, found, slots))
                    chosen = any(step.slots[place].kind == "from" and path not in bound for path, place in slots.items())
                    return Match(step=step.name, bound=bound, settled=not chosen)
        return None

    def _holds(self, step: Step, place: str, path: str, value: Any) -> bool:
        """Whether the *value* at *path* comes from where the slot at *place* says."""
        if (slot := step.slots.get(place)) is None:
            return False
        match slot.kind:
            case "constant":
                inner = _inner(path.removeprefix(place))
                return any(_inner(at) == inner and same(given) == same(value) for at, given in leaves(slot.constant, ""))
            case "from":
                return same(value) in self._seen[slot.step, slot.field]
            case "extract":
                return same(value) in self._extracted[slot.step]
        return True

    def _settled(self, step: Step, place: str, found: Collection[tuple[str, Any]], slots: Mapping[str, str]) -> bool:
        """Whether the slot refers to a field of an earlier result, with nothing left to choose: which of several is the model's word."""
        slot = step.slots[place]
        if slot.kind != "from" or self._chosen(slot.step, frozenset()):
            return False
        seen = self._seen[slot.step, slot.field]
        return len(seen) <= step.uses or {same(value) for path, value in found if slots[path] == place} == seen

    def _chosen(self, name: str, above: frozenset[str]) -> bool:
        """Whether the acting model chooses what the step returns: by a value that it words, or by which of several values it takes."""
        if name in above:
            return True
        step = self._steps[name]
        for slot in step.slots.values():
            if slot.kind in ("free", "extract") and slot.decides:
                return True
            if slot.kind == "from" and (len(self._seen[slot.step, slot.field]) > step.uses or self._chosen(slot.step, above | {name})):
                return True
        return False

    def use(self, tool: str, arguments: Mapping[str, Any]) -> None:
        """Note that a call is being made: it uses its step up by one. The same call again is the same use if it is the same effect."""
        call = same([tool, arguments])
        if call in self._made and self._steps[self._made[call]].told_apart:
            return
        if found := self.match(tool, arguments):
            self._made[call] = found.step
            self._left[found.step] -= 1

    def result(self, tool: str, arguments: Mapping[str, Any], paths: Mapping[str, list[Any]]) -> None:
        """Take in what a call returned: the values at each of its declared *paths*."""
        step = self._made.get(same([tool, arguments]), "")
        for (source, field), seen in self._seen.items():
            if source == step:
                seen.update(map(same, paths.get(field, ())[: VALUES - len(seen)]))

    def extracted(self, name: str, value: Any) -> None:
        """Take in what was read out for the extraction *name*; one the plan does not have binds nothing."""
        if name in self._extracted and len(self._extracted[name]) < VALUES:
            self._extracted[name].add(same(value))

    def state(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "plan": written(self.plan),
            "left": self._left,
            "made": self._made,
            "seen": [[step, field, sorted(values)] for (step, field), values in sorted(self._seen.items())],
            "extracted": {name: sorted(values) for name, values in self._extracted.items()},
        }

    @classmethod
    def restored(cls, state: Mapping[str, Any], manifests: Mapping[str, Any]) -> Self:
        """What ``state`` was made of."""
        found = cls(plan(state["plan"], manifests, manifests))
        found._left, found._made = dict(state["left"]), dict(state["made"])
        found._seen = {(step, field): set(values) for step, field, values in state["seen"]}
        found._extracted = {name: set(values) for name, values in state["extracted"].items()}
        return found


def _place(step: Step, path: str) -> str:
    """Where the slot is of the value at *path*: there, or at what it is within; empty when there is none."""
    while path and path not in step.slots:
        path = path[:-2] if path.endswith("[]") else path.rpartition(".")[0]
    return path


def _complete(step: Step, places: Collection[str]) -> bool:
    """Whether no constant is left out: a call without it is another call than the plan foresees."""
    return all(path in places for path, slot in step.slots.items() if slot.kind == "constant" and slot.constant not in ([], "", None))


def _inner(path: str) -> str:
    """A path within a constant, whether that is written as a list or not."""
    return path.removeprefix("[]").removeprefix(".")
