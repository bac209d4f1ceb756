"""What a run crosses on the twin, in words, and the plans of faults for it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tests.desk import plain

Side = Literal["before", "after"]
_FUNCTION = re.compile(r"^septet-twin-(agent|tool|step)-(\w+?)(-for-faults)?(:live)?$")
_CALLED = re.compile(r"^lambda POST /2015-03-31/functions/([^/]+)/invocations$")
_REQUEST = re.compile(r"^(dynamodb|s3|bedrock|sagemaker|states|secretsmanager) (.*)$")
EVENT, ANSWER = "event", "answer"


@dataclass(frozen=True, kw_only=True)
class Boundary:
    """One crossing: the how manieth time that a function came to this boundary in the run."""

    function: str
    boundary: str
    occurrence: int

    @property
    def who(self) -> str:
        """The function in a word or two: ``refunds``, ``find_order``, ``gateway``."""
        found = _FUNCTION.fullmatch(self.function)
        return found[2] if found else self.function

    @property
    def kind(self) -> str:
        """What is done there, in words that do not depend on the run."""
        if self.boundary in {EVENT, ANSWER}:
            return {"event": "takes its event", "answer": "gives its answer"}[self.boundary]
        if called := _CALLED.fullmatch(self.boundary):
            found = _FUNCTION.fullmatch(called[1])
            return f"calls the {found[1]} {found[2]}" if found and found[1] == "tool" else "calls the gateway"
        found = _REQUEST.fullmatch(self.boundary)
        if found is None:
            return self.boundary
        service, rest = found.groups()
        return "calls the model" if service in {"bedrock", "sagemaker"} else _stored(service, rest)

    @property
    def asks_model(self) -> bool:
        """Whether a model call is sent here."""
        return self.kind == "calls the model"

    @property
    def remembered(self) -> bool:
        """Whether a warm process often has no need to come here: it trusts for seconds what it has read of the models' health."""
        return self.kind.endswith(" on health")

    @property
    def by_minute(self) -> bool:
        """Whether only whoever begins a minute's count of choices comes here."""
        return self.who == "choose_agent" and (self.kind, self.occurrence) in {("GetItem on choices", 2), ("UpdateItem on choices", 3)}

    @property
    def appends(self) -> bool:
        """Whether a journal entry is written here."""
        return self.kind == "appends to the journal"


def _stored(service: str, rest: str) -> str:
    operation, _, tables = rest.partition(" ")
    names = " and ".join(table.removeprefix("septet-twin-") for table in tables.split())
    words = {
        ("PutItem", "journal"): "appends to the journal",
        ("Query", "journal"): "reads the journal",
        ("TransactWriteItems", "orders and refunds"): "pays",
    }
    if service == "dynamodb":
        return words.get((operation, names)) or f"{operation} on {names}"
    return f"{service} {operation}"


@dataclass(frozen=True, kw_only=True)
class Kill:
    """Where a process dies."""

    at: Boundary
    """An occurrence of 0 means every one."""
    side: Side
    times: int = 1
    """How many processes die there."""

    def __str__(self) -> str:
        return f"{self.at.who} {self.at.kind} #{self.at.occurrence}, {self.side}"


@dataclass(frozen=True, kw_only=True)
class Crossed:
    """What came of a plan."""

    boundaries: tuple[Boundary, ...]
    kills: int
    duels: int
    errors: int = 0
    """Named errors that were given in place of an answer."""

    def under_way(self, kill: Kill | None) -> bool:
        """Whether a process is still at work for the run: every event is answered, but by those that died before."""
        events, answers = (sum(one.boundary == name for one in self.boundaries) for name in (EVENT, ANSWER))
        silent = 0 if kill is None or kill.at.boundary == ANSWER else self.kills
        return events > answers + silent


@dataclass(frozen=True, kw_only=True)
class Faults:
    """The routes by which the twin's plug-in takes plans."""

    endpoint: str

    def plan(self, run: str, *, kill: Kill | None = None, twice: bool = False, fail: Sequence[Mapping[str, Any]] = ()) -> None:
        """Plan for *run*, which nobody has submitted yet. Without a fault its boundaries are noted. *fail*: as the plug-in's plans say."""
        plan: dict[str, Any] = {"twice": twice, "fail": list(fail)}
        if kill:
            place = {name: value for name, value in asdict(kill.at).items() if value}
            plan["kill"] = {**place, "side": kill.side, "times": kill.times}
        plain().put(f"{self.endpoint}/_septet/faults/{run}", json=plan).raise_for_status()

    def crossed(self, run: str) -> Crossed:
        """What the run has crossed so far, in order."""
        found = plain().get(f"{self.endpoint}/_septet/faults/{run}").raise_for_status().json()
        boundaries = tuple(Boundary(**one) for one in found["crossed"])
        return Crossed(boundaries=boundaries, kills=found["kills"], duels=found["duels"], errors=found["errors"])
