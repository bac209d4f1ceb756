"""The AWS a cold start speaks to: a loopback server that answers DynamoDB, Bedrock and Lambda with canned bodies. A double."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from septet.core.entries import Request, ToolIntent, ToolResult
from septet.core.journal import Branch, Head, Pen, header, to_json
from septet.local.journal import MemoryJournal

BRANCH = Branch(tenant="acme", run="run-1")
BUDGETS = json.dumps({"day": 10**9, "run": 10**9, "usual": 10**9})
MODEL = {
    "id": "double.model-1",
    "provider": "bedrock",
    "input_price": 1,
    "output_price": 1,
    "context": 100_000,
    "max_output": 100,
    "capabilities": ["tools"],
}
BUNDLE: dict[str, Any] = {
    "agent": "adder",
    "bundle": "0123456789abcdef",
    "prompt": "You are a careful arithmetic agent. " * 28,
    "models": [MODEL],
    "tools": [{"name": "add", "description": "Add two numbers.", "input_schema": {"type": "object"}}],
    "answer_schema": None,
    "hand_over_to": [],
    "limits": {},
}


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer by the path, and for DynamoDB by the operation."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/model/"):
            answer = _reply(json.loads(body))
        elif "/invocations" in self.path:
            answer = _entries(json.loads(body))
        else:
            operation = self.headers["X-Amz-Target"].partition(".")[2]
            answer = {"Query": _items, "BatchGetItem": _nobody_sick, "UpdateItem": _account}.get(operation, dict)()
        encoded = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _reply(request: dict[str, Any]) -> dict[str, Any]:
    """A tool call first, then an answer."""
    again = len(request["messages"]) > 1
    call = {"toolUse": {"toolUseId": "c", "name": "add", "input": {"a": 1, "b": 2}}}
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": "3"} if again else call]}},
        "stopReason": "end_turn" if again else "tool_use",
        "usage": {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15},
        "metrics": {"latencyMs": 1},
    }


def _entries(event: dict[str, Any]) -> dict[str, Any]:
    """What a gateway would have written."""
    call = event["calls"][0] if "calls" in event else {"id": "c"}
    head = Head(**event["head"]) if "head" in event else Head()
    elsewhere = Pen(journal=_Nowhere(), branch=BRANCH, clock=lambda: 1, head=head, agent="adder", turn="adder")
    bodies = (
        ToolIntent(call=call["id"], tool="add", arguments={"a": 1, "b": 2}, key="", reasons=("it only reads",)),
        ToolResult(call=call["id"], tool="add", value={"sum": 3}),
    )
    return {"entries": [to_json(elsewhere.write(body)) for body in bodies]}


class _Nowhere(MemoryJournal):
    def append(self, *_: Any, **__: Any) -> None:
        """Keep nothing."""


def _items() -> dict[str, Any]:
    """A branch with its request."""
    pen = Pen(journal=MemoryJournal(), branch=BRANCH, clock=lambda: 1, head=Head())
    entry = pen.write(Request(workflow="sums", input={"message": "add 1 and 2"}, submitter="s"))
    held = to_json(entry)
    item = {
        "pk": {"S": "acme#run-1#main"},
        "number": {"N": "0"},
        "header": {"S": json.dumps(header(entry))},
        "body": {"S": json.dumps(held["body"])},
        **{name: {"S": held[name]} for name in ("hash", "salt")},
        "writer": {"S": "w"},
    }
    return {"Items": [item], "Count": 1, "ScannedCount": 1}


def _nobody_sick() -> dict[str, Any]:
    return {"Responses": {}, "UnprocessedKeys": {}}


def _account() -> dict[str, Any]:
    """The branch's account, with a reservation for whichever entry is asked about."""
    amounts = {name: {"N": "1000000"} for name in ("limit", "spent", "reserved", "available")}
    rest = {"above": {"S": "run/run-1"}, "shard": {"S": "0"}, "charged": {"N": "-1"}, "until": {"N": "1"}}
    reservations = {"M": {str(number): {"N": "1000"} for number in range(1, 8)}}
    return {"Attributes": {"account": {"S": "acme#branch/run-1/main"}, **amounts, **rest, "reservations": reservations}}


@contextmanager
def served() -> Iterator[str]:
    """The server's address, while it runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
