"""The twin's Lambda executor gives the answers that AWS documents. Every test runs against LocalStack with our plug-in.

Where an expectation comes from stands beside it: DG is AWS's Lambda developer guide, API its API reference.
"""

import base64
import concurrent.futures
import contextlib
import json
import os
import signal
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.twin.aws import archive, client, until

pytestmark = pytest.mark.twin
ROLE = "arn:aws:iam::000000000000:role/any"


@pytest.fixture(scope="module")
def lambda_(bare_twin: Any) -> Any:
    return client(bare_twin.endpoint, "lambda")


class Function:
    """A function deployed to the twin."""

    def __init__(self, lambda_: Any, name: str) -> None:
        self.lambda_ = lambda_
        self.name = name

    def invoke(self, payload: object = None, **options: Any) -> Any:
        answer = self.lambda_.invoke(FunctionName=self.name, Payload=json.dumps(payload), **options)
        content = answer["Payload"].read()
        return {**answer, "content": json.loads(content) if content else None}


@pytest.fixture
def function(lambda_: Any) -> Iterator[Callable[..., Function]]:
    names: list[str] = []

    def make(source: str, **configuration: Any) -> Function:
        name = f"conformance-{uuid.uuid4().hex[:8]}"
        settings = {"Handler": "main.handler", "Timeout": 30, **configuration}
        lambda_.create_function(
            FunctionName=name, Runtime="python3.13", Role=ROLE, Code={"ZipFile": archive({"main.py": source})}, **settings
        )
        names.append(name)
        until(lambda: lambda_.get_function_configuration(FunctionName=name)["State"] == "Active")
        return Function(lambda_, name)

    yield make
    for name in names:
        lambda_.delete_function(FunctionName=name)


@pytest.fixture
def environments(bare_twin: Any) -> Callable[[Function], list[dict[str, Any]]]:
    """List the execution environments of a function, by the plug-in's own route."""

    def ask(one: Function) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{bare_twin.endpoint}/_septet/environments") as answer:  # noqa: S310 loopback
            return [found for found in json.load(answer) if found["function"] == one.name]

    return ask


@pytest.mark.parametrize(("method", "path"), [("GET", "/_septet"), ("PUT", "/_septet/faults/"), ("GET", "/_septet/nothing/here")])
def test_a_path_of_the_twin_s_own_that_there_is_not_is_answered_with_those_that_there_are(bare_twin: Any, method: str, path: str) -> None:
    asked = urllib.request.Request(bare_twin.endpoint + path, method=method)  # noqa: S310 loopback
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked)  # noqa: S310 loopback
    assert refused.value.code == 404
    assert "GET /_septet/environments, and PUT and GET /_septet/faults/RUN" in json.load(refused.value)["message"]


# answers and errors


def test_a_result_is_answered_with_the_version_that_ran(function: Callable[..., Function]) -> None:
    answer = function("def handler(event, context): return {'got': event}").invoke({"x": 1})
    assert (answer["StatusCode"], answer["ExecutedVersion"], answer["content"]) == (200, "$LATEST", {"got": {"x": 1}})
    assert "FunctionError" not in answer


