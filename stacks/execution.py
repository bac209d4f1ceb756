"""Layer 2, agent execution: a function for each agent and each tool."""

from datetime import UTC, datetime, timedelta

from aws_cdk import Annotations, Stack
from constructs import Construct

from stacks.catalog import Catalog, CatalogError
from stacks.constructs import policies
from stacks.constructs.function import FolderFunction
from stacks.constructs.layers import Layers
from stacks.settings import Settings


class Execution(Stack):
    """Agents, which may call their models and the gateway, and tools, which may do what their policy files say."""

    def __init__(self, scope: Construct, *, catalog: Catalog, settings: Settings) -> None:
        super().__init__(scope, "Execution", description="Septet: agents and tools")
        _check_regions(catalog, settings)
        layers = Layers(self, catalog=catalog, settings=settings)
        permissions = [(agent.function, policies.agent(settings.names, agent)) for agent in catalog.agents.values()]
        permissions += [(tool.function, policies.from_file(tool.policy, catalog, settings.names)) for tool in catalog.tools.values()]
        for function, statements in permissions:
            FolderFunction(self, function=function, statements=statements, catalog=catalog, settings=settings, layers=layers)
        self._warn_of_endings(catalog)

    def _warn_of_endings(self, catalog: Catalog) -> None:
        soon = datetime.now(tz=UTC).date() + timedelta(days=60)
        for model in catalog.models.values():
            if model.end_of_life and model.end_of_life < soon:
                Annotations.of(self).add_warning_v2(
                    f"septet:{model.id}", f"the model {model.id} ends on {model.end_of_life}: choose another"
                )


def _check_regions(catalog: Catalog, settings: Settings) -> None:
    """Refuse an inference profile that cannot be called from the region."""
    raise_for = [
        model for agent in catalog.agents.values() for model in agent.models if model.regions and settings.region not in model.regions
    ]
    if raise_for:
        raise CatalogError(
            f"policies/models.toml: models.{model.id}.regions: lacks {settings.region}, where the agents are: name a profile of this region"
            for model in raise_for
        )
