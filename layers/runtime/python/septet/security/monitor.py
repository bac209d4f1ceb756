"""The reference monitor: whether a call may be made, decided from platform facts alone. It trusts no word of the model's."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import replace
from dataclasses import field
from typing import Any, Literal, Self

from septet.core.canonical import canonical, digest
from septet.core.frozen import frozen
from septet.security.committed import Committed
from septet.security.facts import Scene, context, use
from septet.security.history import History
from septet.security.labelling import AIMS, Labelled, labelled
from septet.security.labels import Label
from septet.security.manifests import UNDECLARED, Argument, Manifest
from septet.security.plans import Plan, leaves
from septet.security.questions import Outcome, Policies, Question
from septet.security.reading import read
from septet.security.records import Record
from septet.security.session import Session

View = tuple[Literal["allow", "ask", "deny", "pass"], str]
"""What one argument says about a call, and why."""


Seen = tuple[Record | None, Sequence[Record], Sequence[Mapping[str, Any]]]
"""The record an argument selects, all records the call selects, and the arguments of earlier effects of the tool."""


Acted = Mapping[str, Mapping[bytes, Mapping[str, Any]]]
"""Arguments of effects, by their tool and by which they are (``Manifest.identified``)."""


@frozen
class Facts:
    """What the platform knows when a call is made."""

    principal: str
    """Whom the run acts for."""
    records: Mapping[tuple[str, str], Record] = field(default_factory=dict)
    """Records read in this run, by kind and key; the newest reading stands."""
    acted: Acted = field(default_factory=dict)
    """What was intended in this run so far."""


@frozen
class Decision:
    """What the monitor says, why, and what it looked at."""

    outcome: Outcome
    reasons: tuple[str, ...]
    evidence: tuple[Mapping[str, Any], ...] = ()
    """The records behind the arguments: ``{"name", "value", "source"}`` each."""
    effect: str = UNDECLARED
    labels: Mapping[str, Label] = field(default_factory=dict)
    """Of each argument, by path; the worst of a list."""
    policies: tuple[str, ...] = ()
    """Ids of those that decided."""


READS = Decision(outcome="allow", reasons=("it only reads",))


def decide(manifest: Manifest, arguments: Mapping[str, Any], facts: Facts) -> Decision:
    """Allow, ask a person, or deny. A read is allowed; whatever acts must aim at records of the principal's own, within their bounds.

    Arguments have passed the tool's schema. A denial outweighs a question, a question outweighs an allowance. Amounts of a tool add up
    over a run: a large one does not get through in small parts, on one record or on several.
    """
    if manifest.reads:
        return READS
    selected = {
        name: facts.records.get((manifest.argument(name).kind, str(value)))
        for name, value in arguments.items()
        if manifest.argument(name).role == "selector"
    }
    found = [record for record in selected.values() if record]
    earlier = _earlier(manifest, arguments, facts)
    views = [_view(name, value, manifest.argument(name), (selected.get(name), found, earlier), facts) for name, value in arguments.items()]
    left_out = (name for name, declared in manifest.arguments.items() if declared.role == "amount" and name not in arguments)
    views += [("deny", f"{name} is left out, and nothing bounds what the tool takes instead") for name in left_out]
    evidence = tuple({"name": f"{record.kind} {record.key}", "value": dict(record.fields), "source": record.source} for record in found)
    outcomes: tuple[Literal["deny", "ask"], ...] = ("deny", "ask")
    for outcome in outcomes:
        if reasons := tuple(reason for view, reason in views if view == outcome):
            return Decision(outcome=outcome, reasons=reasons, evidence=evidence)
    if reasons := tuple(reason for view, reason in views if view == "allow"):
        return Decision(outcome="allow", reasons=reasons, evidence=evidence)
    return Decision(outcome="ask", reasons=("it acts, and nothing bounds it",), evidence=evidence)


def _earlier(manifest: Manifest, arguments: Mapping[str, Any], facts: Facts) -> list[Mapping[str, Any]]:
    """Arguments of this run's other effects of the same tool; the same effect again is one effect."""
    this = manifest.identified(arguments)
    return [given for effect, given in facts.acted.get(manifest.name, {}).items() if effect != this]


def _view(name: str, value: Any, declared: Argument, seen: Seen, facts: Facts) -> View:
    """What one argument says about the call."""
    selected, found, earlier = seen
    match declared.role:
        case "selector":
            return _selector(name, declared, selected, facts)
        case "amount":
            return _amount(name, value, declared, found, sum(given.get(name, 0) for given in earlier))
        case "title" | "content" | "flag":
            return "pass", ""
        case role:
            return "ask", f"{name} is a {role} that nothing vouches for"


