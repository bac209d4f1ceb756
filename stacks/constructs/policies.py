"""IAM statements, written out: those that are generated, and those that files hold with their holes filled. Plain Python."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stacks.catalog.declarations import Agent, Catalog, Model
from stacks.constructs.names import BUSINESS_TABLES, MANIFESTS, PLATFORM_TABLES, Names, fill

type Statement = dict[str, Any]


def allow(sid: str, actions: Sequence[str], resources: Sequence[str]) -> Statement:
    """A statement that allows."""
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def document(statements: Iterable[Statement]) -> dict[str, Any]:
    """An IAM document; a statement about nothing is left out, for IAM refuses an empty list."""
    return {"Version": "2012-10-17", "Statement": [statement for statement in statements if statement.get("Resource") != []]}


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
        | {
            "BodiesBucket": names.bucket_arn(),
            "EventsQueue": names.queue_arn("events"),
            "EventsDead": names.queue_arn("events-dead"),
            "ProjectionDead": names.queue_arn("projection-dead"),
            "ReplaysQueue": names.queue_arn("replays"),
            "Bus": names.bus_arn(),
            "JournalStream": names.streams_arn("journal"),
            "RunsStream": names.streams_arn("runs"),
            "BodiesKey": names.bodies_key(),
            "SealsBucket": names.seals_arn(),
            "SealsKey": names.seals_key(),
            "IdKey": names.id_key_arn(),
        }
    )
    lists = {
        "${StateMachines}": [names.state_machine_arn(workflow) for workflow in catalog.workflows],
        "${Executions}": [names.executions_arn(workflow) for workflow in catalog.workflows],
        "${MapExecutions}": [names.map_executions_arn(workflow) for workflow in catalog.workflows],
        "${MapRuns}": [names.map_runs_arn(workflow) for workflow in catalog.workflows],
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
    """What calling *model* touches.

    A foundation model; a profile and the foundation model in each region it may choose; a SageMaker endpoint; or the secret with the key of
    an OpenAI-compatible server, to whose ARN Secrets Manager adds six characters.
    """
    region = model.region or names.region
    if model.provider == "sagemaker":
        return [f"arn:{names.partition}:sagemaker:{region}:{names.account}:endpoint/{model.endpoint}"]
    if model.provider == "openai":
        return [names.arn("secretsmanager", f"secret:{model.secret}-??????")] if model.secret else []
    bedrock = f"arn:{names.partition}:bedrock"
    if not model.profile_of:
        return [f"{bedrock}:{region}::foundation-model/{model.id}"]
    behind = [f"{bedrock}:{one}::foundation-model/{model.profile_of}" for one in model.regions]
    return [f"{bedrock}:{region}:{names.account}:inference-profile/{model.id}", *behind]


_CALLING = {
    "bedrock": ("ItsModels", ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]),
    "sagemaker": ("ItsEndpoints", ["sagemaker:InvokeEndpoint"]),
    "openai": ("ItsKeys", ["secretsmanager:GetSecretValue"]),
}
"""What calling a model takes, by its provider."""


def calling(names: Names, declared: Agent) -> list[Statement]:
    """Call the agent's models, and no others; know how they are; and, if the agent has a cache, use that."""
    arns = {
        provider: sorted({arn for model in declared.models if model.provider == provider for arn in model_arns(names, model)})
        for provider in _CALLING
    }
    cached = ["dynamodb:GetItem", "dynamodb:PutItem"] if declared.cache_seconds else []
    return [
        *(allow(sid, actions, arns[provider]) for provider, (sid, actions) in _CALLING.items()),
        allow("Health", ["dynamodb:BatchGetItem", "dynamodb:UpdateItem"], [names.table_arn("health")]),
        *([allow("Cache", cached, [names.table_arn("cache")])] if cached else []),
    ]


def agent(names: Names, declared: Agent) -> list[Statement]:
    """All that an agent may do: call its models and, by its own alias, the gateway, read and append to the journal, keep bodies."""
    return [
        *calling(names, declared),
        allow("TheGateway", ["lambda:InvokeFunction"], [names.gateway_arn(declared.function.name)]),
        run_branches(names),
        branch_accounts(names),
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


def run_branches(names: Names) -> Statement:
    """Read and append to the journals of runs; never to a tenant's other branches, which tell of limits and of erasures."""
    journals = allow("ReadAndAppend", ["dynamodb:Query", "dynamodb:PutItem"], [names.table_arn("journal")])
    journals["Condition"] = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["*#run-*#*"]}, "Null": {"dynamodb:LeadingKeys": "false"}}
    return journals


def branch_accounts(names: Names) -> Statement:
    """Reserve from the accounts of branches and settle; never touch a run's, a day's, or a tenant's limits."""
    accounts = allow("ItsMoney", ["dynamodb:GetItem", "dynamodb:UpdateItem"], [names.table_arn("accounts")])
    accounts["Condition"] = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["*#branch/*"]}, "Null": {"dynamodb:LeadingKeys": "false"}}
    return accounts


def guardrail(names: Names, which: str) -> list[Statement]:
    """Show texts to the guardrail *which*, ``ID:VERSION``; nothing when it is empty."""
    arns = [names.arn("bedrock", f"guardrail/{which.partition(':')[0]}")]
    return [allow("ItsGuardrail", ["bedrock:ApplyGuardrail"], arns)] if which else []


def rows(names: Names, workflow: str) -> list[Statement]:
    """What a distributed map takes: start and look after its own children, and read the manifests that a step wrote, nothing else there."""
    return [
        allow("ItsChildren", ["states:StartExecution"], [names.state_machine_arn(workflow)]),
        allow("LookAfterThem", ["states:DescribeExecution", "states:StopExecution"], [names.map_executions_arn(workflow)]),
        allow("Manifests", ["s3:GetObject"], [f"{names.bucket_arn()}/{MANIFESTS}"]),
        {**bodies_key(names), "Action": ["kms:Decrypt"]},
    ]


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
