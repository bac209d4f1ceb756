"""A server of OpenAI-compatible chat completions, such as vLLM's."""

import json
from collections.abc import Iterator

from local.doubles.answer import Event, ModelError, Reply
from local.doubles.call import ModelCall
from local.doubles.exchange import Response
from local.doubles.wire.chat_errors import openai_error
from local.doubles.wire.chat_reply import completion, sent
from local.doubles.wire.chat_request import read_chat
from local.doubles.wire.chat_stream import chunks


class OpenAI:
    """Speaks JSON and server-sent events."""

    provider = "openai"

    def read(self, model: str, raw: bytes, *, stream: bool | None) -> ModelCall:  # noqa: ARG002 (both stand in the body)
        """Read a chat completion request."""
        return read_chat(raw, provider=self.provider)

    def whole(self, reply: Reply, *, model: str, latency: int) -> Response:  # noqa: ARG002 (the answer has no place for it)
        """Answer with a chat completion."""
        return Response(status=200, headers={"Content-Type": "application/json"}, body=json.dumps(completion(reply, model=model)).encode())

    def refusal(self, error: ModelError) -> Response:
        """Answer with an error object."""
        status, body = openai_error(error)
        return Response(status=status, headers={"Content-Type": "application/json"}, body=json.dumps(body).encode())

    def stream_headers(self) -> dict[str, str]:
        """Say that server-sent events follow."""
        return {"Content-Type": "text/event-stream; charset=utf-8"}

    def frames(self, events: Iterator[Event], *, model: str) -> Iterator[bytes]:
        """Send the answer in chunks."""
        return chunks(events, model=model)

    def breach(self, error: ModelError) -> bytes:
        """Send an error object as the last event, as vLLM does."""
        return sent(openai_error(error)[1])
