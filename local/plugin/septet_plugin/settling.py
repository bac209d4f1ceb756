"""What LocalStack's resource providers leave undone, by type: properties dropped at creation, and updates that do nothing."""

import json
from typing import Any, Final

from septet_plugin import settling_functions, settling_tables
from septet_plugin.resources import Change, Model, Settled, call, patches, text


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


def _stage(change: Change) -> Model:
    operations = patches(change, "DeploymentId", "Description", "TracingEnabled") if change.before else []
    operations += [operation for setting in change.now.get("MethodSettings") or [] for operation in _method_setting(setting)]
    if operations:
        call(change.clients.apigateway, "update_stage", {**change.now, "PatchOperations": operations})
    return {}


_METHOD_SETTINGS: Final = {
    "DataTraceEnabled": "logging/dataTrace",
    "LoggingLevel": "logging/loglevel",
    "MetricsEnabled": "metrics/enabled",
    "ThrottlingBurstLimit": "throttling/burstLimit",
    "ThrottlingRateLimit": "throttling/rateLimit",
}
"""Where UpdateStage has what a template says of methods: "Patch operations" in API Gateway's API reference."""


def _method_setting(setting: dict[str, Any]) -> list[dict[str, str]]:
    resource = setting["ResourcePath"].lstrip("/").replace("/", "~1") or "~1"
    values = {path: setting[name] for name, path in _METHOD_SETTINGS.items() if name in setting}
    return [
        {"op": "replace", "path": f"/{resource}/{setting['HttpMethod']}/{path}", "value": text(value)} for path, value in values.items()
    ]


def _nothing(_: Change) -> Model:
    return {}


def _delete_deployment(change: Change) -> None:
    """Delete a deployment and not, as LocalStack's provider does, every stage of its API."""
    call(change.clients.apigateway, "delete_deployment", change.now)


def _rest_api(change: Change) -> Model:
    operations = patches(change, "Description", "Name") if change.before else []
    if operations:
        change.clients.apigateway.update_rest_api(restApiId=change.now["RestApiId"], patchOperations=operations)
    return {}


def _gateway_response(change: Change) -> Model:
    if change.before:
        call(change.clients.apigateway, "put_gateway_response", change.now)
    return {}


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


def _managed_policy(change: Change) -> Model:
    if change.before and change.changed("PolicyDocument"):
        iam, arn = change.clients.iam, change.now["Id"]
        for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:  # a policy has five at most
                iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(change.now["PolicyDocument"]), SetAsDefault=True)
    return {}


def _role(change: Change) -> Model:
    iam, name = change.clients.iam, change.now["RoleName"]
    if not change.before:
        return {}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(change.now["AssumeRolePolicyDocument"]))
    policies = {policy["PolicyName"]: policy["PolicyDocument"] for policy in change.now.get("Policies") or []}
    for policy in change.before.get("Policies") or []:
        if policy["PolicyName"] not in policies:
            iam.delete_role_policy(RoleName=name, PolicyName=policy["PolicyName"])
    for policy, document in policies.items():
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))
    wanted, had = set(change.now.get("ManagedPolicyArns") or []), set(change.before.get("ManagedPolicyArns") or [])
    for arn in had - wanted:
        iam.detach_role_policy(RoleName=name, PolicyArn=arn)
    for arn in wanted - had:
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    return {}


def _bucket(change: Change) -> Model:
    s3, bucket = change.clients.s3, {"Bucket": change.now["BucketName"]}
    if encryption := change.now.get("BucketEncryption"):
        rules = {"Rules": [_renamed(rule) for rule in encryption["ServerSideEncryptionConfiguration"]]}
        s3.put_bucket_encryption(**bucket, ServerSideEncryptionConfiguration=rules)
    if block := change.now.get("PublicAccessBlockConfiguration"):
        s3.put_public_access_block(**bucket, PublicAccessBlockConfiguration=block)
    if ownership := change.now.get("OwnershipControls"):
        s3.put_bucket_ownership_controls(**bucket, OwnershipControls=ownership)
    if change.before and (versioning := change.now.get("VersioningConfiguration")):
        s3.put_bucket_versioning(**bucket, VersioningConfiguration=versioning)
    if change.before and change.changed("Tags"):
        s3.put_bucket_tagging(**bucket, Tagging={"TagSet": change.now.get("Tags") or []})
    return {}


