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
_SCHEDULES = (
    ("EachMinute", 1, "deliver_decisions", "Decisions that were written but not delivered are delivered."),
    ("AnswersEachMinute", 1, "deliver_answers", "Answers that were written but not delivered are delivered."),
    ("StopsEachMinute", 1, "reconcile_stops", "Stops go on until nothing that they cover runs."),
    ("SessionsEachMinute", 1, "advance_sessions", "Sessions whose next run was not started yet go on."),
    (
        "EachFiveMinutes",
        5,
        "sweep_accounts",
        "What workers that are gone left reserved is settled, and the accounts of ended runs are closed.",
    ),
    (
        "EachQuarter",
        15,
        "seal_journal",
        "What journals have come to is sealed, once an hour; the other three calls go on where one stopped.",
    ),
)
"""What time sets going: the rule's name, every how many minutes, the step, and what for."""


class Orchestration(Stack):
    """Workflows and steps: what the end of an execution, and the time, set going."""

    def __init__(self, scope: Construct, *, catalog: Catalog, settings: Settings) -> None:
        super().__init__(scope, "Orchestration", description="Septet: workflows and their steps")
        for name in (
            "advance_sessions",
            "ask_person",
            "choose_agent",
            "claim",
            "close_run",
            "compare",
            "degrade",
            "compensate",
            "deliver_answers",
            "deliver_decisions",
            "hear",
            "inquire",
            "part",
            "read_rows",
            "reconcile_stops",
            "resolve",
            "seal_journal",
            "submit_row",
            "sweep_accounts",
            "take_over",
            "write_results",
        ):
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
        for name, minutes, step, description in _SCHEDULES:
            events.Rule(
                self,
                name,
                description=description,
                schedule=events.Schedule.rate(Duration.minutes(minutes)),
                targets=[targets.LambdaFunction(steps[step].alias)],
            )
