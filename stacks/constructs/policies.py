"""IAM statements, written out: those that are generated, and those that files hold with their holes filled. Plain Python."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stacks.catalog.declarations import Agent, Catalog, Model
from stacks.constructs.names import BUSINESS_TABLES, PLATFORM_TABLES, Names, fill

type Statement = dict[str, Any]


def allow(sid: str, actions: Sequence[str], resources: Sequence[str]) -> Statement:
    """A statement that allows."""
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def document(statements: Iterable[Statement]) -> dict[str, Any]:
    """An IAM document; a statement about nothing is left out, for IAM refuses an empty list."""
    return {"Version": "2012-10-17", "Statement": [statement for statement in statements if statement["Resource"]]}


def own_logs(names: Names, kind: str, name: str) -> Statement:
    """Write to the one log group of a function."""
    return allow("OwnLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], [names.log_group_arn(kind, name)])


def traces() -> Statement:
    """Send trace segments, which X-Ray offers for no resource in particular."""
    return allow("Traces", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"])


def from_file(policy: Mapping[str, Any], catalog: Catalog, names: Names) -> list[Statement]:
    """The statements of a policy file with every hole filled."""
    values = (
        names.values()
        | names.tables((*PLATFORM_TABLES, *BUSINESS_TABLES))
        | {"BodiesBucket": names.bucket_arn(), "BodiesKey": names.bodies_key()}
    )
    lists = {
        "${StateMachines}": [names.state_machine_arn(workflow) for workflow in catalog.workflows],
        "${Executions}": [names.executions_arn(workflow) for workflow in catalog.workflows],
        "${ToolFunctions}": [names.alias_arn("tool", tool) for tool in catalog.tools],
        "${Models}": sorted({arn for model in catalog.models.values() for arn in model_arns(names, model)}),
    }
    filled: list[Statement] = _fill(policy["Statement"], values, lists)
    return filled


def _fill(value: Any, values: Mapping[str, str], lists: Mapping[str, list[str]]) -> Any:
    if isinstance(value, str):
        return lists[value] if value in lists else fill(value, values)
    if isinstance(value, list):
        each = [_fill(item, values, lists) for item in value]
        return [item for part in each for item in (part if isinstance(part, list) else [part])]
    if isinstance(value, dict):
        return {fill(key, values): _fill(item, values, lists) for key, item in value.items()}
    return value


def model_arns(names: Names, model: Model) -> list[str]:
    """What calling *model* touches: a foundation model, or a profile and the foundation model in each region it may choose."""
    bedrock = f"arn:{names.partition}:bedrock"
    if not model.profile_of:
        return [f"{bedrock}:{names.region}::foundation-model/{model.id}"]
    behind = [f"{bedrock}:{region}::foundation-model/{model.profile_of}" for region in model.regions]
    return [names.arn("bedrock", f"inference-profile/{model.id}"), *behind]


def agent(names: Names, declared: Agent) -> list[Statement]:
    """All that an agent may do: call its models and the gateway, read and append to the journal, keep bodies."""
    models = sorted({arn for model in declared.models for arn in model_arns(names, model)})
    return [
        allow("ItsModels", ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"], models),
        allow("TheGateway", ["lambda:InvokeFunction"], [names.alias_arn("step", "gateway")]),
        allow("ReadAndAppend", ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"], [names.table_arn("journal")]),
        allow("Bodies", ["s3:GetObject", "s3:PutObject"], [f"{names.bucket_arn()}/*"]),
        bodies_key(names),
    ]


def bodies_key(names: Names) -> Statement:
    """Use the key of the bodies, through S3 alone and for a named tenant; policy files say the same."""
    key = allow("BodiesKey", ["kms:Decrypt", "kms:GenerateDataKey"], [names.arn("kms", "key/*")])
    key["Condition"] = {
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": names.bodies_key()},
        "StringEquals": {"kms:ViaService": f"s3.{names.region}.amazonaws.com"},
        "Null": {"kms:EncryptionContext:tenant": "false"},
    }
    return key


def workflow(functions: Sequence[str]) -> list[Statement]:
    """All that a state machine may do: invoke *functions*, which are ARNs of aliases, and be observed."""
    deliver = ["CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery", "ListLogDeliveries"]
    deliver += ["PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups"]
    sample = ["xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"]
    return [
        allow("WhatItNames", ["lambda:InvokeFunction"], functions),
        allow("LogDelivery", [f"logs:{action}" for action in deliver], ["*"]),
        allow("Traces", sample, ["*"]),
    ]
