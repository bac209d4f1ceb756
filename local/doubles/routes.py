"""Which path is answered by what. A further model service is a line in the table and a module in `services`."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote

from local.doubles import issuer
from local.doubles.answer import Backend
from local.doubles.answering import Answering
from local.doubles.calls import Calls, by_step
from local.doubles.collector import Collector
from local.doubles.exchange import Answer, Request, Response, json_response
from local.doubles.scenario.backend import Attempts
from local.doubles.scenario.library import BadScenario, Library
from local.doubles.services.bedrock import Bedrock
from local.doubles.services.guardrail import Guardrail
from local.doubles.services.openai import OpenAI
from local.doubles.services.sagemaker import SageMaker

_LOG = logging.getLogger(__name__)
_CALL_FILTERS = {"provider", "run", "agent", "turn", "step", "model", "outcome", "status", "billed"}

type Route = Callable[..., Answer]


@dataclass(frozen=True, kw_only=True)
class Script:
    """What the scenario back-end shares with the routes that change it."""

    library: Library
    attempts: Attempts


class Routes:
    """The whole application: an exchange in, an answer out. Never raises."""

    def __init__(self, *, backend: Backend, calls: Calls, script: Script | None, home: Path, issuer_url: str) -> None:
        """Without a *script* the routes about scenarios say that no scenario is played."""
        self._backend = backend
        self._calls = calls
        self._script = script
        self._home = home
        self._issuer_url = issuer_url
        collector = Collector()
        bedrock, sagemaker, openai = (
            Answering(service=service, backend=backend, calls=calls).answer for service in (Bedrock(), SageMaker(), OpenAI())
        )
        self._table: list[tuple[str, re.Pattern[str], Route]] = [
            ("POST", re.compile(r"/model/(.+)/converse"), partial(bedrock, stream=False)),
            ("POST", re.compile(r"/model/(.+)/converse-stream"), partial(bedrock, stream=True)),
            ("POST", re.compile(r"/guardrail/([^/]+)/version/([^/]+)/apply"), Guardrail(script.library if script else None).answer),
            ("POST", re.compile(r"/endpoints/([^/]+)/invocations"), partial(sagemaker, stream=False)),
            ("POST", re.compile(r"/endpoints/([^/]+)/invocations-response-stream"), partial(sagemaker, stream=True)),
            ("POST", re.compile(r"/v1/chat/completions"), openai),
            ("POST", re.compile(r"/v1/traces"), collector.take),
            ("GET", re.compile(r"/v1/traces"), collector.list),
            ("GET", re.compile(r"/v1/traces/(.*)"), collector.show),
            ("GET", re.compile(r"/status"), self._status),
            ("GET", re.compile(r"/calls"), self._list_calls),
            ("GET", re.compile(r"/scenarios"), self._list_scenarios),
            ("PUT", re.compile(r"/scenarios/([^/]+)"), self._put_scenario),
            ("DELETE", re.compile(r"/scenarios/([^/]+)"), self._delete_scenario),
            ("GET", re.compile(r"/issuer/\.well-known/jwks\.json"), self._keys),
            ("GET", re.compile(r"/issuer/\.well-known/openid-configuration"), self._configuration),
        ]

    def answer(self, request: Request) -> Answer:
        """Find the route and take it."""
        fitting = [(method, match, route) for method, path, route in self._table if (match := path.fullmatch(request.path))]
        for method, match, route in fitting:
            if method == request.method:
                return self._take(route, request, [unquote(part) for part in match.groups()])
        if fitting:
            allowed = ", ".join(method for method, _, _ in fitting)
            answer = json_response(HTTPStatus.METHOD_NOT_ALLOWED, {"message": f"{request.path} answers {allowed}, not {request.method}"})
            return Response(status=answer.status, headers={**answer.headers, "Allow": allowed}, body=answer.body)
        return _unknown(request)

    def _take(self, route: Route, request: Request, parts: list[str]) -> Answer:
        try:
            return route(request, *parts)
        except Exception:  # noqa: BLE001 (the boundary: whatever it is, it is logged whole and answered 500)
            _LOG.exception("%s %s failed: a fault of the doubles", request.method, request.path)
            answer = json_response(HTTPStatus.INTERNAL_SERVER_ERROR, {"message": "A fault of the doubles; their log has the trace."})
            return Response(
                status=answer.status, headers={**answer.headers, "x-amzn-errortype": "InternalServerException"}, body=answer.body
            )

    def _status(self, _request: Request) -> Answer:
        keys = [key["kid"] for key in issuer.public_keys(self._home)["keys"]]
        detail = "a double of an identity provider: it signs for whoever can read the twin's state folder"
        tokens = {"double": True, "issuer": self._issuer_url, "detail": detail, "keys": keys}
        return json_response(HTTPStatus.OK, {"model": self._backend.status(), "issuer": tokens})

    def _list_calls(self, request: Request) -> Answer:
        unknown = sorted(set(request.query) - _CALL_FILTERS)
        if unknown:
            message = f"/calls cannot be filtered by {unknown[0]}; it can by {', '.join(sorted(_CALL_FILTERS))}"
            return json_response(HTTPStatus.BAD_REQUEST, {"message": message})
        listed = self._calls.listing(request.query)
        return json_response(HTTPStatus.OK, {"calls": listed, "steps": by_step(listed)})

    def _list_scenarios(self, _request: Request) -> Answer:
        return json_response(HTTPStatus.OK, {"scenarios": self._script.library.listing() if self._script else []})

    def _put_scenario(self, request: Request, source: str) -> Answer:
        if self._script is None:
            return json_response(
                HTTPStatus.CONFLICT, {"message": "SEPTET_MODEL_URL is set: a real model answers, and no scenario is played"}
            )
        try:
            new = self._script.library.put(request.body.decode(), source=source)
        except BadScenario as bad:
            return json_response(HTTPStatus.BAD_REQUEST, {"message": str(bad), "errors": bad.problems})
        except UnicodeDecodeError as error:
            return json_response(HTTPStatus.BAD_REQUEST, {"message": f"{source} is not UTF-8: {error}"})
        self._script.attempts.forget(source)
        return json_response(HTTPStatus.OK, {"source": source, "scenarios": [one.scenario.scenario for one in new]})

    def _delete_scenario(self, _request: Request, source: str) -> Answer:
        if self._script is None or not self._script.library.remove(source):
            return json_response(HTTPStatus.NOT_FOUND, {"message": f"no scenario was loaded as '{source}'"})
        self._script.attempts.forget(source)
        return json_response(HTTPStatus.OK, {"source": source})

    def _keys(self, _request: Request) -> Answer:
        return json_response(HTTPStatus.OK, issuer.public_keys(self._home))

    def _configuration(self, _request: Request) -> Answer:
        return json_response(HTTPStatus.OK, issuer.configuration(self._issuer_url))


def _unknown(request: Request) -> Response:
    spoken = (
        "of Bedrock Runtime this double speaks Converse, ConverseStream and ApplyGuardrail, of SageMaker Runtime InvokeEndpoint, "
        "of OpenAI chat completions, of OTLP traces"
    )
    said = f"{request.method} {request.path} is not answered here; {spoken}"
    answer = json_response(HTTPStatus.NOT_FOUND, {"message": said})
    return Response(status=answer.status, headers={**answer.headers, "x-amzn-errortype": "UnknownOperationException"}, body=answer.body)
