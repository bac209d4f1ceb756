"""What LocalStack's resource providers leave undone, by type: properties dropped at creation, and updates that do nothing."""

import json
from typing import Any, Final

from septet_plugin import settling_access, settling_apis, settling_functions, settling_tables
from septet_plugin.resources import Change, Model, Settled, call


def _log_group(change: Change) -> Model:
    logs, name = change.clients.logs, change.now["LogGroupName"]
    if days := change.now.get("RetentionInDays"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    elif change.before and change.changed("RetentionInDays"):
        logs.delete_retention_policy(logGroupName=name)
    return {}


def _state_machine(change: Change) -> Model:
    states, arn = change.clients.stepfunctions, change.now["Arn"]
    if change.before:
        definition = change.now.get("DefinitionString") or json.dumps(change.now.get("Definition"))
        for hole, value in (change.now.get("DefinitionSubstitutions") or {}).items():
            definition = definition.replace(f"${{{hole}}}", str(value))
        call(states, "update_state_machine", {**change.now, "Definition": definition, "StateMachineArn": arn})
    revision = states.describe_state_machine(stateMachineArn=arn).get("revisionId", "INITIAL")
    return {"Name": change.now["StateMachineName"], "StateMachineRevisionId": revision}


def _rule(change: Change) -> Model:
    if not change.before:
        return {}
    events = change.clients.events
    bus, _, name = change.now["Id"].rpartition("|")
    where = {"EventBusName": bus} if bus else {}
    pattern = change.now.get("EventPattern")
    call(events, "put_rule", {**change.now, "Name": name, **({"EventPattern": json.dumps(pattern)} if pattern else {})})
    targets = change.now.get("Targets") or []
    stale = {target["Id"] for target in change.before.get("Targets") or []} - {target["Id"] for target in targets}
    if stale:
        events.remove_targets(Rule=name, Ids=sorted(stale), **where)
    if targets:
        events.put_targets(Rule=name, Targets=targets, **where)
    return {}


def _alarm(change: Change) -> Model:
    if change.before:
        call(change.clients.cloudwatch, "put_metric_alarm", change.now)
    return {}


def _composite_alarm(change: Change) -> Model:
    if change.before:
        call(change.clients.cloudwatch, "put_composite_alarm", change.now)
    return {}


_ALARM: Final = (
    "ActionsEnabled AlarmActions AlarmDescription ComparisonOperator DatapointsToAlarm Dimensions EvaluateLowSampleCountPercentile "
    "EvaluationPeriods ExtendedStatistic InsufficientDataActions MetricName Metrics Namespace OKActions Period Statistic Threshold "
    "ThresholdMetricId TreatMissingData Unit"
)
_COMPOSITE: Final = (
    "ActionsEnabled ActionsSuppressor ActionsSuppressorExtensionPeriod ActionsSuppressorWaitPeriod AlarmActions AlarmDescription AlarmRule "
    "InsufficientDataActions OKActions"
)
_BUCKET: Final = "BucketEncryption OwnershipControls PublicAccessBlockConfiguration Tags VersioningConfiguration"
_MACHINE: Final = (
    "Definition DefinitionString DefinitionSubstitutions LoggingConfiguration Name RoleArn StateMachineRevisionId TracingConfiguration"
)


def _settled(settle: Any, updates: str, hidden: str = "") -> Settled:
    return Settled(settle=settle, updates=frozenset(updates.split()), hidden=frozenset(hidden.split()))


SETTLED: Final = {
    "AWS::ApiGateway::Deployment": Settled(settle=settling_apis.nothing, updates=frozenset(), delete=settling_apis.delete_deployment),
    "AWS::ApiGateway::GatewayResponse": _settled(settling_apis.gateway_response, "ResponseParameters ResponseTemplates StatusCode"),
    "AWS::ApiGateway::RestApi": _settled(settling_apis.rest_api, "Description Name"),
    "AWS::ApiGateway::Stage": _settled(settling_apis.stage, "DeploymentId Description MethodSettings TracingEnabled"),
    "AWS::CloudWatch::Alarm": _settled(_alarm, _ALARM),
    "AWS::CloudWatch::CompositeAlarm": _settled(_composite_alarm, _COMPOSITE),
    "AWS::DynamoDB::Table": _settled(settling_tables.table, settling_tables.UPDATES),
    "AWS::Events::Rule": _settled(_rule, "Description EventPattern ScheduleExpression State Targets"),
    "AWS::IAM::ManagedPolicy": _settled(settling_access.managed_policy, "PolicyDocument"),
    "AWS::IAM::Role": _settled(settling_access.role, "AssumeRolePolicyDocument ManagedPolicyArns Policies"),
    "AWS::KMS::Key": _settled(settling_access.key, "Description EnableKeyRotation KeyPolicy"),
    "AWS::Lambda::Alias": _settled(settling_functions.alias, "Description FunctionVersion RoutingConfig", "RoutingConfig"),
    "AWS::Lambda::EventInvokeConfig": _settled(
        settling_functions.event_invoke_config, "DestinationConfig MaximumEventAgeInSeconds MaximumRetryAttempts"
    ),
    "AWS::Lambda::Function": _settled(settling_functions.function, settling_functions.UPDATES),
    "AWS::Logs::LogGroup": _settled(_log_group, "RetentionInDays"),
    "AWS::S3::Bucket": _settled(settling_access.bucket, _BUCKET),
    "AWS::S3::BucketPolicy": _settled(settling_access.bucket_policy, "PolicyDocument"),
    "AWS::SNS::TopicPolicy": _settled(settling_access.topic_policy, "PolicyDocument Topics"),
    "AWS::StepFunctions::StateMachine": _settled(_state_machine, _MACHINE),
}
"""By type."""
