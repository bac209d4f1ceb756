"""Cedar policies as files: read, and checked against the schema and against what there is to name."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cedarpy import PolicySet, Schema, pst, validate_policies

from stacks.catalog.declarations import Policies
from stacks.catalog.files import names, read_text
from stacks.catalog.problems import Problems, known, nearest

SCHEMA = "policies/schema.cedarschema"
OWN, TENANTS = "policies/own", "policies/tenants"

_OUTCOMES = {"permit": ("allow", "ask"), "forbid": ("deny", "ask")}
_ANNOTATIONS = frozenset({"id", "outcome", "reason", "enforced"})
_TENANT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
"""As the runtime takes it from a token."""
_NUMBERED = re.compile(r"for policy `policy\d+`, ")
_BEFORE = pst.GetAttr(base=pst.GetAttr(base=pst.Var(name="context"), attr="history"), attr="before")
"""``context.history.before``: names of tools, as texts."""
_HOW = "docs/policies.md shows how one is written"


@dataclass(frozen=True, slots=True)
class _Reader:
    """What every file is held against."""

    root: Path
    schema: Schema | None
    """None when it is what is wrong."""
    problems: Problems
    ids: dict[str, str] = field(default_factory=dict)
    """The file of every ``@id`` that was read, tenants' own left out."""

    def text(self, path: Path) -> str:
        """The text of a file of policies, with everything that is wrong with it noted."""
        file = path.relative_to(self.root).as_posix()
        text = read_text(path, file, self.problems)
        found = self._policies(file, text)
        for position, policy in found.items():
            self._check(file, _called(position, policy), policy)
            self._check_names(file, _called(position, policy), policy)
        if self.schema and found:
            self._validate(file, text, self.schema, found)
        return text

    def _policies(self, file: str, text: str) -> Mapping[str, pst.Template]:
        """The policies of *text*, by the position that Cedar calls them by."""
        try:
            found = PolicySet.from_str(text).to_pst()
        except ValueError as error:
            self.problems.add(file, "", f"is not Cedar: {error}; {_HOW}")
            return {}
        if found.templates:
            self.problems.add(file, "", "has a policy with a slot (?principal, ?resource), which nothing fills: name what it is about")
        elif text.strip() and not found.static_policies:
            self.problems.add(file, "", "holds no policy: write one, or remove the file")
        return found.static_policies

    def _check(self, file: str, name: str, policy: pst.Template) -> None:
        said, outcomes = policy.annotations, _OUTCOMES[policy.effect]
        self._check_id(file, name, said.get("id", ""))
        if not said.get("reason"):
            self.problems.add(file, name, 'has no @reason: add @reason("...") with the sentence that a person is to read')
        if said.get("outcome", outcomes[0]) not in outcomes:
            there = " or ".join(f'"{outcome}"' for outcome in outcomes)
            self.problems.add(file, name, f"has the @outcome {said['outcome']!r}: a {policy.effect} has {there}")
        for annotation in sorted(said.keys() - _ANNOTATIONS):
            close = nearest(annotation, _ANNOTATIONS)
            self.problems.add(file, name, f"has the annotation @{annotation}{close}: nothing reads it; there is {known(_ANNOTATIONS)}")
        if file.startswith(TENANTS) and policy.effect == "permit":
            self.problems.add(file, name, "permits: a tenant's own policies only restrict; make it a forbid, or move it into policies/own/")

    def _check_id(self, file: str, name: str, id_: str) -> None:
        if not id_:
            self.problems.add(file, name, 'has no @id: add @id("...") with a name that no other policy has')
        elif id_ in self.ids:
            self.problems.add(file, name, f"has the @id of a policy in {self.ids[id_]}: give each its own")
        elif not file.startswith(TENANTS):
            self.ids[id_] = file

    def _check_names(self, file: str, name: str, policy: pst.Template) -> None:
        """Note what *policy* names that is not there; what is shipped names nothing at all."""
        generic = file.count("/") == 1
        for kind, found in sorted(_named(policy)):
            there = names(self.root, f"{kind}s")
            if generic:
                self.problems.add(
                    file, name, f"names the {kind} {found!r}: move it into {OWN}/; policies here know effects and labels only"
                )
            elif found not in there:
                self.problems.add(file, name, f"names the {kind} {found!r}{nearest(found, there)}: there is {known(there)}")

    def _validate(self, file: str, text: str, schema: Schema, policies: Mapping[str, pst.Template]) -> None:
        # Cedar tells an error once for each effect that the policy is about, in no order: one is enough, and always the same.
        found = sorted(validate_policies(text, schema).errors, key=lambda error: error.error)
        errors = {error.policy_id: error.error for error in found}
        for position, error in errors.items():
            name = _called(position, policies[position]) if position in policies else ""
            self.problems.add(file, name, f"does not fit {SCHEMA}: {_NUMBERED.sub('', error)}; correct the policy")


