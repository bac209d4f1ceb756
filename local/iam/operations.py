"""Which actions on which resources an AWS call takes: a row for every operation that we use. One without a row has no proof.

After "Actions, resources, and condition keys for AWS services" in AWS's service authorization reference. What every call has on AWS is
taken as given: its endpoints speak TLS alone.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from local.iam.conditions import Context
from local.iam.decisions import Call
from local.iam.recorded import Recorded
from local.iam.templates import Account

type Calls = Iterator[Call]
type About = Mapping[str, Any]
type Row = Callable[["Reading", About], Calls]

_ALWAYS: Context = {"aws:SecureTransport": ("true",)}
_MODEL = re.compile(r"POST /model/(.+)/(converse|converse-stream|invoke|invoke-with-response-stream)")
_ENDPOINT = re.compile(r"POST /endpoints/([^/]+)/invocations(-response-stream)?")
_GUARDRAIL = re.compile(r"POST /guardrail/([^/]+)/version/[^/]+/apply")
OF_THE_EMULATOR = {("logs", "CreateLogGroup"): "on AWS the template makes the group, and Lambda does not try"}
"""What LocalStack does in a role's name and AWS does not, and why that is so."""


class UnknownOperationError(ValueError):
    """An operation has no row, or is about something that is not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """An inference profile of Bedrock."""

    model: str
    regions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """Turns recorded calls into actions, in the order of the record: what S3 tells KMS about an object was said when it was written."""

    account: Account
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    """By their ids."""
    contexts: dict[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)
    """The key of each object written so far, and its encryption context, by ARN."""

    def calls(self, recorded: Recorded) -> list[Call]:
        """The actions that *recorded* takes; none for what the emulator does by itself. Raises UnknownOperationError."""
        service, operation, about = recorded.service, recorded.operation, recorded.about
        if (service, operation) in OF_THE_EMULATOR:
            return []
        try:
            return [*self._row(service, operation)(self, about)]
        except KeyError as error:
            raise UnknownOperationError(f"{service} {operation} was recorded without {error}") from error

    def _row(self, service: str, operation: str) -> Row:
        if service == "dynamodb":
            return _dynamodb
        if service in {"bedrock", "sagemaker"}:
            return lambda reading, about: _model_call(reading, operation, about["region"])
        if row := _ROWS.get((service, operation)):
            return row
        raise UnknownOperationError(f"{service} {operation} has no row in local/iam/operations.py")

    def at(self, service: str, rest: str, region: str = "") -> str:
        """An ARN in the account, and in its region if no other is given."""
        place = self.account.place
        return f"arn:{place.partition}:{service}:{region or place.region}:{place.account}:{rest}"

    def s3(self, rest: str) -> str:
        """The ARN of a bucket or an object."""
        return f"arn:{self.account.place.partition}:s3:::{rest}"

    def key(self, named: str) -> str:
        """The ARN of the key that a call names by an alias or by an alias's ARN. Raises UnknownOperationError."""
        found = self.account.key_aliases.get(named[max(named.find("alias/"), 0) :])
        if found is None:
            raise UnknownOperationError(f"{named!r} is no alias of a key in the templates")
        return found

    def use_of_key(self, action: str, key: str, context: Mapping[str, str], *, via: str = "", **more: str) -> Call:
        """A use of *key*, by itself or for the service *via*."""
        aliases = tuple(alias for alias, arn in self.account.key_aliases.items() if arn == key)
        named = {f"kms:EncryptionContext:{name}": (value,) for name, value in context.items()}
        service = (f"{via}.{self.account.place.region}.amazonaws.com",) if via else ()
        known = {"kms:ResourceAliases": aliases, "kms:ViaService": service, "kms:EncryptionContext:*": ()}
        return _call(action, key, {**known, **named, **{f"kms:{name}": (value,) for name, value in more.items()}})


def _call(action: str, resource: str, context: Context | None = None) -> Call:
    return Call(action=action, resource=resource, context={**_ALWAYS, **(context or {})})


def _dynamodb(reading: Reading, about: About) -> Calls:
    for part in about["parts"]:
        index = f"/index/{part['index']}" if part["index"] else ""
        leading = part["leading"]
        known = {} if leading is None or None in leading else {"dynamodb:LeadingKeys": tuple(leading)}
        if part["attributes"] is not None:
            known["dynamodb:Attributes"] = tuple(part["attributes"])
        yield _call(f"dynamodb:{part['operation']}", reading.at("dynamodb", f"table/{part['table']}{index}"), known)


