"""A folder of functions/ as a Lambda function that everybody calls by its alias."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.catalog import Catalog, Function, generated
from stacks.catalog.declarations import Budgets
from stacks.constructs import archive, policies
from stacks.constructs.keeping import log_group, removal
from stacks.constructs.layers import ARCHITECTURES, PYTHON, Layers
from stacks.constructs.names import ALIAS, BUSINESS_TABLES, PLATFORM_TABLES
from stacks.constructs.role import role
from stacks.settings import Settings

API = "StepApi"
TELEMETRY = "telemetry"
"""The layer of whoever sends spans."""
"""The function that people reach: it alone knows the guardrail, and who may stop the platform, where there are such."""


class FolderFunction(Construct):
    """The function, its role, its log group, the version of this code and settings, and the alias ``live`` on that version."""

    def __init__(
        self,
        scope: Construct,
        *,
        function: Function,
        statements: Sequence[policies.Statement],
        catalog: Catalog,
        settings: Settings,
        layers: Layers,
    ) -> None:
        super().__init__(scope, function.hole)
        contents = generated.files(catalog, function)
        with tempfile.TemporaryDirectory() as scratch:  # the construct copies the zip file when it is made
            path = Path(scratch) / f"{function.name}.zip"
            archive.write(contents, path)
            made = lambda_.Function(
                self,
                "Function",
                function_name=settings.names.function(function.kind, function.name),
                description=function.description,
                runtime=PYTHON,
                architecture=ARCHITECTURES[settings.architecture],
                handler="handler.handler",
                code=lambda_.Code.from_asset(str(path), asset_hash=generated.digest(contents)),
                layers=layers.of(function.layer),
                memory_size=function.memory,
                timeout=Duration.seconds(function.timeout),
                environment=environment(settings, function, catalog.budgets),
                role=self._role(function, statements, settings),
                tracing=lambda_.Tracing.ACTIVE,
                log_group=log_group(self, function.kind, function.name, settings),
                current_version_options=lambda_.VersionOptions(removal_policy=removal(settings)),
            )
        self._version = made.current_version
        self.alias = self.called("Live", ALIAS)

    def called(self, id_: str, alias: str) -> lambda_.Alias:
        """The version under one more name."""
        return lambda_.Alias(self, id_, alias_name=alias, version=self._version)

    def _role(self, function: Function, statements: Sequence[policies.Statement], settings: Settings) -> iam.IRole:
        names, kind, name = settings.names, function.kind, function.name
        observed = [policies.own_logs(names, kind, name), policies.traces()]
        principal = iam.ServicePrincipal("lambda.amazonaws.com")
        return role(self, principal=principal, kind=kind, name=name, names=names, statements=[*observed, *statements])


def environment(settings: Settings, function: Function, budgets: Budgets) -> dict[str, str]:
    """The variables that the runtime reads once. They name things; what a function may do with them is its role's matter."""
    names = settings.names
    tables = (*PLATFORM_TABLES, *BUSINESS_TABLES)
    return {
        "SEPTET_ENVIRONMENT": settings.environment,
        **{f"SEPTET_{table.upper()}_TABLE": names.table(table) for table in tables},
        "SEPTET_BUDGETS": json.dumps(asdict(budgets)),
        "SEPTET_CONCURRENT_RUNS": str(settings.concurrent_runs),
        "SEPTET_BODIES_BUCKET": names.bucket(),
        "SEPTET_BODIES_KEY": names.bodies_key_arn(),
        "SEPTET_SEALS_BUCKET": names.seals(),
        "SEPTET_SEALS_KEY": names.arn("kms", names.seals_key()),
        "SEPTET_EVENTS_DEAD": names.queue("events-dead"),
        "SEPTET_PROJECTION_DEAD": names.queue("projection-dead"),
        "SEPTET_REPLAYS": names.queue("replays"),
        "SEPTET_BUS": names.bus(),
        "SEPTET_ERASER": f"{names.function('step', 'erase_content')}:{ALIAS}",
        "SEPTET_ADVANCER": f"{names.function('step', 'advance_sessions')}:{ALIAS}",
        "SEPTET_RECONCILER": f"{names.function('step', 'reconcile_stops')}:{ALIAS}",
        **({"SEPTET_PLATFORM_TENANT": settings.platform_tenant} if settings.platform_tenant and function.hole == API else {}),
        "SEPTET_ID_KEY": names.id_key(),
        "SEPTET_GATEWAY": names.gateway(function.name) if function.kind == "agent" else names.function("step", "gateway"),
        "SEPTET_TOOL_PREFIX": names.function("tool", ""),
        "SEPTET_STATE_MACHINE_PREFIX": names.state_machine_arn(""),
        "SEPTET_ISSUER": settings.issuer,
        "SEPTET_AUDIENCE": settings.audience,
        **({"SEPTET_TRACES_URL": settings.traces_url} if settings.traces_url and function.layer == TELEMETRY else {}),
        **({"SEPTET_GUARDRAIL": settings.guardrail} if settings.guardrail and function.hole == API else {}),
        "SEPTET_JWKS_URL": settings.jwks_url,
        "POWERTOOLS_SERVICE_NAME": f"{function.kind}-{function.name}",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }
