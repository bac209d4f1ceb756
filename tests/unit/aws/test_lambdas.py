import io
import json
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from septet.aws.gateway import GATEWAY_SECONDS, LambdaGateway
from septet.aws.lambdas import LASTING, PASSING
from septet.aws.tools import LambdaTools
from septet.core.entries import Answer, ToolCall
from septet.core.errors import AgentStopped, Fenced, InputRejected, PolicyDenied, RunStopped, SeptetError, ToolTimedOut
from septet.core.journal import Branch, Head, Pen, to_json
from septet.execution.ports import AnsweredInJournal, GatewayBroke, GatewayRequest
from septet.local.journal import MemoryJournal
from septet.security.calls import ToolBroke, ToolNotRun

BRANCH = Branch(tenant="acme", run="run-1")


class Functions:
    """A Lambda client that answers with one thing: a payload, a function's error, or an exception."""

    def __init__(self, end: Any, *, failed: bool = False) -> None:
        self.end, self.failed = end, failed
        self.invoked: list[tuple[str, Any, int]] = []
        self.seconds = 0

    def __call__(self, seconds: int) -> "Functions":
        self.seconds = seconds
        return self

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 -- boto3's names
        self.invoked.append((FunctionName, json.loads(Payload), self.seconds))
        if isinstance(self.end, Exception):
            raise self.end
        body = self.end if isinstance(self.end, bytes) else json.dumps(self.end).encode()
        return {"Payload": io.BytesIO(body), **({"FunctionError": "Unhandled"} if self.failed else {})}


def failed(name: str, message: str = "it says") -> Functions:
    return Functions({"errorType": name, "errorMessage": message, "stackTrace": []}, failed=True)


def tool(functions: Functions) -> Any:
    return LambdaTools("septet-dev-tool-", functions).call("find_order", {"arguments": {}}, timeout=10)


def service(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "it says"}}, "Invoke")


def test_a_tool_is_invoked_by_its_alias_and_waited_for_a_little_longer_than_it_may_run() -> None:
    functions = Functions({"found": True})
    assert tool(functions) == {"found": True}
    assert functions.invoked == [("septet-dev-tool-find_order:live", {"arguments": {}}, 11)]


def test_a_tool_that_returns_nothing_returns_none() -> None:
    assert tool(Functions(b"")) is None
    assert tool(Functions(b"null")) is None


@pytest.mark.parametrize(
    ("functions", "error"),
    [
        (failed("PolicyDenied", "not yours"), PolicyDenied),
        (failed("InputRejected"), InputRejected),
        (failed("Sandbox.Timedout", "RequestId: 1 Error: Task timed out after 10.00 seconds"), ToolTimedOut),
        (failed("", "2026-11-22 Task timed out after 10.00 seconds"), ToolTimedOut),
        (failed("KeyError", "'order_id'"), ToolBroke),
        (failed("Runtime.ExitError", "RequestId: 1 Error: Runtime exited"), ToolBroke),
        (failed("Function.ResponseSizeTooLarge"), ToolBroke),
        (Functions(None, failed=True), ToolBroke),
        (Functions(["odd"], failed=True), ToolBroke),
        (Functions(b"no JSON"), ToolBroke),
        (Functions(b"[" * 200_000), ToolBroke),
        (failed("TooManyRequestsException"), ToolBroke),
        (Functions(service("ServiceException")), ToolBroke),
        (Functions(service("TooManyRequestsException")), ToolNotRun),
        (Functions(service("ResourceNotFoundException")), ToolNotRun),
        (Functions(ReadTimeoutError(endpoint_url="x")), ToolBroke),
        (Functions(ConnectTimeoutError(endpoint_url="x")), ToolNotRun),
        (Functions(EndpointConnectionError(endpoint_url="x")), ToolNotRun),
        (Functions(ConnectionClosedError(endpoint_url="x")), ToolBroke),
    ],
)
def test_however_a_tool_ends_badly_the_gateway_can_tell(functions: Functions, error: type[SeptetError]) -> None:
    with pytest.raises(error):
        tool(functions)
    assert len(functions.invoked) == 1, "a repeated call may be a repeated effect: it is the gateway's to decide"


