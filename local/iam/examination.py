"""What a record proves: which recorded calls a role would not have been allowed, and which grants no call has used."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from local.iam.decisions import Call, allowing
from local.iam.operations import Profile, Reading, UnknownOperationError
from local.iam.patterns import matches
from local.iam.recorded import Recorded
from local.iam.statements import Conditions, Statement
from local.iam.templates import Account, Role
from local.iam.words import thing


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """One action that a role's policy allows on one resource, or pattern of resources."""

    role: str
    """Kind and name: ``step gateway``."""
    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.role}: {self.action} on {thing(self.resource)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """Grants that the recording does not use, and why they stay: an entry of policies/unused.toml. Role and thing may be patterns."""

    role: str
    actions: tuple[str, ...]
    on: str
    """In the words of docs/iam.md: ``table accounts``."""
    reason: str
    sometimes: bool
    """Whether the recording may use them after all, as it does with what depends on time."""

    def fits(self, grant: Grant) -> bool:
        """Whether it speaks about *grant*."""
        return matches(self.role, grant.role) and grant.action in self.actions and matches(self.on, thing(grant.resource))


@dataclass(frozen=True, kw_only=True, slots=True)
class Examination:
    """What came of a record."""

    refused: Sequence[str]
    """A sentence for each role, operation and missing right."""
    used: frozenset[Grant]


def grants(account: Account) -> Iterator[Grant]:
    """Every grant of every role."""
    for role in account.roles:
        for statement in role.rights.own:
            if statement.effect == "Allow":
                pairs = ((action, resource) for action in statement.actions for resource in statement.resources)
                yield from (Grant(role=str(role), action=action, resource=resource) for action, resource in pairs)


def conditions_of(role: Role, action: str, resource: str) -> Conditions:
    """The conditions of the statement that grants *action* on *resource*."""
    found = (one for one in role.rights.own if one.effect == "Allow" and action in one.actions and resource in one.resources)
    return next((one.conditions for one in found), {})


def examine(account: Account, record: Iterable[Recorded], profiles: Mapping[str, Profile]) -> Examination:
    """Hold every call of *record* against the role that made it."""
    reading, refused, used = Reading(account=account, profiles=profiles), dict[str, None](), set[Grant]()
    for one in record:
        role = account.role(one.role)
        if role is None:
            refused[f"{one.role} is no role of the templates, and it called {one.service} {one.operation}"] = None
            continue
        try:
            calls = reading.calls(one)
        except UnknownOperationError as error:
            refused[f"{role}: {error}"] = None
            continue
        for call in calls:
            decision = role.rights.decide(call)
            if decision.allowed:
                used |= set(_using(role, call))
            else:
                refused[f"{role} called {one.service} {one.operation}, which needs {call}: {decision.why}"] = None
    return Examination(refused=[*refused], used=frozenset(used))


def without(account: Account, taken: Grant) -> Account:
    """*account* with one grant taken away: to see that it is missed."""
    roles = [_robbed(role, taken) if str(role) == taken.role else role for role in account.roles]
    return replace(account, roles=tuple(roles))


def _robbed(role: Role, taken: Grant) -> Role:
    own = tuple(part for one in role.rights.own for part in _less(one, taken))
    return replace(role, rights=replace(role.rights, own=own))


def _less(one: Statement, taken: Grant) -> Iterator[Statement]:
    """What is left of a statement; a part about nothing allows nothing."""
    if one.effect == "Deny" or taken.action not in one.actions or taken.resource not in one.resources:
        yield one
        return
    yield replace(one, actions=tuple(action for action in one.actions if action != taken.action))
    yield replace(one, actions=(taken.action,), resources=tuple(other for other in one.resources if other != taken.resource))


def _using(role: Role, call: Call) -> Iterator[Grant]:
    """The grants that allow *call*."""
    for statement in allowing(role.rights.own, call, {**call.context, "aws:PrincipalArn": (role.rights.principal,)}):
        for action in statement.actions:
            if matches(action, call.action, fold=True):
                fitting = (resource for resource in statement.resources if matches(resource, call.resource))
                yield from (Grant(role=str(role), action=action, resource=resource) for resource in fitting)


def kept(file: Path) -> list[Kept]:
    """The entries of policies/unused.toml."""
    entries = tomllib.loads(file.read_text())["kept"]
    return [Kept(**{"sometimes": False, **entry, "actions": tuple(entry["actions"])}) for entry in entries]


def profiles(file: Path) -> dict[str, Profile]:
    """The inference profiles in policies/models.toml."""
    models = tomllib.loads(file.read_text())["models"]
    return {
        id_: Profile(model=model["profile_of"], regions=tuple(model["regions"])) for id_, model in models.items() if "profile_of" in model
    }
