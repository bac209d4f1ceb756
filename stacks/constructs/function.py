"""A folder of functions/ as a Lambda function that everybody calls by its alias."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.catalog import Catalog, Function, generated
from stacks.constructs import archive, policies
from stacks.constructs.layers import ARCHITECTURES, PYTHON, Layers
from stacks.constructs.names import ALIAS, BUSINESS_TABLES, PLATFORM_TABLES
from stacks.constructs.role import role
from stacks.settings import Settings


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
        names, kind, name = settings.names, function.kind, function.name
        removal = RemovalPolicy.RETAIN if settings.retain else RemovalPolicy.DESTROY
        contents = generated.files(catalog, function)
        group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=names.log_group(kind, name),
            retention=logs.RetentionDays[settings.retention],
            removal_policy=removal,
        )
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / f"{name}.zip"
            archive.write(contents, path)
            self.function = lambda_.Function(
                self,
                "Function",
                function_name=names.function(kind, name),
                description=function.description,
                runtime=PYTHON,
                architecture=ARCHITECTURES[settings.architecture],
                handler="handler.handler",
                code=lambda_.Code.from_asset(str(path), asset_hash=generated.digest(contents)),
                layers=layers.of(function.layer),
                memory_size=function.memory,
                timeout=Duration.seconds(function.timeout),
                environment=environment(settings, function),
                role=role(
                    self,
                    principal=iam.ServicePrincipal("lambda.amazonaws.com"),
                    kind=kind,
                    name=name,
                    names=names,
                    statements=[policies.own_logs(names, kind, name), policies.traces(), *statements],
                ),
                tracing=lambda_.Tracing.ACTIVE,
                log_group=group,
                current_version_options=lambda_.VersionOptions(removal_policy=removal),
            )
        self.alias = lambda_.Alias(self, "Live", alias_name=ALIAS, version=self.function.current_version)


def environment(settings: Settings, function: Function) -> dict[str, str]:
    """The variables that the runtime reads once. They name things; what a function may do with them is its role's matter."""
    names = settings.names
    tables = (*PLATFORM_TABLES, *BUSINESS_TABLES)
    return {
        "SEPTET_ENVIRONMENT": settings.environment,
        **{f"SEPTET_{table.upper()}_TABLE": names.table(table) for table in tables},
        "SEPTET_BODIES_BUCKET": names.bucket(),
        "SEPTET_GATEWAY": f"{names.function('step', 'gateway')}:{ALIAS}",
        "SEPTET_TOOL_PREFIX": names.function("tool", ""),
        "SEPTET_STATE_MACHINE_PREFIX": names.state_machine_arn(""),
        "SEPTET_ISSUER": settings.issuer,
        "SEPTET_AUDIENCE": settings.audience,
        "SEPTET_JWKS_URL": settings.jwks_url,
        "POWERTOOLS_SERVICE_NAME": f"{function.kind}-{function.name}",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }
