"""Layer 4, orchestration: the state machines, and the steps that keep runs and decisions moving."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from stacks.catalog import Catalog
from stacks.constructs.steps import deploy_steps
from stacks.constructs.workflow import StateMachine
from stacks.settings import Settings

_ENDS = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]


class Orchestration(Stack):
    """Workflows and steps: what the end of an execution, and the time, set going."""

    def __init__(self, scope: Construct, *, catalog: Catalog, settings: Settings) -> None:
        super().__init__(scope, "Orchestration", description="Septet: workflows and their steps")
        for name in ("ask_person", "close_run", "deliver_decisions", "seal_journal", "sweep_accounts"):
            catalog.step(name)
        steps = deploy_steps(self, "orchestration", catalog=catalog, settings=settings)
        for workflow in catalog.workflows.values():
            StateMachine(self, workflow=workflow, catalog=catalog, settings=settings)
        machines = [settings.names.state_machine_arn(workflow) for workflow in catalog.workflows]
        events.Rule(
            self,
            "RunEnded",
            description="The end of an execution closes its run.",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={"status": _ENDS, "stateMachineArn": machines},
            ),
            targets=[targets.LambdaFunction(steps["close_run"].alias)],
        )
        events.Rule(
            self,
            "EachMinute",
            description="Decisions that were written but not delivered are delivered.",
            schedule=events.Schedule.rate(Duration.minutes(1)),
            targets=[targets.LambdaFunction(steps["deliver_decisions"].alias)],
        )
        events.Rule(
            self,
            "EachFiveMinutes",
            description="What workers that are gone left reserved is settled, and the accounts of ended runs are closed.",
            schedule=events.Schedule.rate(Duration.minutes(5)),
            targets=[targets.LambdaFunction(steps["sweep_accounts"].alias)],
        )
        events.Rule(
            self,
            "EachQuarter",
            description="What journals have come to is sealed, once an hour; the other three calls go on where one stopped.",
            schedule=events.Schedule.rate(Duration.minutes(15)),
            targets=[targets.LambdaFunction(steps["seal_journal"].alias)],
        )
