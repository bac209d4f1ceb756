"""A model service as the model server speaks it: how calls are read, and how replies and errors are put on the wire."""

from collections.abc import Iterator
from typing import Protocol

from local.doubles.answer import Event, ModelError, Reply
from local.doubles.call import ModelCall
from local.doubles.exchange import Response


class Service(Protocol):
    """One protocol."""

    provider: str
    """`bedrock`, `sagemaker` or `openai`."""

    def read(self, model: str, raw: bytes, *, stream: bool | None) -> ModelCall:
        """Read a request; *model* and *stream* are what its path says. Raises ModelError (ValidationException) naming the field."""
        ...

    def whole(self, reply: Reply, *, model: str, latency: int) -> Response:
        """Put a reply on the wire; latency in milliseconds."""
        ...

    def refusal(self, error: ModelError) -> Response:
        """Put an error on the wire."""
        ...

    def stream_headers(self) -> dict[str, str]:
        """Headers of an answer in events."""
        ...

    def frames(self, events: Iterator[Event], *, model: str) -> Iterator[bytes]:
        """Put the events of an answer on the wire as they come; what *events* raises passes through."""
        ...

    def breach(self, error: ModelError) -> bytes:
        """Put an error on the wire that ends an answer in its middle."""
        ...