UNKNOWN = {
    "ServiceException": "an internal error may come at any time",
    "EFSIOException": "a connected file system fails while the code runs, too",
    "EFSMountConnectivityException": "a file system's errors are not told from those of a running function",
    "EFSMountFailureException": "a file system's errors are not told from those of a running function",
    "EFSMountTimeoutException": "a file system's errors are not told from those of a running function",
    "S3FilesMountConnectivityException": "a file system's errors are not told from those of a running function",
    "S3FilesMountFailureException": "a file system's errors are not told from those of a running function",
    "S3FilesMountTimeoutException": "a file system's errors are not told from those of a running function",
    "SnapStartException": "a hook of the tool's own code has run",
    "SnapStartTimeoutException": "a hook of the tool's own code may have run",
    "SnapStartRegenerationFailureException": "the tool's own code is run to make a snapshot",
    "DurableExecutionAlreadyStartedException": "the execution that was asked for is under way",
}
"""Errors of Invoke that do not prove that none of the tool's code ran, and why."""


def test_every_error_that_lambda_documents_for_an_invocation_is_judged() -> None:
    documented = {shape.name for shape in botocore.session.get_session().get_service_model("lambda").operation_model("Invoke").error_shapes}
    assert documented <= PASSING | LASTING | UNKNOWN.keys()
    assert not (PASSING | LASTING) & UNKNOWN.keys()


@pytest.mark.parametrize("code", sorted(PASSING | LASTING))
def test_an_invocation_that_was_refused_before_it_began_has_provably_done_nothing(code: str) -> None:
    with pytest.raises(ToolNotRun) as refused:
        tool(Functions(service(code)))
    assert refused.value.again is (code in PASSING)


@pytest.mark.parametrize("code", [*UNKNOWN, "", "InternalFailure", "AnErrorOfTomorrow"])
def test_any_other_error_of_the_service_proves_nothing(code: str) -> None:
    with pytest.raises(ToolBroke):
        tool(Functions(service(code)))


def test_a_tool_that_fails_with_the_name_of_a_refusal_has_run() -> None:
    with pytest.raises(ToolBroke):
        tool(failed("TooManyRequestsException"))


def test_a_tool_s_own_sentence_is_kept() -> None:
    with pytest.raises(PolicyDenied, match=r"^not yours$"):
        tool(failed("PolicyDenied", "not yours"))


REQUEST = GatewayRequest(
    branch=BRANCH,
    head=Head(number=3, hash="h"),
    agent="clerk",
    turn="t",
    bundle="b",
    pins={"find_order": "p"},
    on_behalf_of=("boss",),
    calls=(ToolCall(id="c", tool="find_order", arguments={"a": "ü"}),),
)


def gateway(functions: Functions) -> Any:
    return LambdaGateway("septet-dev-step-gateway:agent-clerk", functions).call(REQUEST)


def test_the_gateway_gets_the_request_and_answers_with_entries() -> None:
    journal = MemoryJournal()
    entry = Pen(journal=journal, branch=BRANCH, clock=lambda: 1, head=Head()).write(Answer(value=1))
    functions = Functions({"entries": [to_json(entry)]})
    assert gateway(functions) == [entry]
    event = {
        "branch": {"tenant": "acme", "run": "run-1", "path": "main"},
        "head": {"number": 3, "hash": "h"},
        "turn": "t",
        "bundle": "b",
        "pins": {"find_order": "p"},
        "on_behalf_of": ["boss"],
        "calls": [{"id": "c", "tool": "find_order", "arguments": {"a": "ü"}}],
    }
    assert functions.invoked == [("septet-dev-step-gateway:agent-clerk", event, GATEWAY_SECONDS)]


@pytest.mark.parametrize(
    ("functions", "error"),
    [
        (failed("Fenced"), Fenced),
        (failed("InputRejected"), InputRejected),
        (failed("RunStopped"), RunStopped),
        (failed("AgentStopped"), AgentStopped),
        (failed("KeyError"), GatewayBroke),
        (failed("StoreUnavailable"), GatewayBroke),
        (failed("Sandbox.Timedout"), GatewayBroke),
        (failed("PolicyDenied"), GatewayBroke),
        (Functions(service("TooManyRequestsException")), GatewayBroke),
        (Functions(ReadTimeoutError(endpoint_url="x")), GatewayBroke),
        (Functions(None), GatewayBroke),
        (Functions({"entries": [{"body": {}}]}), GatewayBroke),
        (Functions({"entries": 7}), GatewayBroke),
        (Functions({"entries": [], "read": True}), AnsweredInJournal),
    ],
)
def test_however_the_gateway_ends_badly_the_agent_can_tell(functions: Functions, error: type[Exception]) -> None:
    with pytest.raises(error):
        gateway(functions)