def _selector(name: str, declared: Argument, record: Record | None, facts: Facts) -> View:
    if record is None:
        return "deny", f"{name} picks no {declared.kind} that was read in this run"
    if not record.owner or record.owner != facts.principal:
        return "deny", f"{name} picks somebody else's {declared.kind}, not the authenticated principal's"
    return "allow", f"{name} picks the principal's own {declared.kind}"


def _amount(name: str, value: Any, declared: Argument, found: Sequence[Record], before: int) -> View:
    bounds = [record.fields[declared.within] for record in found if declared.within in record.fields]
    if type(value) is not int or value <= 0:
        return "deny", f"{name} must be a positive whole number"
    if not bounds or any(type(bound) is not int for bound in bounds):
        return "deny", f"{name} has no record that bounds it"
    if value > min(bounds):
        return "deny", f"{name} is above {declared.within} ({min(bounds)})"
    if declared.ask_above is not None and before + value > declared.ask_above:
        return "ask", f"{name} is above {declared.ask_above}" + (f" with the {before} before" if before else "")
    return "allow", f"{name} is within {declared.within}"


def anywhere(_: Mapping[str, Any]) -> bool:
    """The egress rule of a deployment that has no list."""
    return True


class Monitor:
    """One branch's monitor: told of the request, of what is intended and of results, it decides what may be done next.

    In process over any catalogue. Whatever goes wrong inside denies. Times are milliseconds since the epoch.
    """

    def __init__(
        self,
        manifests: Mapping[str, Manifest],
        policies: Policies,
        *,
        agent: str = "",
        tenant: str = "",
        principal: str = "",
        roles: Iterable[str] = (),
        attended: bool = True,
        egress: Callable[[Mapping[str, Any]], bool] = anywhere,
    ) -> None:
        self._manifests, self._policies, self._egress = manifests, policies, egress
        self._agent, self._tenant, self._principal = agent, tenant, principal
        self._roles, self._attended = tuple(roles), attended
        self._session, self._history = Session(), History()
        self._plan: Committed | None = None

    def request(self, given: Mapping[str, Any], sources: Mapping[str, str]) -> None:
        """Take in a run's input. A field vouches for its values only where *sources* say ``trusted``."""
        trusted = {name: value for name, value in given.items() if sources.get(name) == "trusted"}
        if len(trusted) < len(given):
            self._session.worst = max(self._session.worst, Label.EXTERNAL)
        kinds = {declared.kind for it in self._manifests.values() for declared in it.arguments.values()}
        self._session.request(trusted, kinds | {it.output.kind for it in self._manifests.values()})

    def trust(self, value: Any, kind: str = "") -> None:
        """Take one value as the authenticated principal's own instruction, as of that kind alone."""
        self._session.trust(value, kind)

    def commit(self, plan: Plan) -> None:
        """Hold the run to *plan*. Raises ValueError once a tool has read what others wrote: a plan must not come from there."""
        if self._session.records.readings or self._session.worst >= Label.COUNTERPARTY or self._session.seen:
            raise ValueError("a plan is committed before anything was read")
        self._plan = Committed(plan)

    @property
    def plan(self) -> Committed | None:
        """The committed plan, as far as it was followed; extractions are told to it."""
        return self._plan

    def decide(self, tool: str, arguments: Mapping[str, Any], *, now: int) -> Decision:
        """Whether the call may be made, why, and what was looked at. Changes nothing, and never raises."""
        manifest = self._manifest(tool)
        try:
            values = self._labelled(manifest, arguments)
            verdict = self._policies.decide(
                Question(
                    agent=self._agent,
                    tool=tool,
                    effect=manifest.effect,
                    tenant=self._tenant,
                    context=context(self._session, manifest, arguments, values, self._scene(manifest, arguments, now)),
                )
            )
        except Exception as error:  # noqa: BLE001 -- nothing that goes wrong in here may let a call through
            return Decision(outcome="deny", reasons=(f"it could not be judged: {type(error).__name__}",), effect=manifest.effect)
        unanswered = verdict.outcome == "ask" and not self._attended
        return Decision(
            outcome="deny" if unanswered else verdict.outcome,
            reasons=(*verdict.reasons, "nobody is there to be asked") if unanswered else verdict.reasons,
            evidence=_evidence(values),
            effect=manifest.effect,
            labels=_by_path(values),
            policies=verdict.policies,
        )

    def intended(self, tool: str, arguments: Mapping[str, Any], at: int) -> None:
        """A call is about to be made: it counts, whatever becomes of it."""
        manifest = self._manifest(tool)
        if manifest.reads:
            return
        self._history.intended(manifest, arguments, at)
        made = f"{digest(canonical([tool, arguments]))[:24]}@{at}"
        for it in self._labelled(manifest, arguments):
            if it.declared.role in AIMS and Label.CONSTANT < it.label <= Label.ANCHORED:
                self._session.uses.setdefault(use(manifest, it), set()).add(made)
        if self._plan:
            self._plan.use(tool, arguments)

    def record(
        self, tool: str, arguments: Mapping[str, Any], result: Any, *, labels: Mapping[str, Label] | None = None, at: int, number: int
    ) -> dict[str, Label]:
        """Take in what a call returned, and return where each field comes from, by path.

        *labels* are what was stored with the object that was read, by path: a field is never better than that. *number* is that of the
        journal's entry, *at* its time.
        """
        del at  # for an entry's shape: a label does not age
        manifest = self._manifest(tool)
        values = self._labelled(manifest, arguments)
        source = f"{tool}, entry {number}"
        found = read(self._session, manifest, values, result, labels or {}, source, number)
        self._history.finished(tool, ok=True)
        if self._plan:
            self._plan.result(tool, arguments, _by_field(manifest, result))
        return found

    def joined(self, other: Self) -> Self:
        """The monitor where two branches of a run merge: no better than either. It follows this one's plan."""
        found = self._like()
        found._session = self._session.joined(other._session)
        found._history = self._history.joined(other._history)
        found._plan = self._plan
        return found

    def state(self) -> dict[str, Any]:
        """What it knows, as JSON: digests and labels, and the declared fields of records."""
        plan = self._plan.state() if self._plan else None
        return {"version": VERSION, "session": self._session.state(), "history": self._history.state(), "plan": plan}

    def resumed(self, state: Mapping[str, Any]) -> Self:
        """A monitor like this one that knows what *state* says. Raises ValueError for a state of another version."""
        if state.get("version") != VERSION:
            raise ValueError(f"no monitor's state of version {state.get('version')!r}")
        found = self._like()
        found._session = Session.restored(state["session"])
        found._history = History.restored(state["history"])
        found._plan = Committed.restored(state["plan"], self._manifests) if state["plan"] else None
        return found

    def _like(self) -> Self:
        return type(self)(
            self._manifests,
            self._policies,
            agent=self._agent,
            tenant=self._tenant,
            principal=self._principal,
            roles=self._roles,
            attended=self._attended,
            egress=self._egress,
        )

    def _manifest(self, tool: str) -> Manifest:
        return self._manifests.get(tool) or Manifest(name=tool)

    def _labelled(self, manifest: Manifest, arguments: Mapping[str, Any]) -> list[Labelled]:
        values = labelled(self._session, manifest, arguments)
        match = self._plan.match(manifest.name, arguments) if self._plan else None
        if match is None:
            return values
        return [_bound(it) if it.path in match.bound and it.label <= Label.COUNTERPARTY else it for it in values]

    def _scene(self, manifest: Manifest, arguments: Mapping[str, Any], now: int) -> Scene:
        planned = self._plan is not None, self._plan is not None and self._plan.match(manifest.name, arguments) is not None
        return Scene(
            principal=self._principal,
            roles=self._roles,
            attended=self._attended,
            planned=planned,
            history=self._history.facts(manifest, arguments, now),
            egress=self._egress,
        )


VERSION = 1
"""Of a monitor's state."""


def _bound(it: Labelled) -> Labelled:
    """A value that a committed plan takes from a typed field of an earlier result."""
    return replace(it, label=min(it.label, Label.ANCHORED), ambiguous=False)


def _by_path(values: Iterable[Labelled]) -> dict[str, Label]:
    found: dict[str, Label] = {}
    for it in values:
        found[it.path] = max(it.label, found.get(it.path, Label.CONSTANT))
    return found


def _evidence(values: Iterable[Labelled]) -> tuple[Mapping[str, Any], ...]:
    picked = {(it.picked.record.kind, it.picked.record.key): it.picked.record for it in values if it.picked}
    return tuple({"name": f"{it.kind} {it.key}", "value": dict(it.fields), "source": it.source} for it in picked.values())


def _by_field(manifest: Manifest, result: Any) -> dict[str, list[Any]]:
    """The values at each declared path of a result."""
    found: dict[str, list[Any]] = {}
    for path, value in leaves(result, ""):
        for declared in manifest.output.fields:
            if path.replace("[]", "").endswith(declared.replace("[]", "")) and declared:
                found.setdefault(declared, []).append(value)
    return found
