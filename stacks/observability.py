"""Layer 6, observability: the projector, the observer, and what their figures raise."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from stacks.catalog import Catalog
from stacks.constructs.alarms import Alarms
from stacks.constructs.dashboards import Dashboards
from stacks.constructs.projector import Projecting
from stacks.constructs.queries import Queries
from stacks.constructs.replaying import Replaying
from stacks.constructs.steps import deploy_steps
from stacks.settings import Settings


class Observability(Stack):
    """What looks at the platform. Nothing in it is in the way of a run: without this stack, runs go on as they do."""

    def __init__(self, scope: Construct, *, catalog: Catalog, settings: Settings) -> None:
        super().__init__(scope, "Observability", description="Septet: traces, metrics, costs and alarms")
        catalog.step("project")
        catalog.step("observe")
        catalog.step("replay")
        steps = deploy_steps(self, "observability", catalog=catalog, settings=settings)
        Projecting(self, projector=steps["project"].alias, settings=settings)
        Replaying(self, replayer=steps["replay"].alias, settings=settings)
        events.Rule(
            self,
            "EachMinute",
            description="What stands at the moment is told, so that alarms and dashboards have it.",
            schedule=events.Schedule.rate(Duration.minutes(1)),
            targets=[targets.LambdaFunction(steps["observe"].alias)],
        )
        if settings.watched:
            Alarms(self, catalog=catalog, settings=settings)
            Dashboards(self, catalog=catalog, settings=settings)
        Queries(self, catalog=catalog, settings=settings)