def test_an_exception_is_a_function_error_by_its_name(function: Callable[..., Function]) -> None:
    # DG "Lambda function handler in Python", errors: errorMessage, errorType, requestId, stackTrace; API Invoke: X-Amz-Function-Error
    answer = function("class Odd(Exception): ...\ndef handler(event, context): raise Odd('no')").invoke()
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert (answer["content"]["errorType"], answer["content"]["errorMessage"]) == ("Odd", "no")
    assert answer["content"]["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert "main.py" in answer["content"]["stackTrace"][0]


@pytest.mark.parametrize(
    ("source", "handler", "error", "message"),
    [
        ("import missing", "main.handler", "Runtime.ImportModuleError", "Unable to import module 'main': No module named 'missing'"),
        ("x = 1", "main.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'main'"),
        ("def handler(", "main.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'main'"),
    ],
)
def test_a_function_that_cannot_be_loaded_says_why(
    function: Callable[..., Function], source: str, handler: str, error: str, message: str
) -> None:
    # DG "Troubleshoot execution issues in Lambda" and "Lambda runtime API", initialization error
    answer = function(source, Handler=handler).invoke()
    assert answer["FunctionError"] == "Unhandled"
    assert answer["content"]["errorType"] == error
    assert answer["content"]["errorMessage"].startswith(message)


def test_a_timeout_ends_the_process_and_the_next_invocation_starts_afresh(function: Callable[..., Function]) -> None:
    # DG "Configure Lambda function timeout" and "Lambda execution environment lifecycle", failures during the invoke phase
    made = function("import os, time\ndef handler(event, context):\n    time.sleep(event)\n    return os.getpid()", Timeout=1)
    before = made.invoke(0)["content"]
    answer = made.invoke(20, LogType="Tail")
    request = answer["ResponseMetadata"]["RequestId"]
    assert answer["content"] == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {request} Error: Task timed out after 1.00 seconds",
    }
    assert f"{request} Task timed out after 1.00 seconds" in base64.b64decode(answer["LogResult"]).decode()
    assert not psutil.pid_exists(before)
    assert made.invoke(0)["content"] != before


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("os._exit(7)", "exit status 7"),
        ("os.kill(os.getpid(), 9)", "signal: killed"),
    ],
)
def test_a_crash_is_a_runtime_exit_error_and_the_next_invocation_works(
    function: Callable[..., Function], statement: str, reason: str
) -> None:
    # DG "Troubleshoot execution issues in Lambda": Runtime.ExitError
    made = function(f"import os\ndef handler(event, context):\n    if event: {statement}\n    return 'fine'")
    answer = made.invoke(1)
    request = answer["ResponseMetadata"]["RequestId"]
    assert answer["content"] == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {request} Error: Runtime exited with error: {reason}",
    }
    assert made.invoke(0)["content"] == "fine"


def test_the_process_of_a_busy_function_can_be_found_and_killed(
    function: Callable[..., Function], environments: Callable[[Function], list[dict[str, Any]]]
) -> None:
    made = function("import time\ndef handler(event, context):\n    time.sleep(event)\n    return 'fine'")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = pool.submit(made.invoke, 60)
        (busy,) = until(lambda: [found for found in environments(made) if found["busy"] and found["state"] == "Running"])
        os.kill(busy["pid"], signal.SIGKILL)
        assert running.result(30)["content"]["errorType"] == "Runtime.ExitError"
    assert made.invoke(0)["content"] == "fine"


# limits


def test_a_request_of_6_mb_passes_and_one_byte_more_is_refused(function: Callable[..., Function]) -> None:
    # DG "Lambda quotas": 6 MB each for request and response, synchronous
    made = function("def handler(event, context): return len(event)")
    limit = 6 * 1024 * 1024 - len('""')
    assert made.invoke("x" * limit)["content"] == limit
    with pytest.raises(ClientError) as refused:
        made.invoke("x" * (limit + 1))
    assert refused.value.response["Error"]["Code"] == "RequestEntityTooLargeException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert "limit 6291456 bytes" in refused.value.response["Error"]["Message"]


def test_an_asynchronous_request_has_its_own_limit(function: Callable[..., Function]) -> None:
    # DG "Lambda quotas": 1 MB for asynchronous invocations
    made = function("def handler(event, context): ...")
    assert made.invoke("x" * 1000, InvocationType="Event")["StatusCode"] == 202
    with pytest.raises(ClientError) as refused:
        made.invoke("x" * (1024 * 1024), InvocationType="Event")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_a_response_over_6_mb_is_a_function_error(function: Callable[..., Function]) -> None:
    # DG "Lambda quotas"; wording of aws-lambda-runtime-interface-emulator
    made = function("def handler(size, context): return 'x' * size")
    limit = 6 * 1024 * 1024
    assert len(made.invoke(limit)["content"]) == limit
    answer = made.invoke(limit + 1000)
    assert answer["FunctionError"] == "Unhandled"
    assert answer["content"]["errorType"] == "Function.ResponseSizeTooLarge"
    assert made.invoke(1)["content"] == "x"


