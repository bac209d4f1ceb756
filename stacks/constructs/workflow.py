"""A file of state_machines/ as a state machine that may call exactly what it names."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.catalog import Catalog, Workflow
from stacks.constructs import policies
from stacks.constructs.keeping import log_group
from stacks.constructs.names import Names, fill, pascal
from stacks.constructs.role import role
from stacks.settings import Settings


class StateMachine(Construct):
    """The machine, its role and its log group. Errors are logged, what the run is about is not."""

    def __init__(self, scope: Construct, *, workflow: Workflow, catalog: Catalog, settings: Settings) -> None:
        super().__init__(scope, pascal("workflow", workflow.name))
        names = settings.names
        aliases = {function.hole: names.alias_arn(function.kind, function.name) for function in catalog.functions}
        called = {hole: aliases[hole] for hole in workflow.functions}
        group = log_group(self, "workflow", workflow.name, settings)
        sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=names.state_machine(workflow.name),
            definition_body=sfn.DefinitionBody.from_string(fill(workflow.definition, names.values() | called)),
            state_machine_type=sfn.StateMachineType.STANDARD,
            role=self._role(workflow, list(called.values()), names),
            logs=sfn.LogOptions(destination=group, level=sfn.LogLevel.ERROR, include_execution_data=False),
            tracing_enabled=True,
        )

    def _role(self, workflow: Workflow, called: Sequence[str], names: Names) -> iam.IRole:
        ours = {"StringEquals": {"aws:SourceAccount": names.account}}
        principal = iam.ServicePrincipal("states.amazonaws.com", conditions=ours)
        statements = [*policies.workflow(called), *(policies.rows(names, workflow.name) if workflow.distributed else ())]
        return role(self, principal=principal, kind="workflow", name=workflow.name, names=names, statements=statements)
