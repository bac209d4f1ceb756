"""The reference monitor: whether a call may be made, decided from platform facts alone. It trusts no word of the model's."""

from collections.abc import Callable, Iterable, Mapping
from copy import replace
from dataclasses import field
from typing import Any, Self

from septet.core.canonical import canonical, deep, digest
from septet.core.frozen import frozen
from septet.security.committed import Committed
from septet.security.evidence import evidence, told
from septet.security.facts import Scene, context, uses
from septet.security.given import AIMS, Labelled
from septet.security.history import History
from septet.security.labelling import labelled
from septet.security.labels import Label
from septet.security.manifests import UNDECLARED, Manifest
from septet.security.plans import Plan, leaves
from septet.security.questions import Outcome, Policies, Question
from septet.security.reading import Source, read
from septet.security.session import Session
from septet.security.written import wrote


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
        self._kinds = frozenset(it.output.kind for it in manifests.values())
        self._owned = frozenset(it.output.kind for it in manifests.values() if it.output.owner)
        self._session, self._history = Session(), History()
        self._plan: Committed | None = None
        self._endorses = False
        """Whether the plan was committed before anything was read."""
        self._instructed = False
        """Whether the request has any text that is trusted."""
        self._heard = False
        """Whether any tool has said anything yet."""

    def request(self, given: Mapping[str, Any], sources: Mapping[str, str]) -> None:
        """Take in a run's input. A field vouches for its values only where *sources* say ``trusted``."""
        trusted = {name: value for name, value in given.items() if sources.get(name) == "trusted"}
        if len(trusted) < len(given):
            self._session.worst = max(self._session.worst, Label.EXTERNAL)
        self._instructed = self._instructed or any(isinstance(value, str) and value for _, value in leaves(trusted, ""))
        kinds = {declared.kind for it in self._manifests.values() for declared in it.arguments.values()}
        self._session.request(trusted, kinds | self._kinds)

    def trust(self, value: Any, kind: str = "") -> None:
        """Take one value as the authenticated principal's own instruction, as of that kind alone."""
        self._session.trust(value, kind)

    def commit(self, plan: Plan) -> None:
        """Hold the calls that follow to *plan*. One that comes after a tool has read anything restricts as well, but endorses no value."""
        self._endorses = not self._heard
        self._plan = Committed(plan)

    def release(self) -> None:
        """The turn that planned is over: what follows is held to no plan."""
        self._plan = None

    @property
    def plan(self) -> Committed | None:
        """The committed plan, as far as it was followed; extractions are told to it."""
        return self._plan

    def decide(self, tool: str, arguments: Mapping[str, Any], *, now: int, agent: str = "") -> Decision:
        """Whether the call may be made (by *agent*, if not by the monitor's own), why, and what was looked at. Never raises."""
        manifest = self._manifest(tool)
        try:
            values = self._labelled(manifest, arguments)
            scene = self._scene(manifest, arguments, now)
            verdict = self._policies.decide(self._question(manifest, arguments, values, scene, agent or self._agent))
            reasons = told(verdict, values, int(scene.history["sum"]))
            behind = evidence(self._session, self._manifests, values) if verdict.outcome == "ask" else ()
        except Exception as error:  # noqa: BLE001 -- nothing that goes wrong in here may let a call through
            return Decision(outcome="deny", reasons=(f"it could not be judged: {type(error).__name__}",), effect=manifest.effect)
        unanswered = verdict.outcome == "ask" and not self._attended
        return Decision(
            outcome="deny" if unanswered else verdict.outcome,
            reasons=(*reasons, "nobody is there to be asked") if unanswered else reasons,
            evidence=behind,
            effect=manifest.effect,
            labels=_by_path(values),
            policies=verdict.policies,
        )

    def forbidden(self, tool: str, arguments: Mapping[str, Any], *, now: int) -> tuple[str, ...]:
        """Why the tenant's own policies forbid a call that is nobody's wish but follows from what was done; empty if they do not."""
        manifest = self._manifest(tool)
        try:
            values, scene = self._labelled(manifest, arguments), self._scene(manifest, arguments, now)
            verdict = self._policies.own(self._question(manifest, arguments, values, scene, self._agent))
        except Exception as error:  # noqa: BLE001 -- nothing that goes wrong in here may let a call through
            return (f"it could not be judged: {type(error).__name__}",)
        return () if verdict.outcome == "allow" else verdict.reasons or ("a policy of the tenant's own",)

    def intended(self, tool: str, arguments: Mapping[str, Any], at: int) -> None:
        """A call is about to be made: it counts, whatever becomes of it, and what it writes may be written even if it fails."""
        manifest = self._manifest(tool)
        if not manifest.reads:
            self._acted(manifest, arguments, at)
        if self._plan:
            self._plan.use(tool, arguments)

    def _acted(self, manifest: Manifest, arguments: Mapping[str, Any], at: int) -> None:
        self._history.intended(manifest, arguments, at)
        made = f"{digest(canonical([manifest.name, arguments]))[:24]}@{at}"
        values = self._labelled(manifest, arguments)
        wrote(self._session, values)
        for it in values:
            if it.declared.role in AIMS and Label.CONSTANT < it.label <= Label.ANCHORED:
                for key in uses(self._session, manifest, it):
                    self._session.uses.setdefault(key, set()).add(made)

    def failed(self, tool: str) -> None:
        """A call that was made has ended in an error, whose words may be anybody's: a page's, or another service's."""
        self._heard = True
        self._session.worst = max(self._session.worst, Label.EXTERNAL)
        self._history.finished(tool, ok=False)

    def record(
        self, tool: str, arguments: Mapping[str, Any], result: Any, *, labels: Mapping[str, Label] | None = None, at: int, number: int
    ) -> dict[str, Label]:
        """Take in what a call returned, and return where each field comes from, by path.

        *labels* are what was stored with the object that was read, by path: a field is never better than that. *number* is that of the
        journal's entry, *at* its time. One of too many levels is unknown throughout.
        """
        del at  # for an entry's shape: a label does not age
        manifest = self._manifest(tool)
        self._heard = True
        values = self._labelled(manifest, arguments)
        self._history.finished(tool, ok=True)
        if deep(result):
            return self._unread(manifest)
        found = read(self._session, manifest, values, result, Source(tool=tool, number=number, stored=labels or {}))
        if self._plan:
            self._plan.result(tool, arguments, _by_field(manifest, result))
        return found

    def _unread(self, manifest: Manifest) -> dict[str, Label]:
        """A result that cannot be looked through may hold anything that the tool may return."""
        self._session.worst = Label.UNKNOWN
        self._session.secret = self._session.secret or any(it.secret for it in manifest.output.fields.values())
        return {"": Label.UNKNOWN}

    def told(self, label: Label) -> None:
        """Text from outside of that label has come in, and not by a tool: from a branch, a session, or somebody who was asked."""
        self._heard = True
        self._session.worst = max(self._session.worst, label)

    def parted(self) -> Self:
        """The monitor of a branch that begins here, beside others: it knows all that this one knows, and is held to no plan."""
        found = self.resumed(self.state())
        found._plan, found._endorses = None, False  # noqa: SLF001 -- one of us
        found._session.parted = True  # noqa: SLF001 -- one of us
        found._history = self._history.parted()  # noqa: SLF001 -- one of us
        return found

    def joined(self, other: Self) -> Self:
        """The monitor where two branches of a run merge: no better than either. It follows this one's plan."""
        found = self._like()
        found._session = self._session.joined(other._session)  # noqa: SLF001 -- one of us
        found._history = self._history.joined(other._history)  # noqa: SLF001 -- one of us
        found._plan, found._endorses = self._plan, self._endorses  # noqa: SLF001 -- one of us
        found._instructed = self._instructed or other._instructed  # noqa: SLF001 -- one of us
        found._heard = self._heard or other._heard  # noqa: SLF001 -- one of us
        return found

    def state(self) -> dict[str, Any]:
        """What it knows, as JSON: digests and labels, and the declared fields of records."""
        plan = self._plan.state() if self._plan else None
        return {
            "version": VERSION,
            "session": self._session.state(),
            "history": self._history.state(),
            "plan": plan,
            "endorses": self._endorses,
            "instructed": self._instructed,
            "heard": self._heard,
        }

    def resumed(self, state: Mapping[str, Any]) -> Self:
        """A monitor like this one that knows what *state* says. Raises ValueError for a state of another version."""
        if state.get("version") != VERSION:
            raise ValueError(f"no monitor's state of version {state.get('version')!r}")
        found = self._like()
        found._session = Session.restored(state["session"])  # noqa: SLF001 -- one of us
        found._history = History.restored(state["history"])  # noqa: SLF001 -- one of us
        found._plan = Committed.restored(state["plan"], self._manifests) if state["plan"] else None  # noqa: SLF001 -- one of us
        found._endorses, found._instructed, found._heard = state["endorses"], state["instructed"], state["heard"]  # noqa: SLF001 -- one of us
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
        values = labelled(self._session, manifest, arguments, self._kinds)
        match = self._plan.match(manifest.name, arguments) if self._plan and self._endorses else None
        if match is None:
            return values
        return [_bound(it) if it.path in match.bound and it.label <= Label.COUNTERPARTY else it for it in values]

    def _question(self, manifest: Manifest, arguments: Mapping[str, Any], values: list[Labelled], scene: Scene, agent: str) -> Question:
        return Question(
            agent=agent,
            tool=manifest.name,
            effect=manifest.effect,
            tenant=self._tenant,
            context=context(self._session, manifest, arguments, values, scene),
        )

    def _scene(self, manifest: Manifest, arguments: Mapping[str, Any], now: int) -> Scene:
        match = self._plan.match(manifest.name, arguments) if self._plan else None
        return Scene(
            principal=self._principal,
            owned=self._owned,
            roles=self._roles,
            attended=self._attended,
            instructed=self._instructed,
            planned=(self._plan is not None, match is not None),
            endorsed=match is not None and match.settled and self._endorses,
            history=self._history.facts(manifest, arguments, now),
            egress=self._egress,
        )


VERSION = 3
"""Of a monitor's state."""


def _bound(it: Labelled) -> Labelled:
    """A value that a committed plan takes from a typed field of an earlier result."""
    return replace(it, label=min(it.label, Label.ANCHORED), ambiguous=False, unplanned=it.label)


def _by_path(values: Iterable[Labelled]) -> dict[str, Label]:
    found: dict[str, Label] = {}
    for it in values:
        found[it.path] = max(it.label, found.get(it.path, Label.CONSTANT))
    return found


def _by_field(manifest: Manifest, result: Any) -> dict[str, list[Any]]:
    """The values at each declared path of a result."""
    found: dict[str, list[Any]] = {}
    start = f"{manifest.output.at}." if manifest.output.at else ""
    names = {declared.replace("[]", "").removeprefix("."): declared for declared in manifest.output.fields}
    for path, value in leaves(result, ""):
        bare = path.replace("[]", "").removeprefix(".")
        declared = names.get(bare.removeprefix(start)) or names.get(bare)
        if declared is not None:
            found.setdefault(declared, []).append(value)
    return found
