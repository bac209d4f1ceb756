"""CloudFormation and the services behind it where the plug-in provides or repairs them, on a running twin."""

import json
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.twin.aws import client, until

pytestmark = pytest.mark.twin
FAKED = "deployed as a fallback"
"""What LocalStack writes into a stack's events beside a resource it did not make."""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ROLE = "arn:aws:iam::000000000000:role/any"


def allowing(action: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


@pytest.fixture(scope="module")
def aws(bare_twin: Any) -> Iterator[Callable[[str], Any]]:
    made: dict[str, Any] = {}
    yield lambda service: made[service] if service in made else made.setdefault(service, client(bare_twin.endpoint, service))
    for one in made.values():
        one.close()


class Stack:
    """A stack on the twin, deployed again with every call of `deploy`."""

    def __init__(self, cloudformation: Any) -> None:
        self.cloudformation = cloudformation
        self.name = f"conformance-{uuid.uuid4().hex[:8]}"
        self.exists = False

    def deploy(self, resources: dict[str, Any], outputs: dict[str, Any] | None = None) -> dict[str, str]:
        """Deploy resources; return the outputs and each resource's physical id, and fail on any that was faked."""
        template = {"Resources": resources, "Outputs": {name: {"Value": value} for name, value in (outputs or {}).items()}}
        change = {"StackName": self.name, "ChangeSetName": unique("change")}
        self.cloudformation.create_change_set(
            **change,
            ChangeSetType="UPDATE" if self.exists else "CREATE",
            TemplateBody=json.dumps(template),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        until(lambda: self.cloudformation.describe_change_set(**change)["Status"] == "CREATE_COMPLETE")
        self.cloudformation.execute_change_set(**change)
        until(lambda: self.cloudformation.describe_change_set(**change)["ExecutionStatus"] in ("EXECUTE_COMPLETE", "EXECUTE_FAILED"))
        found = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        events = self.cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]
        reasons = [event["ResourceStatusReason"] for event in events if event.get("ResourceStatusReason")]
        assert found["StackStatus"] == ("UPDATE_COMPLETE" if self.exists else "CREATE_COMPLETE"), reasons
        assert not [reason for reason in reasons if FAKED in reason]
        self.exists = True
        described = self.cloudformation.describe_stack_resources(StackName=self.name)["StackResources"]
        return {
            **{one["LogicalResourceId"]: one["PhysicalResourceId"] for one in described},
            **{one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])},
        }

    def delete(self) -> None:
        self.cloudformation.delete_stack(StackName=self.name)
        until(lambda: not [one for one in self.cloudformation.list_stacks()["StackSummaries"] if self._alive(one)])

    def _alive(self, summary: dict[str, Any]) -> bool:
        return bool(summary["StackName"] == self.name and summary["StackStatus"] != "DELETE_COMPLETE")


@pytest.fixture
def stack(aws: Callable[[str], Any]) -> Iterator[Stack]:
    made = Stack(aws("cloudformation"))
    yield made
    made.delete()


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def function(name: str, source: str, **properties: Any) -> dict[str, Any]:
    return resource(
        "AWS::Lambda::Function",
        FunctionName=name,
        Runtime="python3.13",
        Handler="index.handler",
        Role=ROLE,
        Code={"ZipFile": source},
        **properties,
    )


def unique(prefix: str = "conformance") -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


# what a redeploy changes


def test_new_code_reaches_the_alias_through_a_new_version(stack: Stack, aws: Callable[[str], Any]) -> None:
    name, lambda_ = unique(), aws("lambda")

    def template(number: int, **properties: Any) -> dict[str, Any]:
        return {
            "Function": function(name, f"def handler(event, context): return {number}", **properties),
            f"Version{number}": resource("AWS::Lambda::Version", FunctionName={"Ref": "Function"}),
            "Alias": resource(
                "AWS::Lambda::Alias",
                FunctionName={"Ref": "Function"},
                Name="live",
                FunctionVersion={"Fn::GetAtt": [f"Version{number}", "Version"]},
            ),
        }

    def answer() -> Any:
        return json.loads(lambda_.invoke(FunctionName=name, Qualifier="live")["Payload"].read())

    first = stack.deploy(template(1, Environment={"Variables": {"A": "1"}}, Timeout=5))
    assert answer() == 1
    second = stack.deploy(template(2, MemorySize=256))
    assert answer() == 2
    assert first["Alias"] == second["Alias"]
    configuration = lambda_.get_function_configuration(FunctionName=name)
    assert configuration["MemorySize"] == 256
    assert not configuration.get("Environment", {}).get("Variables")


