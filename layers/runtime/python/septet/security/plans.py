"""A committed plan: which tools with which values, fixed from the trusted request before anything from outside was read.

What is read later can then put neither a tool nor a critical value into a call. A plan only restricts, but for one thing: a slot that
refers to a typed field of an earlier result endorses the value it finds there. Steps have no order; each has a number of uses.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal

from septet.core.canonical import canonical, digest, whole
from septet.core.frozen import frozen
from septet.security.manifests import Manifest

STEPS = 32
"""Of one plan."""
USES = 50
"""Of one step."""
CHARACTERS = 400
"""Of a name or a question."""
FREE = frozenset({"title", "content", "flag", "date"})
"""Roles of values that a plan may leave to the acting model."""
Kind = Literal["constant", "from", "extract", "free"]


class PlanWrong(ValueError):  # noqa: N818 -- says what is the case, as the errors of core do
    """A plan that cannot be committed; the message tells a planner what to change."""


@frozen
class Slot:
    """Where a value of a call comes from."""

    kind: Kind
    constant: Any = None
    """The value itself, for ``constant``."""
    step: str = ""
    """For ``from`` the step whose result is referred to, for ``extract`` the extraction."""
    field: str = ""
    """For ``from``: the path of the value in that result."""
    decides: bool = True
    """Whether the value has a say in what the call returns: only the content of what a call makes has none."""


@frozen
class Step:
    """Calls of one tool that the plan foresees."""

    name: str
    tool: str
    slots: Mapping[str, Slot]
    """By path of the value, as in a manifest."""
    uses: int = 1
    told_apart: bool = False
    """Whether the tool names the arguments by which two calls are one effect, so that the same call again is none of its own."""


@frozen
class Extraction:
    """A value that a model without tools reads out of one text, and that is believed to be of its kind and nothing more."""

    name: str
    step: str
    """Whose result is read; ``request`` for the run's input."""
    field: str
    kind: str
    question: str


@frozen
class Plan:
    """Everything that may be called."""

    steps: tuple[Step, ...]
    extractions: tuple[Extraction, ...] = ()


def plan(value: Any, manifests: Mapping[str, Manifest], granted: Collection[str]) -> Plan:
    """The plan in *value*, the JSON that a planner wrote, over the *granted* tools. Raises PlanWrong."""
    given = _fields(value, "plan", {"steps"}, {"extractions"})
    extractions = tuple(_extraction(item) for item in _list(given.get("extractions", []), "extractions"))
    steps = tuple(_step(item, manifests, granted) for item in _list(given["steps"], "steps"))
    found = Plan(steps=steps, extractions=extractions)
    _check_references(found, manifests)
    return found


def written(found: Plan) -> dict[str, Any]:
    """*found* as the JSON that ``plan`` reads."""
    steps = [
        {"name": step.name, "tool": step.tool, "uses": step.uses, "slots": {path: _written(slot) for path, slot in step.slots.items()}}
        for step in found.steps
    ]
    named = ("name", "step", "field", "kind", "question")
    return {"steps": steps, "extractions": [{name: getattr(item, name) for name in named} for item in found.extractions]}


def _written(slot: Slot) -> dict[str, Any]:
    match slot.kind:
        case "constant":
            return {"constant": slot.constant}
        case "from":
            return {"from": slot.step, "field": slot.field}
        case "extract":
            return {"extract": slot.step}
    return {"free": True}


def _step(value: Any, manifests: Mapping[str, Manifest], granted: Collection[str]) -> Step:
    given = _fields(value, "a step", {"name", "tool", "slots"}, {"uses"})
    name, tool, uses = _text(given["name"], "a step's name"), given["tool"], given.get("uses", 1)
    if tool not in granted or tool not in manifests:
        raise PlanWrong(f"step {name}: there is no tool {tool!r}: there is {', '.join(sorted(granted)) or 'none'}")
    if type(uses) is not int or not 1 <= uses <= USES:
        raise PlanWrong(f"step {name}: uses must be a whole number from 1 to {USES}")
    if not isinstance(given["slots"], Mapping):
        raise PlanWrong(f"step {name}: slots must be an object, each argument's path with where its value comes from")
    slots = {path: _slot(name, path, slot, manifests[tool]) for path, slot in given["slots"].items()}
    return Step(name=name, tool=tool, slots=slots, uses=uses, told_apart=bool(manifests[tool].identity))