def _put_object(reading: Reading, about: About) -> Calls:
    arn = reading.s3(f"{about['Bucket']}/{about['Key']}")
    key = reading.key(about["SSEKMSKeyId"]) if "SSEKMSKeyId" in about else reading.account.bucket_keys.get(about["Bucket"], "")
    method = about.get("ServerSideEncryption")
    known = {
        "s3:x-amz-server-side-encryption": (method,) if method else (),
        "s3:x-amz-server-side-encryption-aws-kms-key-id": (key,) if "SSEKMSKeyId" in about else (),
        "s3:if-none-match": (about["IfNoneMatch"],) if "IfNoneMatch" in about else (),
    }
    yield _call("s3:PutObject", arn, known)
    if "Tagging" in about:
        yield _call("s3:PutObjectTagging", arn)
    if "ObjectLockMode" in about:
        yield _call("s3:PutObjectRetention", arn)
    if key:
        given = json.loads(base64.b64decode(about.get("SSEKMSEncryptionContext", "e30=")))
        reading.contexts[arn] = key, {"aws:s3:arn": arn, **given}
        yield reading.use_of_key("kms:GenerateDataKey", *reading.contexts[arn], via="s3")


def _get_object(reading: Reading, about: About) -> Calls:
    arn = reading.s3(f"{about['Bucket']}/{about['Key']}")
    yield _call("s3:GetObject", arn)
    if arn in reading.contexts:
        yield reading.use_of_key("kms:Decrypt", *reading.contexts[arn], via="s3")
    elif key := reading.account.bucket_keys.get(about["Bucket"]):
        # Nobody wrote it in this record (a test did): its context is what every writer of ours gives, the tenant that its name begins with.
        yield reading.use_of_key("kms:Decrypt", key, {"aws:s3:arn": arn, "tenant": about["Key"].partition("/")[0]}, via="s3")


def _delete_objects(reading: Reading, about: About) -> Calls:
    for one in about["Delete"]["Objects"]:
        yield _call("s3:DeleteObject", reading.s3(f"{about['Bucket']}/{one['Key']}"))


def _object(*actions: str) -> Row:
    return lambda reading, about: (_call(action, reading.s3(f"{about['Bucket']}/{about['Key']}")) for action in actions)


def _bucket(action: str) -> Row:
    def row(reading: Reading, about: About) -> Calls:
        yield _call(action, reading.s3(about["Bucket"]), {"s3:prefix": (about["Prefix"],) if about.get("Prefix") else ()})

    return row


def _invoke(reading: Reading, about: About) -> Calls:
    name = about["FunctionName"].partition(":function:")[2] or about["FunctionName"]
    qualified = f"{name}:{about['Qualifier']}" if "Qualifier" in about else name
    yield _call("lambda:InvokeFunction", reading.at("lambda", f"function:{qualified}"))


def _named(action: str, parameter: str) -> Row:
    return lambda _, about: iter([_call(action, about[parameter])])


def _of_a_machine(action: str) -> Row:
    """A call with a task's token, which does not tell the machine: every one of ours has to be allowed."""
    return lambda reading, _: (_call(action, machine) for machine in reading.account.machines)


def _of_a_machine_or_map(_: Reading, about: About) -> Calls:
    yield _call("states:ListExecutions", about["mapRunArn"] if "mapRunArn" in about else about["stateMachineArn"])


def _queue(action: str) -> Row:
    """A call about a queue, by its URL, whose last part is its name, or by its name."""
    return lambda reading, about: iter([_call(action, reading.at("sqs", (about.get("QueueUrl") or about["QueueName"]).rpartition("/")[2]))])


def _log(action: str) -> Row:
    def row(reading: Reading, about: About) -> Calls:
        yield _call(action, reading.at("logs", f"log-group:{about['logGroupName']}:log-stream:one"))

    return row


def _put_events(reading: Reading, about: About) -> Calls:
    for bus in {entry["EventBusName"] for entry in about["Entries"]}:
        yield _call("events:PutEvents", reading.at("events", f"event-bus/{bus}"))


def _secret(reading: Reading, about: About) -> Calls:
    named = about["SecretId"]
    yield _call(
        "secretsmanager:GetSecretValue", named if named.startswith("arn:") else reading.at("secretsmanager", f"secret:{named}-AbCdEf")
    )


def _key_itself(action: str) -> Row:
    def row(reading: Reading, about: About) -> Calls:
        more = {name: about[name] for name in ("SigningAlgorithm",) if name in about}
        yield reading.use_of_key(action, reading.key(about["KeyId"]), about.get("EncryptionContext", {}), **more)

    return row


