"""Talks to the OpenAI-compatible server that SEPTET_MODEL_URL names."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from local.doubles.answer import Event, ModelError, Reply, Told
from local.doubles.call import ModelCall
from local.doubles.forward.completion import no_completion
from local.doubles.forward.failure import failure
from local.doubles.forward.reply import reply
from local.doubles.forward.request import chat_request
from local.doubles.forward.stream import events

_TIMEOUT = httpx.Timeout(600, connect=5)
"""Seconds. A model on a laptop's processor may take minutes to read a long prompt."""
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """Where the model is. The key appears in no output."""

    url: str
    """Up to and with the version, such as http://127.0.0.1:11434/v1."""
    model: str = ""
    """The server's name of the model; empty: the only one it serves."""
    key: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self | None:
        """Read SEPTET_MODEL_URL, SEPTET_MODEL_NAME and SEPTET_MODEL_KEY; None without a URL. Raises ValueError with the fix."""
        url = environment.get("SEPTET_MODEL_URL", "").rstrip("/")
        if not url:
            return None
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"SEPTET_MODEL_URL is '{url}': give an address such as http://127.0.0.1:11434/v1")
        address = url if parts.path else f"{url}/v1"
        return cls(url=address, model=environment.get("SEPTET_MODEL_NAME", ""), key=environment.get("SEPTET_MODEL_KEY", ""))


class ForwardBackend:
    """Answers by asking a real model."""

    def __init__(self, upstream: Upstream, *, timeout: httpx.Timeout = _TIMEOUT) -> None:
        """Connect at the first call. A proxy of the environment is not asked for a server on this machine."""
        self._upstream = upstream
        self._model = upstream.model
        headers = {"Authorization": f"Bearer {upstream.key}"} if upstream.key else {}
        self._client = httpx.Client(timeout=timeout, headers=headers, trust_env=urlsplit(upstream.url).hostname not in _LOOPBACK)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._client.close()

    def converse(self, call: ModelCall) -> Reply:
        """Answer in one piece."""
        body = chat_request(call, model=self._name())
        try:
            answer = self._client.post(f"{self._upstream.url}/chat/completions", json=body)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if answer.status_code != httpx.codes.OK:
            raise failure(answer.status_code, answer.text)
        return reply(_json(answer), call)

    def converse_stream(self, call: ModelCall) -> Told:
        """Answer event by event as the model writes."""
        return Told(events=self._events(call))

    def _events(self, call: ModelCall) -> Iterator[Event]:
        body = chat_request(call, model=self._name())
        began = False
        try:
            with self._client.stream("POST", f"{self._upstream.url}/chat/completions", json=body) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise failure(answer.status_code, answer.read().decode(errors="replace"))
                for event in events(_chunks(answer), call):
                    began = True
                    yield event
        except httpx.HTTPError as error:
            raise (
                ModelError("ModelStreamErrorException", f"The model server broke off: {error}") if began else self._unreachable(error)
            ) from error

    def status(self) -> dict[str, Any]:
        """Say whom it asks."""
        model = self._model or "the only model it serves"
        return {
            "backend": "forward",
            "double": False,
            "detail": f"{model} at {self._upstream.url}, translated to Bedrock's wire; the answers are a real model's",
            "unexpected": 0,
        }

    def _name(self) -> str:
        """Give the model's name, asking the server once when none was set."""
        if not self._model:
            try:
                answer = self._client.get(f"{self._upstream.url}/models")
            except httpx.HTTPError as error:
                raise self._unreachable(error) from error
            if answer.status_code != httpx.codes.OK:
                raise failure(answer.status_code, answer.text)
            self._model = _only(_json(answer))
        return self._model

    def _unreachable(self, error: httpx.HTTPError) -> ModelError:
        if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
            return ModelError("ModelTimeoutException", f"The model server at {self._upstream.url} took too long.")
        fix = "Start it, or unset SEPTET_MODEL_URL to play scenarios."
        message = f"The model server at {self._upstream.url} does not answer: {error}. {fix}"
        return ModelError("ServiceUnavailableException", message)


def _only(listed: Any) -> str:
    try:
        names = [str(one["id"]) for one in listed["data"]]
    except (KeyError, TypeError):
        names = []
    if len(names) == 1:
        return names[0]
    message = f"Set SEPTET_MODEL_NAME to one of the models the server has: {', '.join(names) or 'it lists none'}"
    raise ModelError("ResourceNotFoundException", message)


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError as error:
        raise no_completion(answer.text) from error


def _chunks(answer: httpx.Response) -> Iterator[Any]:
    """Read server-sent events up to `[DONE]`."""
    if "text/event-stream" not in answer.headers.get("content-type", ""):
        raise no_completion(answer.read().decode(errors="replace"))
    for line in answer.iter_lines():
        data = line.removeprefix("data:").strip()
        if not line.startswith("data:") or not data:
            continue
        if data == "[DONE]":
            return
        try:
            yield json.loads(data)
        except ValueError as error:
            raise no_completion(data) from error