def test_a_payload_that_is_no_json_is_refused(function: Callable[..., Function]) -> None:
    # API Invoke: InvalidRequestContentException, 400
    made = function("def handler(event, context): ...")
    with pytest.raises(ClientError) as refused:
        made.lambda_.invoke(FunctionName=made.name, Payload=b"{'not': json}")
    assert refused.value.response["Error"]["Code"] == "InvalidRequestContentException"


def test_reserved_concurrency_refuses_what_is_over_it(
    function: Callable[..., Function], environments: Callable[[Function], list[dict[str, Any]]]
) -> None:
    # DG "Configuring reserved concurrency"; API Invoke: TooManyRequestsException, 429
    made = function("import time\ndef handler(event, context): time.sleep(event)")
    made.lambda_.put_function_concurrency(FunctionName=made.name, ReservedConcurrentExecutions=1)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = pool.submit(made.invoke, 60)
        (busy,) = until(lambda: [found for found in environments(made) if found["state"] == "Running"])
        with pytest.raises(ClientError) as refused:
            made.invoke(0)
        os.kill(busy["pid"], signal.SIGKILL)
        running.result(30)
    assert refused.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert refused.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"


# environments


def test_concurrent_invocations_run_in_environments_of_their_own_which_are_used_again(function: Callable[..., Function]) -> None:
    # DG "Understanding Lambda function scaling": one environment per concurrent request
    made = function("import os, time\ndef handler(event, context):\n    time.sleep(2)\n    return os.getpid()")
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        first = {answer["content"] for answer in pool.map(made.invoke, range(10))}
        second = {answer["content"] for answer in pool.map(made.invoke, range(10))}
    assert len(first) == 10
    assert second == first


def test_many_short_invocations_at_once_all_get_their_own_answer(function: Callable[..., Function]) -> None:
    made = function("def handler(event, context): return event")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert [answer["content"] for answer in pool.map(made.invoke, range(300))] == list(range(300))