def _model_call(reading: Reading, request: str, region: str) -> Calls:
    """Calls of the model server, by the paths of Bedrock's and SageMaker's runtime."""
    if found := _MODEL.fullmatch(request):
        streams = "stream" in found[2]
        action = "bedrock:InvokeModelWithResponseStream" if streams else "bedrock:InvokeModel"
        yield from (_call(action, arn) for arn in _models(reading, unquote(found[1]), region))
    elif found := _ENDPOINT.fullmatch(request):
        yield _call("sagemaker:InvokeEndpoint", reading.at("sagemaker", f"endpoint/{unquote(found[1])}", region))
    elif found := _GUARDRAIL.fullmatch(request):
        yield _call("bedrock:ApplyGuardrail", reading.at("bedrock", f"guardrail/{unquote(found[1])}", region))
    else:
        raise UnknownOperationError(f"{request} has no row in local/iam/operations.py")


def _models(reading: Reading, model: str, region: str) -> Iterator[str]:
    """A foundation model; or a profile, and its model in each region that Bedrock may choose."""
    partition = reading.account.place.partition
    if (profile := reading.profiles.get(model)) is None:
        yield f"arn:{partition}:bedrock:{region}::foundation-model/{model}"
        return
    yield reading.at("bedrock", f"inference-profile/{model}", region)
    yield from (f"arn:{partition}:bedrock:{one}::foundation-model/{profile.model}" for one in profile.regions)


_ROWS: Mapping[tuple[str, str], Row] = {
    ("s3", "PutObject"): _put_object,
    ("s3", "GetObject"): _get_object,
    ("s3", "HeadObject"): _object("s3:GetObject"),
    ("s3", "DeleteObject"): _object("s3:DeleteObject"),
    ("s3", "DeleteObjects"): _delete_objects,
    ("s3", "GetObjectTagging"): _object("s3:GetObjectTagging"),
    ("s3", "PutObjectTagging"): _object("s3:PutObjectTagging"),
    ("s3", "GetObjectRetention"): _object("s3:GetObjectRetention"),
    ("s3", "ListObjectsV2"): _bucket("s3:ListBucket"),
    ("s3", "ListObjectVersions"): _bucket("s3:ListBucketVersions"),
    **{("dynamodbstreams", name): _named(f"dynamodb:{name}", "StreamArn") for name in ("DescribeStream", "GetRecords", "GetShardIterator")},
    ("lambda", "Invoke"): _invoke,
    ("stepfunctions", "StartExecution"): _named("states:StartExecution", "stateMachineArn"),
    ("stepfunctions", "DescribeExecution"): _named("states:DescribeExecution", "executionArn"),
    ("stepfunctions", "GetExecutionHistory"): _named("states:GetExecutionHistory", "executionArn"),
    ("stepfunctions", "StopExecution"): _named("states:StopExecution", "executionArn"),
    ("stepfunctions", "ListExecutions"): _of_a_machine_or_map,
    ("stepfunctions", "ListMapRuns"): _named("states:ListMapRuns", "executionArn"),
    ("stepfunctions", "DescribeStateMachine"): _named("states:DescribeStateMachine", "stateMachineArn"),
    ("stepfunctions", "SendTaskSuccess"): _of_a_machine("states:SendTaskSuccess"),
    ("stepfunctions", "SendTaskFailure"): _of_a_machine("states:SendTaskFailure"),
    ("stepfunctions", "SendTaskHeartbeat"): _of_a_machine("states:SendTaskHeartbeat"),
    ("events", "PutEvents"): _put_events,
    ("sqs", "GetQueueUrl"): _queue("sqs:GetQueueUrl"),
    ("sqs", "SendMessage"): _queue("sqs:SendMessage"),
    ("sqs", "ReceiveMessage"): _queue("sqs:ReceiveMessage"),
    ("sqs", "DeleteMessage"): _queue("sqs:DeleteMessage"),
    ("sqs", "DeleteMessageBatch"): _queue("sqs:DeleteMessage"),
    ("sqs", "GetQueueAttributes"): _queue("sqs:GetQueueAttributes"),
    ("secretsmanager", "GetSecretValue"): _secret,
    ("kms", "Sign"): _key_itself("kms:Sign"),
    ("kms", "Verify"): _key_itself("kms:Verify"),
    ("kms", "GetPublicKey"): _key_itself("kms:GetPublicKey"),
    ("logs", "CreateLogStream"): _log("logs:CreateLogStream"),
    ("logs", "PutLogEvents"): _log("logs:PutLogEvents"),
}
