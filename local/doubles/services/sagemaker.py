"""SageMaker Runtime: InvokeEndpoint and its streaming form, in front of a container that serves chat completions (LMI, vLLM)."""

import json
from collections.abc import Iterator
from uuid import uuid4

from local.doubles.answer import Event, ModelError, Reply
from local.doubles.call import ModelCall
from local.doubles.exchange import Response
from local.doubles.wire import eventstream
from local.doubles.wire.chat_errors import sagemaker_error
from local.doubles.wire.chat_reply import completion
from local.doubles.wire.chat_request import read_chat
from local.doubles.wire.chat_stream import chunks

_VARIANT = {"x-Amzn-Invoked-Production-Variant": "AllTraffic"}


class SageMaker:
    """Speaks rest-json around the container's chat completions, and AWS's event stream around its server-sent events."""

    provider = "sagemaker"

    def read(self, model: str, raw: bytes, *, stream: bool | None) -> ModelCall:
        """Read the container's request; *model* is the endpoint's name."""
        call = read_chat(raw, provider=self.provider, model=model)
        if call.stream != bool(stream):
            said = f"'stream' is {str(call.stream).lower()}; InvokeEndpoint wants false, InvokeEndpointWithResponseStream true"
            raise ModelError("ValidationException", said, outcome="invalid")
        return call

    def whole(self, reply: Reply, *, model: str, latency: int) -> Response:  # noqa: ARG002 (the answer has no place for it)
        """Pass the container's completion on."""
        headers = {**_headers("application/json"), **_VARIANT}
        return Response(status=200, headers=headers, body=json.dumps(completion(reply, model=model)).encode())

    def refusal(self, error: ModelError) -> Response:
        """Answer with SageMaker's exception; what the container refused is inside a ModelError."""
        name, status, body = sagemaker_error(error)
        headers = {**_headers("application/json"), "x-amzn-errortype": name}
        return Response(status=status, headers=headers, body=json.dumps(body).encode())

    def stream_headers(self) -> dict[str, str]:
        """Say that an event stream follows, and what is inside it."""
        return {**_headers(eventstream.CONTENT_TYPE), **_VARIANT, "X-Amzn-SageMaker-Content-Type": "text/event-stream"}

    def frames(self, events: Iterator[Event], *, model: str) -> Iterator[bytes]:
        """Wrap each of the container's events in a PayloadPart."""
        return (eventstream.payload("PayloadPart", chunk) for chunk in chunks(events, model=model))

    def breach(self, error: ModelError) -> bytes:
        """Frame a ModelStreamError."""
        return eventstream.exception("ModelStreamError", {"Message": error.message, "ErrorCode": "StreamBroken"})


def _headers(content_type: str) -> dict[str, str]:
    return {"Content-Type": content_type, "x-amzn-requestid": str(uuid4())}
