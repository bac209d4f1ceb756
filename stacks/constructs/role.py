"""A role with its permissions written out, inside the boundary of its kind."""

from collections.abc import Iterable

from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.constructs import policies
from stacks.constructs.names import Names


def role(
    scope: Construct, *, principal: iam.IPrincipal, kind: str, name: str, names: Names, statements: Iterable[policies.Statement]
) -> iam.IRole:
    """A role for *principal* that may do what *statements* say and no more: no construct can add to it."""
    boundary = iam.ManagedPolicy.from_managed_policy_arn(scope, "Boundary", names.boundary_arn(kind))
    made = iam.Role(
        scope,
        "Role",
        assumed_by=principal,
        path=names.role_path(kind, name),
        permissions_boundary=boundary,
        inline_policies={"Septet": iam.PolicyDocument.from_json(policies.document(statements))},
    )
    return made.without_policy_updates()
