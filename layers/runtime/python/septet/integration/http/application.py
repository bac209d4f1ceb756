"""The API as a function of an event: finds the operation, reads, acts, answers. It never raises, and logs no content."""

import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from pydantic import BaseModel

from septet.core.errors import StoreUnavailable
from septet.integration.http import answers, requests
from septet.integration.http.operation import Call, Operation
from septet.integration.http.operations import OPERATIONS, PATTERNS
from septet.integration.identity import bearer
from septet.integration.ports import Ports
from septet.integration.problems import Kind, Problem
from septet.integration.submitting import KEY_FIELD
from septet.integration.tracing import traced

DOCUMENT = "/v1/openapi.json"
Ids = Mapping[str, str]
"""What the path's parameters are."""
_PARAMETER = re.compile(r"\{(\w+)\}")
_RUN = re.compile(r"/(run-[0-9a-z]+)$")


class Api:
    """The API over its ports."""

    def __init__(self, ports: Ports, log: Logger, *, note: Callable[[Mapping[str, str]], None] = lambda _: None) -> None:
        """*note* is told whose request it is, and about which run in which trace, for the lines that are logged of it."""
        self._note = note
        self._ports = ports
        self._log = log
        self._router = APIGatewayRestResolver()
        self._allowed: dict[str, list[str]] = {}
        self._route(DOCUMENT, "GET", "describe", self._describe)
        for operation in OPERATIONS:
            self._route(operation.path, operation.method, operation.id, partial(self._perform, operation))
        self._router.not_found(lambda _: self._answered("none", self._refuse))

    def __call__(self, event: requests.Event, context: Any) -> dict[str, Any]:
        """The answer to a REST API's proxy *event*; *context* is Lambda's."""
        try:
            return self._router.resolve(event, context)
        except Exception as error:  # noqa: BLE001 -- an event that no gateway sends gets an answer too
            return answers.raw(self._broken(error, context))

    def _route(self, path: str, method: str, name: str, work: Callable[[requests.Event, Ids], Response[str]]) -> None:
        def routed(**ids: str) -> Response[str]:
            def exactly(event: requests.Event) -> Response[str]:
                # The router is lenient about how a path ends, and Location is relative to it.
                return work(event, ids) if event["path"] == path.format(**ids) else self._refuse(event)

            return self._answered(name, exactly)

        self._allowed.setdefault(path, []).append(method)
        self._router.route(_PARAMETER.sub(r"<\1>", path), method=method)(routed)

    def _answered(self, name: str, work: Callable[[requests.Event], Response[str]]) -> Response[str]:
        """The answer to the current event, whatever happens, and a line in the log."""
        start = time.perf_counter()
        try:
            response = work(self._router.current_event.raw_event)
        except Problem as problem:
            response = answers.refused(problem)
        except StoreUnavailable as error:
            self._log.warning("unavailable", extra=traced(error))
            response = answers.refused(Problem(Kind.UNAVAILABLE, "something that the API stores things in does not answer: try again"))
        except Exception as error:  # noqa: BLE001 -- the caller gets an answer, and the log the place
            response = self._broken(error, self._router.lambda_context)
        spent = round((time.perf_counter() - start) * 1000)
        self._log.info("request", extra={"operation": name, "status": response.status_code, "milliseconds": spent})
        return response

    def _perform(self, operation: Operation, event: requests.Event, ids: Ids) -> Response[str]:
        trace = requests.trace(event)
        named = re.fullmatch(PATTERNS["run"], ids.get("run", ""))
        self._note({"run": named[0] if named else "", "trace": trace.header if trace else ""})
        principal = self._ports.identity.principal(bearer(requests.header(event, "Authorization")))
        self._note({"tenant": principal.tenant})
        call = Call(
            principal=principal,
            name=_name(ids),
            query=requests.read(operation.query, requests.query(event)),
            body=_body(operation.body, event),
            key=requests.header(event, KEY_FIELD) if operation.keyed else None,
            trace=trace,
            left=lambda: self._router.lambda_context.get_remaining_time_in_millis(),  # noqa: PLW0108 -- looked up when somebody waits, for few do
        )
        reply = operation.act(call, self._ports)
        if begun := _RUN.search(reply.headers.get("Location", "")):
            self._note({"run": begun[1]})
        return answers.done(reply, operation.status)

    def _refuse(self, event: requests.Event) -> Response[str]:
        """The answer where no operation is: the path takes other methods, or there is nothing at it."""
        for path, methods in self._allowed.items():
            if event["httpMethod"] not in methods and re.fullmatch(_PARAMETER.sub("[^/]+", path), event["path"]):
                allow = ", ".join(methods)
                return answers.refused(Problem(Kind.METHOD_NOT_ALLOWED, f"this path takes: {allow}"), {"Allow": allow})
        raise Problem(Kind.NOT_FOUND, f"there is nothing at this path; GET {DOCUMENT} tells what there is")

    def _describe(self, _: requests.Event, __: Ids) -> Response[str]:
        from septet.integration.http.document import document  # noqa: PLC0415 -- few ask, and no other request should wait for it

        return answers.json_of(document(self._ports.declared, self._ports.agents))

    def _broken(self, error: Exception, context: Any) -> Response[str]:
        request = str(getattr(context, "aws_request_id", "unknown"))
        self._log.error("broken", extra={"request": request, **traced(error)})
        return answers.broken(request)


def _name(ids: Ids) -> str:
    """The id in the path. Raises Problem ``NOT_FOUND`` for what can be no id: nothing is looked up for it."""
    for kind, value in ids.items():
        if not re.fullmatch(PATTERNS[kind], value):
            raise Problem(Kind.NOT_FOUND, f"there is no {kind} of this id")
        return value
    return ""


def _body(model: type[BaseModel] | None, event: requests.Event) -> BaseModel | None:
    return requests.read(model, requests.body(event)) if model else None
