"""Bedrock Runtime as botocore's own service model describes it: the one source of shapes, error names and statuses."""

from functools import cache

from botocore.model import ServiceModel, Shape, StructureShape
from botocore.session import get_session


@cache
def service() -> ServiceModel:
    """Give the model of bedrock-runtime that the installed boto3 client works by."""
    return get_session().get_service_model("bedrock-runtime")


def request_shape(*, stream: bool) -> StructureShape:
    """Give the shape of a ConverseStream or a Converse request."""
    return _structure(service().operation_model("ConverseStream" if stream else "Converse").input_shape)


@cache
def statuses() -> dict[str, int]:
    """HTTP status by exception name, for Converse and for the exceptions a stream can carry."""
    shapes = [*service().operation_model("ConverseStream").error_shapes, *_stream_exceptions()]
    return {shape.name: shape.metadata["error"]["httpStatusCode"] for shape in shapes}


@cache
def stream_errors() -> frozenset[str]:
    """Names of the exceptions that can come inside a stream."""
    return frozenset(shape.name for shape in _stream_exceptions())


def _stream_exceptions() -> list[Shape]:
    output = _structure(service().operation_model("ConverseStream").output_shape)
    events = _structure(output.members["stream"]).members.values()
    return [event for event in events if event.metadata.get("exception")]


def _structure(shape: Shape | None) -> StructureShape:
    if not isinstance(shape, StructureShape):
        raise TypeError(f"botocore describes {shape!r} where a structure is expected; this double does not fit the installed botocore")
    return shape
