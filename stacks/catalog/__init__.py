"""What there is to deploy: agents, tools, steps and workflows as folders and files declare them. Plain Python, no CDK."""

from stacks.catalog.declarations import Agent, Catalog, Function, Model, Step, Tool, Workflow
from stacks.catalog.problems import CatalogError
from stacks.catalog.reading import read

__all__ = ["Agent", "Catalog", "CatalogError", "Function", "Model", "Step", "Tool", "Workflow", "read"]
