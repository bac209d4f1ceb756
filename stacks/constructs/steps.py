"""The steps of one stack."""

from aws_cdk import Stack

from stacks.catalog import Catalog
from stacks.constructs import policies
from stacks.constructs.function import API, FolderFunction
from stacks.constructs.layers import Layers
from stacks.settings import Settings


def deploy_steps(stack: Stack, name: str, *, catalog: Catalog, settings: Settings) -> dict[str, FolderFunction]:
    """A function for each step that declares *name* as its stack, by the step's name; each may do what its policy file says."""
    steps = catalog.steps_in(name)
    layers = Layers(stack, catalog=catalog, settings=settings)
    return {
        step.function.name: FolderFunction(
            stack,
            function=step.function,
            statements=[
                *policies.from_file(step.policy, catalog, settings.names),
                *(policies.guardrail(settings.names, settings.guardrail) if step.function.hole == API else ()),
            ],
            catalog=catalog,
            settings=settings,
            layers=layers,
        )
        for step in steps
    }
