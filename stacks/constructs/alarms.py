"""The alarms as CloudWatch has them, and the topics on which they are told."""

from collections.abc import Iterable, Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.catalog import Catalog
from stacks.constructs.burning import Workflow
from stacks.constructs.keeping import removal
from stacks.constructs.measured import Alert, Metrics, Query, Watch
from stacks.constructs.names import Names
from stacks.constructs.troubles import Platform
from stacks.settings import Settings

RUNBOOK = "docs/runbook.md"


def alerts(catalog: Catalog, names: Names) -> tuple[Alert, ...]:
    """Every alarm that tells somebody. Raises ValueError for one that looks at what nobody measures."""
    metrics = Metrics(ours=catalog.metrics, names=names)
    workflows = [Workflow(name=name, objectives=one, metrics=metrics) for name, one in catalog.objectives.items()]
    platform = Platform(metrics=metrics, objectives=catalog.objectives, models=tuple(catalog.models))
    return (*platform.alerts(), *(alert for workflow in workflows for alert in workflow.alerts()))


class Alarms(Construct):
    """Alarms on metrics, which tell nobody; alarms made of these, which do; and two topics: whoever subscribes to ``pages`` is woken."""

    def __init__(self, scope: Construct, *, catalog: Catalog, settings: Settings) -> None:
        super().__init__(scope, "Alarms")
        self._settings = settings
        key = self._key()
        pages, tickets = (self._topic(name, key) for name in ("pages", "tickets"))
        for alert in alerts(catalog, settings.names):
            made = [self._watch(watch) for watch in alert.watches]
            self._alert(alert, made, pages if alert.urgent else tickets)

    def _watch(self, watch: Watch) -> cloudwatch.CfnAlarm:
        return cloudwatch.CfnAlarm(
            self,
            _id(watch.name),
            alarm_name=self._settings.names.alarm(watch.name),
            alarm_description=_described(watch.means, watch.section),
            metrics=_data(watch),
            comparison_operator="GreaterThanThreshold",
            threshold=watch.above,
            evaluation_periods=watch.of,
            datapoints_to_alarm=watch.of,
            treat_missing_data=watch.missing,
        )

    def _alert(self, alert: Alert, made: Sequence[cloudwatch.CfnAlarm], topic: sns.Topic) -> None:
        composite = cloudwatch.CfnCompositeAlarm(
            self,
            _id(alert.name),
            alarm_name=self._settings.names.alarm(alert.name),
            alarm_description=_described(alert.means, alert.section),
            alarm_rule=rule(alert, self._settings.names),
            alarm_actions=[topic.topic_arn],
            ok_actions=[topic.topic_arn],
        )
        for alarm in made:  # it names them, and CloudWatch refuses a name that it does not know
            composite.add_resource_dependency(alarm)

    def _key(self) -> kms.Key:
        """A key of our own: CloudWatch may not use the one that AWS keeps for SNS, and would fail to tell anybody."""
        names = self._settings.names
        key = kms.Key(
            self,
            "Key",
            description=f"Septet {names.environment}: what alarms tell",
            alias=names.topics_key(),
            enable_key_rotation=True,
            removal_policy=removal(self._settings),
        )
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsMayTell",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],
                conditions=_ours(names),
            )
        )
        return key

    def _topic(self, name: str, key: kms.Key) -> sns.Topic:
        names = self._settings.names
        topic = sns.Topic(self, name.capitalize(), topic_name=names.topic(name), master_key=key, enforce_ssl=True)
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsMayTell",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions=_ours(names),
            )
        )
        return topic


def rule(alert: Alert, names: Names) -> str:
    """When *alert* is raised, as CloudWatch writes it."""
    return " OR ".join(f"({' AND '.join(f'ALARM("{names.alarm(watch.name)}")' for watch in pair)})" for pair in alert.pairs)


def _ours(names: Names) -> dict[str, dict[str, str]]:
    """Alarms of this account alone."""
    return {"StringEquals": {"aws:SourceAccount": names.account}}


def _described(means: str, section: str) -> str:
    return f"{means} See {RUNBOOK}#{section}"


def _id(name: str) -> str:
    """A construct's id, which the logical id is made of."""
    return "".join(part.capitalize() for part in name.replace(".", "-").replace("_", "-").replace(":", "-").split("-"))


def _data(watch: Watch) -> list[cloudwatch.CfnAlarm.MetricDataQueryProperty]:
    """The statistics, and what is compared. An alarm on one statistic as it is needs no expression."""
    plain = [query.id for query in watch.queries] == [watch.expression]
    asked = [_statistic(query, watch.period, shown=plain) for query in watch.queries]
    expression = cloudwatch.CfnAlarm.MetricDataQueryProperty(id="compared", expression=watch.expression, return_data=True)
    return asked if plain else [*asked, expression]


def _statistic(query: Query, period: int, *, shown: bool) -> cloudwatch.CfnAlarm.MetricDataQueryProperty:
    return cloudwatch.CfnAlarm.MetricDataQueryProperty(
        id=query.id,
        metric_stat=cloudwatch.CfnAlarm.MetricStatProperty(
            metric=cloudwatch.CfnAlarm.MetricProperty(
                namespace=query.namespace, metric_name=query.name, dimensions=list(_dimensions(query)) or None
            ),
            period=period,
            stat=query.statistic,
        ),
        return_data=shown,
    )


def _dimensions(query: Query) -> Iterable[cloudwatch.CfnAlarm.DimensionProperty]:
    return (cloudwatch.CfnAlarm.DimensionProperty(name=name, value=value) for name, value in query.dimensions.items())