def test_an_aliass_weights_come_and_go(stack: Stack, aws: Callable[[str], Any]) -> None:
    name, lambda_ = unique(), aws("lambda")

    def template(weights: list[dict[str, Any]] | None) -> dict[str, Any]:
        routing = {"RoutingConfig": {"AdditionalVersionWeights": weights}} if weights else {}
        return {
            "Function": function(name, "def handler(event, context): ..."),
            "Version": resource("AWS::Lambda::Version", FunctionName={"Ref": "Function"}),
            "Alias": resource(
                "AWS::Lambda::Alias",
                FunctionName={"Ref": "Function"},
                Name="live",
                FunctionVersion={"Fn::GetAtt": ["Version", "Version"]},
                **routing,
            ),
        }

    def routed() -> Any:
        return lambda_.get_alias(FunctionName=name, Name="live").get("RoutingConfig", {}).get("AdditionalVersionWeights")

    stack.deploy(template(None))
    lambda_.update_function_code(FunctionName=name, ZipFile=b"PK\x05\x06" + b"\x00" * 18)
    until(lambda: lambda_.get_function_configuration(FunctionName=name)["LastUpdateStatus"] == "Successful")
    other = lambda_.publish_version(FunctionName=name)["Version"]
    stack.deploy(template([{"FunctionVersion": other, "FunctionWeight": 0.25}]))
    assert routed() == {other: 0.25}
    stack.deploy(template(None))
    assert not routed()


def test_reserved_concurrency_is_set_changed_and_taken_away(stack: Stack, aws: Callable[[str], Any]) -> None:
    name = unique()
    for reserved in (2, 3, None):
        given = {} if reserved is None else {"ReservedConcurrentExecutions": reserved}
        stack.deploy({"Function": function(name, "def handler(event, context): ...", **given)})
        found = aws("lambda").get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
        assert found == reserved


def test_a_state_machine_runs_its_new_definition_and_versions_and_aliases_follow(stack: Stack, aws: Callable[[str], Any]) -> None:
    states, name = aws("stepfunctions"), unique()

    def template(number: int) -> dict[str, Any]:
        definition = {"StartAt": "Say", "States": {"Say": {"Type": "Pass", "Result": number, "End": True}}}
        version = f"Version{number}"
        return {
            "Machine": resource(
                "AWS::StepFunctions::StateMachine", StateMachineName=name, RoleArn=ROLE, DefinitionString=json.dumps(definition)
            ),
            version: resource(
                "AWS::StepFunctions::StateMachineVersion",
                StateMachineArn={"Ref": "Machine"},
                StateMachineRevisionId={"Fn::GetAtt": ["Machine", "StateMachineRevisionId"]},
            ),
            "Alias": resource(
                "AWS::StepFunctions::StateMachineAlias",
                Name="live",
                RoutingConfiguration=[{"StateMachineVersionArn": {"Ref": version}, "Weight": 100}],
            ),
        }

    def output(arn: str) -> Any:
        execution = states.start_execution(stateMachineArn=arn)["executionArn"]
        found = until(lambda: (one := states.describe_execution(executionArn=execution))["status"] != "RUNNING" and one)
        return json.loads(found["output"])

    first = stack.deploy(template(1))
    assert output(first["Alias"]) == 1
    second = stack.deploy(template(2), {"Name": {"Fn::GetAtt": ["Machine", "Name"]}})
    assert (output(second["Machine"]), output(second["Alias"])) == (2, 2)
    assert (second["Alias"], second["Name"]) == (first["Alias"], name)
    assert output(f"{second['Machine']}:2") == 2


