"""The layers of one stack. Each stack has its own versions of the same zip files, so that it deploys and rolls back alone."""

from pathlib import Path

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.catalog import Catalog
from stacks.constructs.wheels import Built, Workshop
from stacks.settings import Settings

ROOT = Path(__file__).parents[2]
PYTHON = lambda_.Runtime.PYTHON_3_13
ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}


class Layers(Construct):
    """The runtime package and the groups of wheels, each made when it is first asked for."""

    def __init__(self, scope: Construct, *, catalog: Catalog, settings: Settings) -> None:
        super().__init__(scope, "Layers")
        self._catalog = catalog
        self._settings = settings
        self._workshop = Workshop(cache=ROOT / ".layers")
        self._made: dict[str, lambda_.LayerVersion] = {}

    def of(self, group: str) -> list[lambda_.ILayerVersion]:
        """The layers of a function that needs the wheels of *group*."""
        if "runtime" not in self._made:
            package = self._workshop.package(ROOT / "layers" / "runtime" / "python")
            self._made["runtime"] = self._version("runtime", package, "The package septet.")
        if group not in self._made:
            wheels = self._workshop.wheels(self._catalog.layers[group], platform=self._settings.wheels)
            self._made[group] = self._version(group, wheels, f"Third-party packages, group {group}.")
        return [self._made["runtime"], self._made[group]]

    def _version(self, name: str, built: Built, description: str) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            name.capitalize(),
            code=lambda_.Code.from_asset(str(built.path), asset_hash=built.key),
            description=description,
            compatible_runtimes=[PYTHON],
            compatible_architectures=[ARCHITECTURES[self._settings.architecture]],
        )
