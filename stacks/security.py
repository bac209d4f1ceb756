"""Layer 5, security: the boundaries around all roles, and the gateway, which is the only way to a tool."""

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.catalog import Catalog
from stacks.constructs import policies
from stacks.constructs.names import BOUNDARIES, UNDOER, gateway_alias, pascal
from stacks.constructs.steps import deploy_steps
from stacks.settings import Settings


class Security(Stack):
    """The permissions boundaries and the steps that decide; the gateway has an alias for each agent, which that agent alone may invoke."""

    def __init__(self, scope: Construct, *, catalog: Catalog, settings: Settings) -> None:
        super().__init__(scope, "Security", description="Septet: the boundaries and the tool gateway")
        boundaries = [
            iam.ManagedPolicy(
                self,
                pascal("boundary", name),
                managed_policy_name=settings.names.boundary(name),
                description=f"What no role of Septet can go beyond, whatever its own policy says: {_whose(name)}.",
                document=iam.PolicyDocument.from_json(policies.document(policies.from_file(file, catalog, settings.names))),
            )
            for name, file in catalog.boundaries.items()
        ]
        CfnOutput(self, "PoliciesMode", value=settings.policies_mode, description="Whether policies stop calls: enforce, or shadow")
        catalog.step("gateway")
        steps = deploy_steps(self, "security", catalog=catalog, settings=settings)
        for function in steps.values():
            function.node.add_dependency(*boundaries)
        for agent in catalog.agents:
            steps["gateway"].called(pascal("agent", agent), gateway_alias(agent))
        steps["gateway"].called("StepCompensate", UNDOER)


def _whose(boundary: str) -> str:
    """The kinds of roles that have it."""
    return " and ".join(f"{kind}s" for kind, name in BOUNDARIES.items() if name == boundary)