def test_functions_share_no_variables_and_no_temporary_files(bare_twin: Any, function: Callable[..., Function]) -> None:
    # DG "Working with Lambda environment variables"; "Lambda execution environment": each has its own /tmp
    source = (
        "import os, tempfile\n"
        "def handler(event, context):\n"
        "    open(os.path.join(tempfile.gettempdir(), 'mark'), 'a').write('x')\n"
        "    return {'variables': dict(os.environ), 'files': os.listdir(tempfile.gettempdir()), 'folder': tempfile.gettempdir()}\n"
    )
    one = function(source, Environment={"Variables": {"ONLY_ONE": "1"}}).invoke()["content"]
    other = function(source, Environment={"Variables": {"ONLY_OTHER": "1"}}).invoke()["content"]
    assert one["variables"]["ONLY_ONE"] == "1"
    assert "ONLY_ONE" not in other["variables"]
    assert one["folder"] != other["folder"]
    assert one["files"] == other["files"] == ["mark"]
    ours = ("LOCALSTACK", "SEPTET_", "PROVIDER_", "GATEWAY_", "LAMBDA_RUNTIME_EXEC")
    assert [name for name in one["variables"] if name.startswith(ours)] == ["SEPTET_TRACES_URL"], "where the double of a collector is"
    assert one["variables"]["AWS_ENDPOINT_URL"] == bare_twin.endpoint
    assert one["variables"]["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] == bare_twin.doubles
    assert one["variables"]["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"] == bare_twin.doubles


def test_the_documented_variables_are_set(function: Callable[..., Function]) -> None:
    # DG "Working with Lambda environment variables", defined runtime environment variables
    made = function("import os\ndef handler(event, context): return dict(os.environ)", MemorySize=256)
    variables = made.invoke()["content"]
    expected = {
        "_HANDLER": "main.handler",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_NAME": made.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{made.name}",
    }
    assert {name: variables.get(name) for name in expected} == expected
    named = {"_X_AMZN_TRACE_ID", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
    assert named <= set(variables)
    assert {"AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "TZ"} <= set(variables)


def test_a_function_reaches_the_twins_aws_with_an_unchanged_boto3(function: Callable[..., Function]) -> None:
    made = function(
        "import boto3\n"
        "def handler(event, context):\n"
        "    s3 = boto3.client('s3')\n"
        "    s3.create_bucket(Bucket=event)\n"
        "    s3.put_object(Bucket=event, Key='k', Body=b'v')\n"
        "    content = s3.get_object(Bucket=event, Key='k')['Body'].read().decode()\n"
        "    s3.delete_object(Bucket=event, Key='k')\n"
        "    s3.delete_bucket(Bucket=event)\n"
        "    return content\n"
    )
    assert made.invoke(f"bucket-{uuid.uuid4().hex[:8]}")["content"] == "v"


def test_layers_are_importable_and_a_later_one_overrides_an_earlier_one(lambda_: Any, function: Callable[..., Function]) -> None:
    # DG "Adding layers to functions": python/ of each layer is on the path; later layers override earlier ones
    layers = [
        lambda_.publish_layer_version(LayerName=f"conformance-{uuid.uuid4().hex[:8]}", Content={"ZipFile": archive(files)})
        for files in (
            {"python/shared.py": "who = 'first'", "python/only_first.py": "x = 1"},
            {"python/shared.py": "who = 'second'", "python/lib/python3.13/site-packages/packaged.py": "y = 2"},
        )
    ]
    made = function(
        "import shared, only_first, packaged\ndef handler(event, context): return [shared.who, only_first.x, packaged.y]",
        Layers=[layer["LayerVersionArn"] for layer in layers],
    )
    assert made.invoke()["content"] == ["second", 1, 2]


def test_no_process_outlives_its_function(
    function: Callable[..., Function], environments: Callable[[Function], list[dict[str, Any]]]
) -> None:
    made = function("def handler(event, context): ...")
    made.invoke()
    (found,) = environments(made)
    process = psutil.Process(found["pid"])
    copied = made.lambda_.get_function_configuration(FunctionName=made.name)
    made.lambda_.delete_function(FunctionName=made.name)
    assert until(lambda: not process.is_running())
    until(lambda: not environments(made))
    with contextlib.suppress(ClientError):
        made.lambda_.create_function(  # for the fixture to delete
            FunctionName=made.name,
            Runtime="python3.13",
            Role=copied["Role"],
            Handler="main.handler",
            Code={"ZipFile": archive({"m.py": ""})},
        )


def test_another_runtime_is_refused_and_says_so(lambda_: Any) -> None:
    name = f"conformance-{uuid.uuid4().hex[:8]}"
    code = {"ZipFile": archive({"index.js": "exports.handler = async () => 1"})}
    lambda_.create_function(FunctionName=name, Runtime="nodejs22.x", Role=ROLE, Code=code, Handler="index.handler")
    found = until(lambda: (one := lambda_.get_function_configuration(FunctionName=name))["State"] != "Pending" and one)
    assert (found["State"], "The twin runs Python functions" in found["StateReason"]) == ("Failed", True)
    # LocalStack cannot delete a function that never started: it stays until the twin ends.


# context and logs


def test_the_context_is_complete(function: Callable[..., Function]) -> None:
    # DG "Lambda runtime API", next invocation: deadline, trace, ARN as invoked, client context
    made = function(
        "import os\n"
        "def handler(event, context):\n"
        "    return {'id': context.aws_request_id, 'arn': context.invoked_function_arn, 'name': context.function_name,\n"
        "            'left': context.get_remaining_time_in_millis(), 'trace': os.environ['_X_AMZN_TRACE_ID'],\n"
        "            'custom': context.client_context.custom, 'memory': context.memory_limit_in_mb,\n"
        "            'group': context.log_group_name, 'stream': context.log_stream_name, 'version': context.function_version}\n",
        Timeout=9,
    )
    custom = base64.b64encode(json.dumps({"custom": {"who": "née"}}).encode()).decode()
    answer = made.invoke(ClientContext=custom)
    seen = answer["content"]
    assert seen["id"] == answer["ResponseMetadata"]["RequestId"]
    assert seen["arn"] == f"arn:aws:lambda:us-east-1:000000000000:function:{made.name}"
    assert 0 < seen["left"] <= 9000
    assert seen["trace"].startswith("Root=1-")
    assert seen["custom"] == {"who": "née"}
    assert (seen["memory"], seen["group"], seen["version"]) == ("128", f"/aws/lambda/{made.name}", "$LATEST")
    assert seen["stream"].split("]")[0].endswith("[$LATEST")


def test_an_alias_is_named_in_the_arn_and_leads_to_its_version(function: Callable[..., Function]) -> None:
    made = function("def handler(event, context): return [context.function_version, context.invoked_function_arn.split(':')[-1]]")
    version = made.lambda_.publish_version(FunctionName=made.name)["Version"]
    made.lambda_.create_alias(FunctionName=made.name, Name="live", FunctionVersion=version)
    answer = made.invoke(Qualifier="live")
    assert answer["content"] == ["1", "live"]
    assert answer["ExecutedVersion"] == "1"


def test_the_tail_of_the_log_and_cloudwatch_hold_what_lambda_writes(bare_twin: Any, function: Callable[..., Function]) -> None:
    # DG "Viewing CloudWatch logs for Lambda functions": START, END and REPORT lines
    made = function("import logging\ndef handler(event, context):\n    print('printed')\n    logging.warning('logged')")
    answer = made.invoke(LogType="Tail")
    request = answer["ResponseMetadata"]["RequestId"]
    tail = base64.b64decode(answer["LogResult"]).decode().splitlines()
    assert [line.split()[0] for line in tail] == ["START", "printed", "[WARNING]", "END", "REPORT"]
    assert tail[0] == f"START RequestId: {request} Version: $LATEST"
    assert tail[3] == f"END RequestId: {request}"
    fields = dict(field.split(": ") for field in tail[4].removeprefix("REPORT ").strip().split("\t"))
    assert set(fields) == {"RequestId", "Duration", "Billed Duration", "Memory Size", "Max Memory Used", "Init Duration"}
    logs = client(bare_twin.endpoint, "logs")
    events = until(lambda: _events(logs, f"/aws/lambda/{made.name}"))
    assert [event.strip() for event in events] == [line.strip() for line in tail]


def _events(logs: Any, group: str) -> list[str]:
    try:
        return [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]
    except logs.exceptions.ResourceNotFoundException:
        return []


def test_logs_go_to_the_group_of_the_configuration(bare_twin: Any, function: Callable[..., Function]) -> None:
    # DG "Configuring CloudWatch log groups": LoggingConfig.LogGroup
    group = f"/conformance/{uuid.uuid4().hex[:8]}"
    made = function(
        "import os\ndef handler(event, context): return os.environ['AWS_LAMBDA_LOG_GROUP_NAME']", LoggingConfig={"LogGroup": group}
    )
    assert made.invoke()["content"] == group
    assert until(lambda: _events(client(bare_twin.endpoint, "logs"), group))


def test_metrics_in_log_lines_become_metrics(bare_twin: Any, function: Callable[..., Function]) -> None:
    # CloudWatch user guide "Specification: Embedded metric format"
    namespace = f"conformance-{uuid.uuid4().hex[:8]}"
    made = function(
        "import json, time\n"
        "def handler(event, context):\n"
        "    print('{\"_aws\": broken')\n"
        "    print(json.dumps({'_aws': {'Timestamp': int(time.time() * 1000), 'CloudWatchMetrics': [\n"
        f"        {{'Namespace': '{namespace}', 'Dimensions': [['agent']],\n"
        "         'Metrics': [{'Name': 'turns', 'Unit': 'Count'}]}]}, 'agent': 'triage', 'turns': [3, 4]}))\n"
    )
    for _ in range(2):
        assert "FunctionError" not in made.invoke()
    cloudwatch = client(bare_twin.endpoint, "cloudwatch")
    question = {
        "Namespace": namespace,
        "MetricName": "turns",
        "Dimensions": [{"Name": "agent", "Value": "triage"}],
        "StartTime": time.time() - 600,
        "EndTime": time.time() + 600,
        "Period": 1200,
        "Statistics": ["Sum", "SampleCount"],
    }

    def counted() -> list[tuple[float, float]]:
        points = cloudwatch.get_metric_statistics(**question)["Datapoints"]
        return [(point["Sum"], point["SampleCount"]) for point in points if point["SampleCount"] == 4]

    assert until(counted) == [(14, 4)]
