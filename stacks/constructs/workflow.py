"""A file of state_machines/ as a state machine that may call exactly what it names."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.catalog import Catalog, Workflow
from stacks.constructs import policies
from stacks.constructs.names import fill, pascal
from stacks.constructs.role import role
from stacks.settings import Settings


class StateMachine(Construct):
    """The machine, its role and its log group. Errors are logged, what the run is about is not."""

    def __init__(self, scope: Construct, *, workflow: Workflow, catalog: Catalog, settings: Settings) -> None:
        super().__init__(scope, pascal("workflow", workflow.name))
        names = settings.names
        aliases = {function.hole: names.alias_arn(function.kind, function.name) for function in catalog.functions}
        called = {hole: aliases[hole] for hole in workflow.functions}
        group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=names.log_group("workflow", workflow.name),
            retention=logs.RetentionDays[settings.retention],
            removal_policy=RemovalPolicy.RETAIN if settings.retain else RemovalPolicy.DESTROY,
        )
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=names.state_machine(workflow.name),
            definition_body=sfn.DefinitionBody.from_string(fill(workflow.definition, names.values() | called)),
            state_machine_type=sfn.StateMachineType.STANDARD,
            role=role(
                self,
                principal=iam.ServicePrincipal("states.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": names.account}}),
                kind="workflow",
                name=workflow.name,
                names=names,
                statements=policies.workflow(list(called.values())),
            ),
            logs=sfn.LogOptions(destination=group, level=sfn.LogLevel.ERROR, include_execution_data=False),
            tracing_enabled=True,
        )
