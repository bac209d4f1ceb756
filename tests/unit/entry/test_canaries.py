"""A run through the real handlers of an agent, the gateway and a tool: no content is in any line, however each of them ends."""

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from septet.core.entries import Entry
from septet.core.errors import ModelRefused, SeptetError, ToolFailed
from septet.core.journal import Branch, from_json
from septet.entry import gateway as gateways
from septet.entry import tool
from septet.entry.agent import serve
from septet.entry.logs import RedactingFormatter, pseudonym
from septet.execution.driver import Ports
from septet.execution.ports import GatewayBroke, GatewayRequest
from septet.local.models import ScriptedModel
from septet.local.platform import Platform
from septet.local.tools import FunctionTools
from tests.unit.entry.test_agent import BUNDLE, EVENT, Context
from tests.unit.shop import MANIFESTS, agent, asks, find, says

CANARY = "4929 3813 3266 4295"
WORD = "zaunkoenig"
"""Content that no recogniser knows."""
SEEDED = f"{WORD} {CANARY}"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:septet-twin-step-gateway:agent-clerk"


class Invoked(Context):
    invoked_function_arn = ARN


class HandlerGateway:
    """The gateway by its handler, over JSON, as an agent reaches it."""

    def __init__(self, handler: Any) -> None:
        self._handler = handler

    def call(self, request: GatewayRequest) -> list[Entry]:
        told = {name: getattr(request, name) for name in ("turn", "bundle", "pins", "on_behalf_of")}
        event = {**told, "branch": asdict(request.branch), "head": asdict(request.head), "calls": [asdict(call) for call in request.calls]}
        try:
            answer = self._handler(json.loads(json.dumps(event, default=list)), Invoked())
        except SeptetError:
            raise
        except Exception as error:
            raise GatewayBroke(type(error).__name__) from error
        return [from_json(one) for one in answer["entries"]]


def acting(end: Any) -> tool.Tool:
    """A tool that comes to *end*, with a library that logs on the way."""

    def acts(*_: object) -> Any:
        logging.getLogger("a-library").warning("asking for %s", CANARY)
        if isinstance(end, Exception):
            raise end
        return end

    return acts


@contextmanager
def written() -> Iterator[io.StringIO]:
    """All that anybody logs meanwhile, as Lambda's process would have it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(RedactingFormatter(service="test"))
    before, logging.getLogger().handlers = logging.getLogger().handlers, [handler]
    out, sys.stdout = sys.stdout, stream
    try:
        yield stream
    finally:
        logging.getLogger().handlers, sys.stdout = before, out


Play = Callable[..., str]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """What a run writes in which the model says *lines*, and the tool comes to *end*."""

    def played(*lines: Any, end: Any) -> str:
        (tmp_path / "bundle.json").write_text(json.dumps(BUNDLE))
        for name in gateways.DECLARED:
            (tmp_path / f"{name}.json").write_text("{}")
        with written() as stream:
            platform = Platform(
                agents={"clerk": agent()},
                model=ScriptedModel({"clerk": lines}),
                tools=FunctionTools({"find_order": tool.serve(acting(end))}),
                manifests=MANIFESTS,
            )
            platform.submit("run-1", {"message": SEEDED})
            gateway = HandlerGateway(gateways.serve(str(tmp_path / "handler.py"), make=lambda **_: platform.gateway))
            ports = Ports(journal=platform.journal, models=platform.models(), gateway=gateway, clock=platform.clock)
            handler: Any = serve(str(tmp_path / "handler.py"), ports=lambda: ports)
            try:
                handler(EVENT, Context())
            except Exception as error:  # noqa: BLE001 -- what Lambda would log of it counts as well
                stream.write(f"{type(error).__name__}: {error}\n")
        assert WORD in repr(list(platform.journal.read(Branch(tenant="acme", run="run-1"))))
        return stream.getvalue()

    return played


ENDS = {"a value": {"found": True, "status": SEEDED}, "an error of ours": ToolFailed(SEEDED), "any error": KeyError(SEEDED)}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("last", [says(SEEDED), ModelRefused(CANARY), ValueError(SEEDED)], ids=["answer", "refusal", "break"])
def test_no_line_of_a_run_holds_content(play: Play, end: str, last: Any) -> None:
    text = play(asks(find("A-1"), text=SEEDED), asks(find(SEEDED)), last, end=ENDS[end])
    assert CANARY not in text
    assert WORD not in text
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    assert {"calls"} <= {line["message"] for line in lines}
    for line in lines:
        assert line["tenant"] == pseudonym("acme")
        assert line["run"] == "run-1"
        assert "acme" not in json.dumps(line)