def _slot(step: str, path: str, value: Any, manifest: Manifest) -> Slot:
    where, role = f"step {step}, {path}", manifest.argument(path).role
    decides = manifest.reads or role != "content"
    if not isinstance(value, Mapping):
        raise PlanWrong(f'{where}: give {{"constant": …}}, {{"from": step, "field": path}}, {{"extract": name}} or {{"free": true}}')
    match dict(value):
        case {"constant": constant, **rest} if not rest:
            return Slot(kind="constant", constant=whole(constant))
        case {"from": str(source), "field": str(field), **rest} if not rest:
            return Slot(kind="from", step=source, field=field)
        case {"extract": str(name), **rest} if not rest:
            return Slot(kind="extract", step=name, decides=decides)
        case {"free": True, **rest} if not rest:
            if role not in FREE:
                raise PlanWrong(f"{where}: is a {role}, which cannot be left free: give a constant, a reference or an extraction")
            return Slot(kind="free", decides=decides)
    raise PlanWrong(f'{where}: give {{"constant": …}}, {{"from": step, "field": path}}, {{"extract": name}} or {{"free": true}}')


def _extraction(value: Any) -> Extraction:
    given = _fields(value, "an extraction", {"name", "step", "field", "kind", "question"}, set())
    return Extraction(**{name: _text(item, f"an extraction's {name}") for name, item in given.items()})


def _check_references(found: Plan, manifests: Mapping[str, Manifest]) -> None:
    """Every name there once, and every reference to a field that its tool's manifest declares."""
    names = [step.name for step in found.steps] + [item.name for item in found.extractions] + ["request"]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise PlanWrong(f"the name {twice[0]!r} is used twice: name each step and extraction once, and none 'request'")
    steps = {step.name: manifests[step.tool] for step in found.steps}
    extractions = {item.name for item in found.extractions}
    for step in found.steps:
        for path, slot in step.slots.items():
            where = f"step {step.name}, {path}"
            if slot.kind == "extract" and slot.step not in extractions:
                raise PlanWrong(f"{where}: there is no extraction {slot.step!r}")
            if slot.kind == "from" and (slot.step not in steps or slot.field not in steps[slot.step].output.fields):
                known = ", ".join(sorted(steps[slot.step].output.fields)) if slot.step in steps else "no such step"
                raise PlanWrong(f"{where}: {slot.step} declares no field {slot.field!r} ({known})")
    for item in found.extractions:
        if item.step not in steps and item.step != "request":
            raise PlanWrong(f"extraction {item.name}: there is no step {item.step!r}")


def _fields(value: Any, what: str, needed: Collection[str], known: Collection[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not set(needed) <= value.keys() <= {*needed, *known}:
        raise PlanWrong(
            f"{what} must be an object with {', '.join(sorted(needed))}" + (f", and maybe {', '.join(sorted(known))}" if known else "")
        )
    return value


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > STEPS:
        raise PlanWrong(f"{what} must be a list of at most {STEPS}")
    return value


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= CHARACTERS:
        raise PlanWrong(f"{what} must be a text of 1 to {CHARACTERS} characters")
    return value


def leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every plain value within *value*, with its path: ``items[].name``. A name that reads like a path is ``?``, which nothing declares."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            plain = "?" if "." in name or "[" in name else name
            yield from leaves(item, f"{path}.{plain}" if path else plain)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item, f"{path}[]")
    else:
        yield path, value


def same(value: Any) -> str:
    """Equal for equal plain values; a digest, so that no text is kept."""
    return digest(canonical(whole(value)))[:24]
