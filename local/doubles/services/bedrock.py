"""Bedrock Runtime: Converse and ConverseStream."""

from collections.abc import Iterator
from uuid import uuid4

from local.doubles.answer import Event, ModelError, Reply
from local.doubles.call import ModelCall
from local.doubles.exchange import Response
from local.doubles.wire import eventstream
from local.doubles.wire.converse import error_body, read_call, reply_body
from local.doubles.wire.service import statuses, stream_errors


class Bedrock:
    """Speaks rest-json and AWS's event stream."""

    provider = "bedrock"

    def read(self, model: str, raw: bytes, *, stream: bool | None) -> ModelCall:
        """Read a Converse request."""
        return read_call(model, raw, stream=bool(stream))

    def whole(self, reply: Reply, *, model: str, latency: int) -> Response:  # noqa: ARG002 (Converse does not name the model in its answer)
        """Answer as Converse does."""
        return Response(status=200, headers=_headers("application/json"), body=reply_body(reply, latency=latency))

    def refusal(self, error: ModelError) -> Response:
        """Answer with the exception; its name travels in a header."""
        headers = {**_headers("application/json"), "x-amzn-errortype": error.name}
        return Response(status=statuses()[error.name], headers=headers, body=error_body(error))

    def stream_headers(self) -> dict[str, str]:
        """Say that an event stream follows."""
        return _headers(eventstream.CONTENT_TYPE)

    def frames(self, events: Iterator[Event], *, model: str) -> Iterator[bytes]:  # noqa: ARG002 (as above)
        """Frame the events."""
        return (eventstream.event(*event) for event in events)

    def breach(self, error: ModelError) -> bytes:
        """Frame an exception; one that no stream can carry arrives as the model's."""
        name = error.name if error.name in stream_errors() else "ModelStreamErrorException"
        return eventstream.exception(name[:1].lower() + name[1:], {"message": error.message})


def _headers(content_type: str) -> dict[str, str]:
    return {"Content-Type": content_type, "x-amzn-requestid": str(uuid4())}
