"""Resources and actions as a reader calls them: without account, region and environment."""

import re
from collections.abc import Callable, Mapping

_OURS = r"septet-[a-z][a-z0-9]*-"
_THINGS: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (rf"dynamodb:.*table/{_OURS}([^/]+)/index/(.+)", lambda at: f"index {at[2]} of table {at[1]}"),
    (rf"dynamodb:.*table/{_OURS}([^/*]+)\*", lambda at: f"table {at[1]} and its indexes"),
    (rf"dynamodb:.*table/{_OURS}(.+)", lambda at: f"table {at[1]}"),
    (rf"s3:::{_OURS}(\w+)-[^/]+/(.+)", lambda at: f"objects {at[2]} of bucket {at[1]}"),
    (rf"s3:::{_OURS}(\w+)-.+", lambda at: f"bucket {at[1]}"),
    (rf"lambda:.*function:{_OURS}([a-z]+)-(\w+):(.+)", lambda at: f"{at[1]} {at[2]}, alias {at[3]}"),
    (rf"lambda:.*function:{_OURS}(.+)", lambda at: f"functions {at[1]}"),
    (rf"states:.*execution:{_OURS}(.+):\*", lambda at: f"executions of workflow {at[1]}"),
    (rf"states:.*execution:{_OURS}(.+)/\*", lambda at: f"executions of maps of workflow {at[1]}"),
    (rf"states:.*mapRun:{_OURS}(.+)/\*", lambda at: f"runs of maps of workflow {at[1]}"),
    (rf"sqs:.*:{_OURS}(.+)", lambda at: f"queue {at[1]}"),
    (rf"events:.*event-bus/{_OURS}(.+)", lambda at: f"bus {at[1]}"),
    (rf"states:.*stateMachine:{_OURS}(.+)", lambda at: f"workflow {at[1]}"),
    (r"logs:.*log-group:/septet/[a-z0-9]+/([^:]+)(:\*)?", lambda at: f"log {at[1]}"),
    (r"bedrock:([^:]*)::foundation-model/(.+)", lambda at: f"model {at[2]} in {at[1]}"),
    (r"bedrock:[^:]*:\d+:([a-z-]+)/(.+)", lambda at: f"{at[1].replace('-', ' ')} {at[2]}"),
    (r"sagemaker:.*endpoint/(.+)", lambda at: f"endpoint {at[1]}"),
    (r"secretsmanager:.*secret:(.+)-\?{6}", lambda at: f"secret {at[1]}"),
    (r"kms:.*key/\*", lambda _: "the key that the condition names"),
    (r"iam::\d+:role/septet/[a-z][a-z0-9]*/(\w+)/(?:(\w+)/)?\*", lambda at: f"{at[1]} {at[2] or '*'}"),
)
_VERBS: Mapping[str, str] = {
    "dynamodb:*": "do anything to items",
    "dynamodb:GetItem": "read an item",
    "dynamodb:BatchGetItem": "read several items",
    "dynamodb:Query": "list items",
    "dynamodb:PutItem": "write an item",
    "dynamodb:UpdateItem": "change an item",
    "dynamodb:DeleteItem": "delete an item",
    "dynamodb:BatchWriteItem": "write several items",
    "dynamodb:ConditionCheckItem": "let a write depend on an item",
    "s3:GetObject": "read",
    "s3:PutObject": "write",
    "s3:DeleteObject": "delete",
    "s3:ListBucket": "list",
    "s3:PutObjectRetention": "lock",
    "kms:Decrypt": "decrypt",
    "kms:GenerateDataKey": "encrypt",
    "kms:Sign": "sign",
    "kms:GetPublicKey": "read the public key",
    "lambda:InvokeFunction": "call",
    "states:StartExecution": "start",
    "states:DescribeExecution": "look at",
    "states:DescribeStateMachine": "read the definition",
    "states:StopExecution": "stop",
    "states:ListExecutions": "list executions",
    "states:ListMapRuns": "list runs of maps",
    "states:GetExecutionHistory": "read the history",
    "states:SendTaskSuccess": "let a waiting task go on",
    "states:SendTaskFailure": "let a waiting task fail",
    "bedrock:InvokeModel": "ask",
    "bedrock:InvokeModelWithResponseStream": "ask and be answered in parts",
    "bedrock:ApplyGuardrail": "have text looked at",
    "sagemaker:InvokeEndpoint": "ask",
    "secretsmanager:GetSecretValue": "read",
    "sqs:ReceiveMessage": "receive",
    "sqs:DeleteMessage": "take away what was received",
    "sqs:SendMessage": "send to",
    "sqs:GetQueueAttributes": "look at",
    "sqs:GetQueueUrl": "find",
    "events:PutEvents": "tell of events",
    "logs:CreateLogStream": "begin a stream",
    "logs:PutLogEvents": "write lines",
    "xray:PutTraceSegments": "send traces",
    "xray:PutSpans": "send spans",
    "xray:PutSpansForIndexing": "have spans found",
    "xray:PutTelemetryRecords": "tell how tracing goes",
    "xray:GetSamplingRules": "learn what to trace",
    "xray:GetSamplingTargets": "learn how much to trace",
}


def thing(resource: str) -> str:
    """What an ARN, or a pattern of ARNs, stands for; the ARN itself where there are no words for it."""
    bare = re.sub(r"^arn:[^:]*:", "", resource)
    for pattern, words in _THINGS:
        if found := re.fullmatch(pattern, bare):
            return words(found)
    return "no resource in particular" if resource == "*" else resource


def verb(action: str) -> str:
    """What an action does, with its name."""
    return f"{_VERBS[action]} (`{action}`)" if action in _VERBS else f"`{action}`"
