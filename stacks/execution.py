"""Layer 2, agent execution: a function for each agent and each tool."""

from datetime import UTC, date, datetime, timedelta

from aws_cdk import Stack
from constructs import Construct

from stacks.catalog import Catalog, CatalogError
from stacks.catalog.models import FILE
from stacks.constructs import policies
from stacks.constructs.function import FolderFunction
from stacks.constructs.layers import Layers
from stacks.settings import Settings

WARNED = timedelta(days=90)
"""How long before its end the synth warns of a model."""


class Execution(Stack):
    """Agents, which may call their models and the gateway, and tools, which may do what their policy files say."""

    def __init__(self, scope: Construct, *, catalog: Catalog, settings: Settings) -> None:
        super().__init__(scope, "Execution", description="Septet: agents and tools")
        today = datetime.now(tz=UTC).date()
        _check_regions(catalog, settings)
        check_endings(catalog, today)
        layers = Layers(self, catalog=catalog, settings=settings)
        permissions = [(agent.function, policies.agent(settings.names, agent)) for agent in catalog.agents.values()]
        permissions += [(tool.function, policies.from_file(tool.policy, catalog, settings.names)) for tool in catalog.tools.values()]
        for function, statements in permissions:
            FolderFunction(self, function=function, statements=statements, catalog=catalog, settings=settings, layers=layers)


def warnings(catalog: Catalog, today: date) -> list[str]:
    """A sentence for each model that ends soon. The app prints them: `cdk synth --quiet` leaves annotations out."""
    return [
        f"warning: {FILE}: models.{model.id}.end_of_life: is {model.end_of_life}, in {(model.end_of_life - today).days} days: "
        "name another model in its place and remove this one; after that day nothing deploys, and its calls fail"
        for model in catalog.models.values()
        if model.end_of_life and today <= model.end_of_life < today + WARNED
    ]


def check_endings(catalog: Catalog, today: date) -> None:
    """Refuse a model that has ended: calls of it fail, also where it only stands in."""
    if ended := [model for model in catalog.models.values() if model.end_of_life and model.end_of_life < today]:
        raise CatalogError(
            f"{FILE}: models.{model.id}.end_of_life: was {model.end_of_life}: remove the model, and name another in its place"
            for model in ended
        )


def _check_regions(catalog: Catalog, settings: Settings) -> None:
    """Refuse an inference profile that cannot be called from the region."""
    wrong = {
        (model.id, region)
        for agent in catalog.agents.values()
        for model in agent.models
        if model.regions and (region := model.region or settings.region) not in model.regions
    }
    if wrong:
        raise CatalogError(
            f"{FILE}: models.{id_}.regions: lacks {region}, where the agents are: name a profile of this region, or a region"
            for id_, region in wrong
        )