def test_a_log_groups_retention_is_kept_and_changed(stack: Stack, aws: Callable[[str], Any]) -> None:
    name = f"/conformance/{unique()}"
    for days in (1, 7, None):
        given = {} if days is None else {"RetentionInDays": days}
        stack.deploy({"Group": resource("AWS::Logs::LogGroup", LogGroupName=name, **given)})
        (found,) = aws("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        assert found.get("retentionInDays") == days


def test_a_table_keeps_its_items_while_stream_indexes_expiry_and_recovery_change(stack: Stack, aws: Callable[[str], Any]) -> None:
    name, dynamodb = unique(), aws("dynamodb")

    def keys(*names: str) -> list[dict[str, str]]:
        return [{"AttributeName": one, "KeyType": kind} for one, kind in zip(names, ("HASH", "RANGE"), strict=False)]

    def template(attributes: str, **properties: Any) -> dict[str, Any]:
        return {
            "Table": resource(
                "AWS::DynamoDB::Table",
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=keys("pk"),
                AttributeDefinitions=[{"AttributeName": one, "AttributeType": "S"} for one in attributes.split()],
                **properties,
            )
        }

    def recovery() -> str:
        found = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        return str(found["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"])

    index = {"IndexName": "by_a", "KeySchema": keys("a"), "Projection": {"ProjectionType": "ALL"}}
    stack.deploy(template("pk a", GlobalSecondaryIndexes=[index], PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}))
    assert recovery() == "ENABLED"
    dynamodb.put_item(TableName=name, Item={"pk": {"S": "1"}, "a": {"S": "x"}, "b": {"S": "y"}})
    other = {"IndexName": "by_b", "KeySchema": keys("b"), "Projection": {"ProjectionType": "KEYS_ONLY"}}
    outputs = stack.deploy(
        template(
            "pk b",
            GlobalSecondaryIndexes=[other],
            StreamSpecification={"StreamViewType": "NEW_IMAGE"},
            TimeToLiveSpecification={"AttributeName": "expires", "Enabled": True},
            DeletionProtectionEnabled=False,
        ),
        {"Stream": {"Fn::GetAtt": ["Table", "StreamArn"]}},
    )
    found = dynamodb.describe_table(TableName=name)["Table"]
    assert [one["IndexName"] for one in found["GlobalSecondaryIndexes"]] == ["by_b"]
    assert found["LatestStreamArn"] == outputs["Stream"]
    assert found["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"
    assert dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"] in ("ENABLED", "ENABLING")
    assert recovery() == "DISABLED"
    assert dynamodb.query(TableName=name, IndexName="by_b", KeyConditionExpression="b = :b", ExpressionAttributeValues={":b": {"S": "y"}})[
        "Items"
    ] == [{"pk": {"S": "1"}, "b": {"S": "y"}}]


def test_an_api_serves_its_new_deployment(stack: Stack, aws: Callable[[str], Any]) -> None:
    api = aws("apigateway")

    def template(number: int) -> dict[str, Any]:
        reply = {"IntegrationResponses": [{"StatusCode": "200", "ResponseTemplates": {"application/json": f'{{"number": {number}}}'}}]}
        return {
            "Api": resource("AWS::ApiGateway::RestApi", Name="conformance", Description=f"number {number}"),
            "Authorizer": resource(
                "AWS::ApiGateway::Authorizer",
                RestApiId={"Ref": "Api"},
                Name="outer",
                Type="TOKEN",
                IdentitySource="method.request.header.Authorization",
                AuthorizerUri="arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/x/invocations",
                AuthorizerResultTtlInSeconds=number,
            ),
            "Method": resource(
                "AWS::ApiGateway::Method",
                RestApiId={"Ref": "Api"},
                ResourceId={"Fn::GetAtt": ["Api", "RootResourceId"]},
                HttpMethod="GET",
                AuthorizationType="CUSTOM",
                AuthorizerId={"Ref": "Authorizer"},
                MethodResponses=[{"StatusCode": "200"}],
                Integration={"Type": "MOCK", "RequestTemplates": {"application/json": '{"statusCode": 200}'}, **reply},
            ),
            f"Deployment{number}": {**resource("AWS::ApiGateway::Deployment", RestApiId={"Ref": "Api"}), "DependsOn": "Method"},
            "Stage": resource(
                "AWS::ApiGateway::Stage",
                RestApiId={"Ref": "Api"},
                DeploymentId={"Ref": f"Deployment{number}"},
                StageName="live",
                TracingEnabled=True,
                MethodSettings=[{"ResourcePath": "/*", "HttpMethod": "*", "ThrottlingBurstLimit": number, "LoggingLevel": "ERROR"}],
            ),
            "Refused": resource(
                "AWS::ApiGateway::GatewayResponse",
                RestApiId={"Ref": "Api"},
                ResponseType="UNAUTHORIZED",
                StatusCode="401",
                ResponseTemplates={"application/problem+json": json.dumps({"number": number})},
            ),
        }

    for number in (1, 2):
        made = stack.deploy(template(number))
        where = {"restApiId": made["Api"]}
        stage = api.get_stage(**where, stageName="live")
        assert stage["deploymentId"] == made[f"Deployment{number}"]
        assert stage["methodSettings"]["*/*"]["throttlingBurstLimit"] == number
        assert api.get_authorizer(**where, authorizerId=made["Authorizer"])["authorizerResultTtlInSeconds"] == number
        refused = api.get_gateway_response(**where, responseType="UNAUTHORIZED")
        assert json.loads(refused["responseTemplates"]["application/problem+json"]) == {"number": number}
        assert api.get_rest_api(**where)["description"] == f"number {number}"


def test_a_rules_pattern_and_targets_change(stack: Stack, aws: Callable[[str], Any]) -> None:
    queue = resource("AWS::SQS::Queue")
    arns: dict[str, Any] = {one: {"Fn::GetAtt": [one, "Arn"]} for one in ("First", "Second")}

    def template(source: str, target: str) -> dict[str, Any]:
        rule = resource(
            "AWS::Events::Rule", EventPattern={"source": [source]}, Targets=[{"Id": target, "Arn": arns[target]}], Description=source
        )
        return {"First": queue, "Second": queue, "Rule": rule}

    made = stack.deploy(template("one", "First"), arns_output := {"Where": arns["Second"]})
    again = stack.deploy(template("two", "Second"), arns_output)
    assert made["Rule"] == again["Rule"]
    events = aws("events")
    assert json.loads(events.describe_rule(Name=made["Rule"])["EventPattern"]) == {"source": ["two"]}
    assert [one["Arn"] for one in events.list_targets_by_rule(Rule=made["Rule"])["Targets"]] == [again["Where"]]


def test_policies_say_what_the_template_says(stack: Stack, aws: Callable[[str], Any]) -> None:
    iam, s3, kms = aws("iam"), aws("s3"), aws("kms")
    bucket = unique()

    def template(action: str, policy: str) -> dict[str, Any]:
        statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"}
        return {
            "Boundary": resource("AWS::IAM::ManagedPolicy", PolicyDocument=allowing(action)),
            "Role": resource(
                "AWS::IAM::Role", AssumeRolePolicyDocument=TRUST, Policies=[{"PolicyName": policy, "PolicyDocument": allowing(action)}]
            ),
            "Bucket": resource(
                "AWS::S3::Bucket",
                BucketName=bucket,
                BucketEncryption={"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]},
                PublicAccessBlockConfiguration={"BlockPublicAcls": True, "RestrictPublicBuckets": action == "s3:PutObject"},
            ),
            "BucketPolicy": resource(
                "AWS::S3::BucketPolicy", Bucket={"Ref": "Bucket"}, PolicyDocument={"Version": "2012-10-17", "Statement": [statement]}
            ),
            "Key": resource("AWS::KMS::Key", Description=action, EnableKeyRotation=action == "s3:PutObject"),
        }

    for action, policy in (("s3:GetObject", "reads"), ("s3:PutObject", "writes"), ("s3:DeleteObject", "writes")):
        made = stack.deploy(template(action, policy))
        version = iam.get_policy(PolicyArn=made["Boundary"])["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=made["Boundary"], VersionId=version)["PolicyVersion"]["Document"]
        assert document["Statement"][0]["Action"] == action
        assert iam.list_role_policies(RoleName=made["Role"])["PolicyNames"] == [policy]
        assert iam.get_role_policy(RoleName=made["Role"], PolicyName=policy)["PolicyDocument"]["Statement"][0]["Action"] == action
        assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"][0]["Action"] == action
        block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        assert block["RestrictPublicBuckets"] is (action == "s3:PutObject")
        assert kms.describe_key(KeyId=made["Key"])["KeyMetadata"]["Description"] == action
        assert kms.get_key_rotation_status(KeyId=made["Key"])["KeyRotationEnabled"] is (action == "s3:PutObject")


def test_alarms_and_dashboards_change(stack: Stack, aws: Callable[[str], Any]) -> None:
    cloudwatch, alarm, both, board = aws("cloudwatch"), unique(), unique(), unique()
    for threshold in (1, 2):
        body = json.dumps({"widgets": [{"type": "text", "properties": {"markdown": str(threshold)}}]})
        stack.deploy(
            {
                "Alarm": resource(
                    "AWS::CloudWatch::Alarm",
                    AlarmName=alarm,
                    Namespace="n",
                    MetricName="m",
                    Statistic="Sum",
                    Period=60,
                    EvaluationPeriods=1,
                    Threshold=threshold,
                    ComparisonOperator="GreaterThanThreshold",
                ),
                "Both": {
                    **resource(
                        "AWS::CloudWatch::CompositeAlarm", AlarmName=both, AlarmRule=f"ALARM({alarm})", AlarmDescription=str(threshold)
                    ),
                    "DependsOn": "Alarm",
                },
                "Board": resource("AWS::CloudWatch::Dashboard", DashboardName=board, DashboardBody=body),
            }
        )
        found = cloudwatch.describe_alarms(AlarmNames=[alarm, both], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        assert found["MetricAlarms"][0]["Threshold"] == threshold
        assert found["CompositeAlarms"][0]["AlarmDescription"] == str(threshold)
        assert json.loads(cloudwatch.get_dashboard(DashboardName=board)["DashboardBody"]) == json.loads(body)


def test_a_model_endpoint_is_made_and_moved(stack: Stack, aws: Callable[[str], Any]) -> None:
    endpoint = unique()

    def template(number: int) -> dict[str, Any]:
        variant = {
            "VariantName": "all",
            "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
            "InitialInstanceCount": number,
            "InstanceType": "ml.g5.xlarge",
        }
        return {
            "Model": resource("AWS::SageMaker::Model", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "000000000000.dkr.ecr/x"}),
            "Config": resource("AWS::SageMaker::EndpointConfig", ProductionVariants=[variant]),
            "Endpoint": resource(
                "AWS::SageMaker::Endpoint", EndpointName=endpoint, EndpointConfigName={"Fn::GetAtt": ["Config", "EndpointConfigName"]}
            ),
        }

    sagemaker = aws("sagemaker")
    names = set()
    for number in (1, 2):
        stack.deploy(template(number))
        found = sagemaker.describe_endpoint(EndpointName=endpoint)
        config = sagemaker.describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
        assert config["ProductionVariants"][0]["InitialInstanceCount"] == number
        names.add(found["EndpointConfigName"])
    assert len(names) == 2


def test_an_update_the_emulator_cannot_do_says_so(stack: Stack) -> None:
    def secret(description: str) -> dict[str, Any]:
        return {"Secret": resource("AWS::SecretsManager::Secret", Description=description)}

    stack.deploy(secret("one"))
    with pytest.raises(AssertionError, match="AWS::SecretsManager::Secret is not supported but was deployed as a fallback"):
        stack.deploy(secret("two"))


# tables and streams


def test_a_tables_stream_feeds_a_function(stack: Stack, aws: Callable[[str], Any]) -> None:
    name = unique()
    source = (
        "import boto3\n"
        "def handler(event, context):\n"
        f"    table = boto3.resource('dynamodb').Table('{name}-seen')\n"
        "    for record in event['Records']:\n"
        "        table.put_item(Item={'pk': record['dynamodb']['NewImage']['pk']['S'], 'kind': record['eventName']})\n"
    )
    keys: dict[str, Any] = {
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    stack.deploy(
        {
            "Table": resource("AWS::DynamoDB::Table", TableName=name, StreamSpecification={"StreamViewType": "NEW_IMAGE"}, **keys),
            "Seen": resource("AWS::DynamoDB::Table", TableName=f"{name}-seen", **keys),
            "Function": function(name, source, Timeout=30),
            "Mapping": resource(
                "AWS::Lambda::EventSourceMapping",
                FunctionName={"Ref": "Function"},
                EventSourceArn={"Fn::GetAtt": ["Table", "StreamArn"]},
                StartingPosition="TRIM_HORIZON",
                BatchSize=10,
            ),
        }
    )
    dynamodb = aws("dynamodb")
    for number in range(30):
        dynamodb.put_item(TableName=name, Item={"pk": {"S": str(number)}})
    seen = until(lambda: (items := dynamodb.scan(TableName=f"{name}-seen")["Items"]) and len(items) == 30 and items)
    assert {item["kind"]["S"] for item in seen} == {"INSERT"}


def test_a_cancelled_transaction_leaves_nothing_neither_in_its_tables_nor_in_their_streams(stack: Stack, aws: Callable[[str], Any]) -> None:
    sorted_, plain = unique(), unique()
    attributes = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    common = {"BillingMode": "PAY_PER_REQUEST", "StreamSpecification": {"StreamViewType": "KEYS_ONLY"}}
    made = {
        "Sorted": resource("AWS::DynamoDB::Table", TableName=sorted_, KeySchema=keys, AttributeDefinitions=attributes, **common),
        "Plain": resource("AWS::DynamoDB::Table", TableName=plain, KeySchema=keys[:1], AttributeDefinitions=attributes[:1], **common),
    }
    outputs = stack.deploy(made, {name: {"Fn::GetAtt": [name, "StreamArn"]} for name in made})
    dynamodb, streams = aws("dynamodb"), aws("dynamodbstreams")
    key = {name: {"pk": {"S": name}} for name in ("kept", "changed", "new")}
    below = {name: {**one, "sk": {"S": name}} for name, one in key.items()}
    for name in ("kept", "changed"):
        dynamodb.put_item(TableName=plain, Item={**key[name], "held": {"N": "1"}})
        dynamodb.put_item(TableName=sorted_, Item={**below[name], "held": {"N": "1"}})

    def there() -> list[Any]:
        return [sorted(dynamodb.scan(TableName=name)["Items"], key=str) for name in (sorted_, plain)]

    def latest(stream: str) -> str:
        (shard,) = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]
        asked = streams.get_shard_iterator(StreamArn=stream, ShardId=shard["ShardId"], ShardIteratorType="LATEST")
        return str(asked["ShardIterator"])

    def write(condition: str) -> None:
        items: list[dict[str, Any]] = []
        for name, one in ((sorted_, below), (plain, key)):
            counted = {"UpdateExpression": "SET held = held + :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
            items += [
                {"Update": {"TableName": name, "Key": one["changed"], **counted}},
                {"Delete": {"TableName": name, "Key": one["kept"]}},
                {"Put": {"TableName": name, "Item": one["new"]}},
            ]
        check = {"TableName": plain, "Key": {"pk": {"S": "nobody"}}, "ConditionExpression": condition}
        dynamodb.transact_write_items(TransactItems=[*items, {"ConditionCheck": check}])

    before = there()
    places = [latest(outputs[name]) for name in made]
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        write("attribute_exists(pk)")
    assert there() == before
    write("attribute_not_exists(pk)")
    told = [[one["eventName"] for one in streams.get_records(ShardIterator=place)["Records"]] for place in places]
    assert told == [["MODIFY", "REMOVE", "INSERT"]] * 2
    assert [len(items) for items in there()] == [2, 2]


def test_of_many_who_write_on_a_condition_one_wins(aws: Callable[[str], Any], stack: Stack) -> None:
    name, dynamodb = unique(), aws("dynamodb")
    stack.deploy(
        {
            "Table": resource(
                "AWS::DynamoDB::Table",
                TableName=name,
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        }
    )

    def write(number: int) -> bool:
        item = {"pk": {"S": "one"}, "by": {"N": str(number)}}
        try:
            dynamodb.put_item(TableName=name, Item=item, ConditionExpression="attribute_not_exists(pk)")
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(write, range(50))) == 1


def test_traces_are_taken(aws: Callable[[str], Any]) -> None:
    segment = {
        "name": "conformance",
        "id": "70de5b6f19ff9a0a",
        "start_time": 1.0,
        "end_time": 2.0,
        "trace_id": "1-581cf771-a006649127e371903a2de979",
    }
    assert aws("xray").put_trace_segments(TraceSegmentDocuments=[json.dumps(segment)])["UnprocessedTraceSegments"] == []
