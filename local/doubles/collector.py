"""A double of a collector of traces: takes OTLP over HTTP in protobuf, and keeps the last of each span to be looked at."""

import gzip
import re
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from threading import Lock
from typing import Any

from local.doubles.exchange import Answer, Request, Response, json_response

_MOST_KEPT = 50_000
_LARGEST = 64 * 1024 * 1024
"""Bytes of a request once it is unpacked."""
_PROTOBUF = "application/x-protobuf"
_KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATUSES = ("unset", "ok", "error")
_NANOSECONDS = 1_000_000
_TRACE = re.compile(r"[0-9a-fA-F]{32}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """A span as it came in last."""

    span: dict[str, Any]
    came: int
    """When it first did, in milliseconds since the epoch."""
    deliveries: int = 1
    """How often it came."""
    contents: int = 1
    """How often it was another than the time before, the first time counted."""

    def again(self, span: dict[str, Any]) -> "_Kept":
        """The same once it has come as *span*."""
        return replace(self, span=span, deliveries=self.deliveries + 1, contents=self.contents + (span != self.span))

    def shown(self) -> dict[str, Any]:
        """As JSON tells of it."""
        return self.span | {"deliveries": self.deliveries, "contents": self.contents, "came": self.came}


class Collector:
    """The spans that came in, by trace. Safe to use from several threads."""

    def __init__(self, most: int = _MOST_KEPT, clock: Callable[[], float] = time.time) -> None:
        """Keep the *most* spans that came in last, each with when it first came in, in milliseconds since the epoch."""
        self._spans: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self._most = most
        self._clock = clock
        self._lock = Lock()

    def take(self, request: Request) -> Answer:
        """`POST /v1/traces`: a span that is there already is replaced, and counts as another delivery."""
        if request.content_type.partition(";")[0].strip() != _PROTOBUF:
            return json_response(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, {"message": f"this double of a collector takes {_PROTOBUF}"})
        try:
            spans = _spans(_unpacked(request))
        except ValueError as error:
            return json_response(HTTPStatus.BAD_REQUEST, {"message": str(error)})
        now = int(self._clock() * 1000)
        with self._lock:
            for span in spans:
                key = (span["trace"], span["span"])
                before = self._spans.pop(key, None)
                self._spans[key] = before.again(span) if before else _Kept(span=span, came=now)
            while len(self._spans) > self._most:
                self._spans.popitem(last=False)
        return Response(status=HTTPStatus.OK, headers={"Content-Type": _PROTOBUF}, body=b"")

    def list(self, request: Request) -> Answer:
        """`GET /v1/traces`: which traces there are, with their runs, the one that was added to last at the end.

        `?run=RUN` counts that run's spans alone.
        """
        if unknown := sorted(set(request.query) - {"run"}):
            message = f"/v1/traces cannot be filtered by {unknown[0]}; it can by run"
            return json_response(HTTPStatus.BAD_REQUEST, {"message": message})
        run = request.query.get("run", "")
        with self._lock:
            found = [(trace, _run(kept)) for (trace, _), kept in self._spans.items() if not run or _run(kept) == run]
        latest = list(dict.fromkeys(trace for trace, _ in reversed(found)))
        runs: dict[str, list[str]] = {trace: [] for trace in reversed(latest)}
        for trace, one in found:
            runs[trace].append(one)
        listed = [{"trace": trace, "spans": len(of), "runs": sorted({*of} - {""})} for trace, of in runs.items()]
        return json_response(HTTPStatus.OK, {"double": True, "traces": listed})

    def show(self, _request: Request, trace: str) -> Answer:
        """`GET /v1/traces/TRACE`: its spans by when they began."""
        if not _TRACE.fullmatch(trace):
            message = (
                f"{trace} is no trace's id: that is 32 hexadecimal digits. /v1/traces?run=RUN has a run's, and so has septet explain RUN"
            )
            return json_response(HTTPStatus.BAD_REQUEST, {"message": message})
        with self._lock:
            found = [kept.shown() for (one, _), kept in self._spans.items() if one == trace.lower()]
        if not found:
            message = f"no span of the trace {trace} has come in; /v1/traces lists the traces that have, each with its runs"
            return json_response(HTTPStatus.NOT_FOUND, {"message": message})
        found.sort(key=lambda span: (span["start"], span["end"], span["span"]))
        return json_response(HTTPStatus.OK, {"double": True, "trace": trace.lower(), "spans": found})


def _run(kept: _Kept) -> str:
    """The run that a span is of; empty where it does not say."""
    return str(kept.span["attributes"].get("septet.run", ""))


def _unpacked(request: Request) -> bytes:
    if request.encoding not in ("", "identity", "gzip"):
        raise ValueError(f"Content-Encoding is '{request.encoding}': gzip, or none")
    if request.encoding != "gzip":
        return request.body
    try:
        packed = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        body = packed.decompress(request.body, _LARGEST)
    except (zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"the body is no gzip: {error}") from error
    if packed.unconsumed_tail or not packed.eof:
        raise ValueError(f"the body breaks off, or has more than {_LARGEST} bytes")
    return body


def _spans(body: bytes) -> list[dict[str, Any]]:
    """The spans in a request. Raises ValueError for what is none."""
    from google.protobuf.message import DecodeError  # noqa: PLC0415 -- few of those who start the doubles have traces sent to them
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest  # noqa: PLC0415 -- as above

    try:
        told = ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise ValueError(f"the body is no ExportTraceServiceRequest: {error}") from error
    return [
        _span(span) | {"resource": _attributes(whole.resource.attributes), "scope": part.scope.name}
        for whole in told.resource_spans
        for part in whole.scope_spans
        for span in part.spans
    ]


def _span(span: Any) -> dict[str, Any]:
    if len(span.trace_id) != 16 or len(span.span_id) != 8:  # noqa: PLR2004 -- bytes, as OTLP has them
        raise ValueError("a span has no ids")
    return {
        "trace": span.trace_id.hex(),
        "span": span.span_id.hex(),
        "parent": span.parent_span_id.hex(),
        "name": span.name,
        "kind": _KINDS[span.kind],
        "start": span.start_time_unix_nano // _NANOSECONDS,
        "end": span.end_time_unix_nano // _NANOSECONDS,
        "attributes": _attributes(span.attributes),
        "events": [
            {"name": event.name, "at": event.time_unix_nano // _NANOSECONDS, "attributes": _attributes(event.attributes)}
            for event in span.events
        ],
        "links": [
            {"trace": link.trace_id.hex(), "span": link.span_id.hex(), "attributes": _attributes(link.attributes)} for link in span.links
        ],
        "status": _STATUSES[span.status.code],
        "error": span.status.message,
    }


def _attributes(attributes: Any) -> dict[str, Any]:
    return {one.key: _value(one.value) for one in attributes}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    return getattr(value, kind) if kind else None
