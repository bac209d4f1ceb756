"""The platform of one environment: its stacks, in the order in which they deploy."""

from copy import replace
from itertools import pairwise

from aws_cdk import Environment, Stage
from constructs import Construct

from stacks.catalog import Catalog
from stacks.execution import Execution
from stacks.foundation import Foundation
from stacks.integration import Integration
from stacks.observability import Observability
from stacks.orchestration import Orchestration
from stacks.security import Security
from stacks.settings import Settings


class Platform(Stage):
    """``Septet-<environment>``. Stacks know each other's names and nothing else, so the order matters only the first time."""

    def __init__(self, scope: Construct, *, catalog: Catalog, settings: Settings) -> None:
        catalog = replace(catalog, policies=replace(catalog.policies, mode=settings.policies_mode))
        environment = Environment(account=settings.account, region=settings.region)
        super().__init__(scope, f"Septet-{settings.environment}", env=environment)
        before = [
            Foundation(self, settings=settings),
            Security(self, catalog=catalog, settings=settings),
            Execution(self, catalog=catalog, settings=settings),
            Orchestration(self, catalog=catalog, settings=settings),
            Integration(self, catalog=catalog, settings=settings),
            Observability(self, catalog=catalog, settings=settings),
        ]
        for earlier, later in pairwise(before):
            later.add_stack_dependency(earlier)
