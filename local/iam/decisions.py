"""What IAM would answer: a role's own policy, the boundary, and the policy of what is reached, for one call.

Within one account. Where AWS would let the policy of a resource allow what the role's own does not, this says no: our roles say all that
they may. What cannot be known counts against the call: an Allow does not apply, a Deny does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from local.iam import conditions, patterns
from local.iam.conditions import Context, Known
from local.iam.statements import Statement


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One action on one resource."""

    action: str
    """As policies write it: ``dynamodb:GetItem``."""
    resource: str
    """An ARN; ``*`` for an action that has no resource."""
    context: Context = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.action} on {self.resource}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """Allowed or not, and why."""

    allowed: bool
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Rights:
    """Everything that decides what one role may do."""

    principal: str
    """The role's ARN."""
    own: Sequence[Statement]
    boundary: Sequence[Statement]
    of_resources: Mapping[str, Sequence[Statement]] = field(default_factory=dict)
    """Policies of buckets and keys, by ARN."""

    def decide(self, call: Call) -> Decision:
        """What IAM would answer to *call*."""
        context = {**call.context, "aws:PrincipalArn": (self.principal,)}
        theirs = [one for one in self._at(call.resource) if _means(one.principals, self.principal)]
        for policy, held in (("its policy", self.own), ("the boundary", self.boundary), ("the resource's policy", theirs)):
            if denied := next((one for one in held if one.effect == "Deny" and applies(one, call, context) is not False), None):
                return Decision(allowed=False, why=f"{policy} denies it: {denied.sid or 'a statement without a name'}")
        if not allowing(self.own, call, context):
            return Decision(allowed=False, why=f"its policy does not allow it{_nearly(self.own, call)}")
        if not allowing(self.boundary, call, context):
            return Decision(allowed=False, why=f"the boundary does not allow it{_nearly(self.boundary, call)}")
        if call.action.startswith("kms:") and not any(one.effect == "Allow" and _delegates(one) for one in theirs):
            return Decision(allowed=False, why="the key's policy does not leave it to the account's policies")
        return Decision(allowed=True, why="")

    def _at(self, resource: str) -> list[Statement]:
        return [one for arn, held in self.of_resources.items() if resource == arn or resource.startswith(f"{arn}/") for one in held]


def applies(statement: Statement, call: Call, context: Context) -> Known:
    """Whether *statement* speaks about *call*, whoever makes it."""
    return conditions.both(
        [
            _covers(statement.actions, statement.other_than_actions, call.action, fold=True),
            _covers(statement.resources, statement.other_than_resources, call.resource),
            conditions.hold(statement.conditions, context),
        ]
    )


def allowing(held: Iterable[Statement], call: Call, context: Context) -> list[Statement]:
    """The statements that allow *call*."""
    return [one for one in held if one.effect == "Allow" and applies(one, call, context)]


def _covers(named: Sequence[str], excepted: Sequence[str], value: str, *, fold: bool = False) -> Known:
    """Whether *value* is named, or not excepted; a policy variable in a pattern makes that unknown."""
    if any("${" in pattern for pattern in (*named, *excepted)):
        return None
    if excepted:
        return not any(patterns.matches(pattern, value, fold=fold) for pattern in excepted)
    return any(patterns.matches(pattern, value, fold=fold) for pattern in named)


def _means(principals: Sequence[str], role: str) -> bool:
    root = f"{':'.join(role.split(':', 5)[:5])}:root"
    return any(one in {"*", role, root} for one in principals)


def _delegates(statement: Statement) -> bool:
    """Whether a key's statement hands the decision to the policies of its account."""
    return "kms:*" in statement.actions and any(one.endswith(":root") for one in statement.principals)


def _nearly(held: Iterable[Statement], call: Call) -> str:
    """Which statement would have allowed it, but for its resources or its conditions."""
    near = [one for one in held if one.effect == "Allow" and _covers(one.actions, one.other_than_actions, call.action, fold=True)]
    there = [one for one in near if _covers(one.resources, one.other_than_resources, call.resource)]
    if there:
        return f": the conditions of {there[0].sid} do not hold, or cannot be known"
    return f": {near[0].sid} is about other resources" if near else ""