def _renamed(rule: dict[str, Any]) -> dict[str, Any]:
    name = "ServerSideEncryptionByDefault"
    return {**{key: value for key, value in rule.items() if key != name}, "ApplyServerSideEncryptionByDefault": rule.get(name)}


def _bucket_policy(change: Change) -> Model:
    if change.before:
        change.clients.s3.put_bucket_policy(Bucket=change.now["Bucket"], Policy=json.dumps(change.now["PolicyDocument"]))
    return {}


def _topic_policy(change: Change) -> Model:
    for topic in change.now["Topics"] if change.before else []:
        policy = json.dumps(change.now["PolicyDocument"])
        change.clients.sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    return {}


def _alarm(change: Change) -> Model:
    if change.before:
        call(change.clients.cloudwatch, "put_metric_alarm", change.now)
    return {}


def _composite_alarm(change: Change) -> Model:
    if change.before:
        call(change.clients.cloudwatch, "put_composite_alarm", change.now)
    return {}


def _key(change: Change) -> Model:
    if change.before:
        kms, key = change.clients.kms, change.now["KeyId"]
        if change.now.get("KeyPolicy"):
            kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(change.now["KeyPolicy"]))
        kms.update_key_description(KeyId=key, Description=change.now.get("Description") or "")
        (kms.enable_key_rotation if change.now.get("EnableKeyRotation") else kms.disable_key_rotation)(KeyId=key)
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
    "AWS::ApiGateway::Deployment": Settled(settle=_nothing, updates=frozenset(), delete=_delete_deployment),
    "AWS::ApiGateway::GatewayResponse": _settled(_gateway_response, "ResponseParameters ResponseTemplates StatusCode"),
    "AWS::ApiGateway::RestApi": _settled(_rest_api, "Description Name"),
    "AWS::ApiGateway::Stage": _settled(_stage, "DeploymentId Description MethodSettings TracingEnabled"),
    "AWS::CloudWatch::Alarm": _settled(_alarm, _ALARM),
    "AWS::CloudWatch::CompositeAlarm": _settled(_composite_alarm, _COMPOSITE),
    "AWS::DynamoDB::Table": _settled(settling_tables.table, settling_tables.UPDATES),
    "AWS::Events::Rule": _settled(_rule, "Description EventPattern ScheduleExpression State Targets"),
    "AWS::IAM::ManagedPolicy": _settled(_managed_policy, "PolicyDocument"),
    "AWS::IAM::Role": _settled(_role, "AssumeRolePolicyDocument ManagedPolicyArns Policies"),
    "AWS::KMS::Key": _settled(_key, "Description EnableKeyRotation KeyPolicy"),
    "AWS::Lambda::Alias": _settled(settling_functions.alias, "Description FunctionVersion RoutingConfig", "RoutingConfig"),
    "AWS::Lambda::EventInvokeConfig": _settled(
        settling_functions.event_invoke_config, "DestinationConfig MaximumEventAgeInSeconds MaximumRetryAttempts"
    ),
    "AWS::Lambda::Function": _settled(settling_functions.function, settling_functions.UPDATES),
    "AWS::Logs::LogGroup": _settled(_log_group, "RetentionInDays"),
    "AWS::S3::Bucket": _settled(_bucket, _BUCKET),
    "AWS::S3::BucketPolicy": _settled(_bucket_policy, "PolicyDocument"),
    "AWS::SNS::TopicPolicy": _settled(_topic_policy, "PolicyDocument Topics"),
    "AWS::StepFunctions::StateMachine": _settled(_state_machine, _MACHINE),
}
"""By type."""