def cedar(root: Path, problems: Problems) -> Policies:
    """The policies, with every problem in them noted."""
    schema = read_text(root / SCHEMA, SCHEMA, problems, what="what policies may ask about")
    reader = _Reader(root, _schema(schema, problems), problems)
    shared = [*sorted((root / "policies").glob("*.cedar")), *sorted((root / OWN).glob("*.cedar"))]
    sources = {path.relative_to(root).as_posix(): reader.text(path) for path in shared}
    if not sources:
        problems.add("policies/", "", "holds no *.cedar, and without a policy every call is denied: write one, or restore those of Septet")
    tenants = {path.stem: _Reader(root, reader.schema, problems, dict(reader.ids)).text(path) for path in _tenants(root, problems)}
    for path in sorted((root / "policies").rglob("*.cedar")):
        if path.parent.relative_to(root).as_posix() not in {"policies", OWN, TENANTS}:
            problems.add(path.relative_to(root).as_posix(), "", f"is not read: move it into policies/, {OWN}/ or {TENANTS}/")
    return Policies(sources=sources, schema=schema, tenants=tenants)


def _tenants(root: Path, problems: Problems) -> Iterator[Path]:
    for path in sorted((root / TENANTS).glob("*.cedar")):
        if not _TENANT.fullmatch(path.stem):
            file = path.relative_to(root).as_posix()
            problems.add(file, "", "is named as no tenant can be: use its name, which has lower-case letters, digits and hyphens")
        yield path


def _schema(text: str, problems: Problems) -> Schema | None:
    try:
        return Schema.from_str(text) if text.strip() else None
    except ValueError as error:
        problems.add(SCHEMA, "", f"is no schema of Cedar's: {error}; restore Septet's, or correct it")
        return None


def _called(position: str, policy: pst.Template) -> str:
    return policy.annotations.get("id") or f"policy {int(position.removeprefix('policy')) + 1}"


def _named(policy: pst.Template) -> set[tuple[str, str]]:
    """The agents and tools that *policy* names, as (agent or tool, name)."""
    kinds = {"Septet::Agent": "agent", "Septet::Tool": "tool"}
    found = {(kinds[str(uid.type)], uid.id) for uid in pst.entity_uids(policy) if str(uid.type) in kinds}
    return found | {("tool", name) for clause in policy.clauses for name in _succeeded(clause.expr)}


def _succeeded(expression: object) -> Iterator[str]:
    """The tools that an expression looks for in ``context.history.before``."""
    if isinstance(expression, pst.BinaryOp) and expression.left == _BEFORE:
        yield from _texts(expression.right)
    for inner in _parts(expression):
        yield from _succeeded(inner)


def _texts(expression: object) -> Iterator[str]:
    if isinstance(expression, pst.StringLit):
        yield expression.value
    elif isinstance(expression, pst.Set):
        for element in expression.elements:
            yield from _texts(element)


def _parts(expression: object) -> Collection[object]:
    """The expressions right within one."""
    if isinstance(expression, pst.Record):
        return expression.fields.values()
    if isinstance(expression, pst.Set):
        return expression.elements
    return [
        getattr(expression, name)
        for name in ("base", "arg", "left", "right", "cond", "then_expr", "else_expr", "in_expr")
        if hasattr(expression, name)
    ]
