"""Spans to a collector, by OTLP over HTTP in protobuf: any that speaks it, or X-Ray's own endpoint, which wants requests signed.

X-Ray's limits are held for every collector. Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html
(at most 5 MB, 10,000 spans and 24 hours in a request, nothing older than 14 days) and https://opentelemetry.io/docs/specs/otlp/ .
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from threading import Thread
from time import monotonic
from typing import Any

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.session import get_session
from google.protobuf.message import DecodeError
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from septet.core.errors import StoreUnavailable
from septet.observability.spans import Span, SpansRefused, Value

BATCH = 400
"""Spans in a request: some KB each at most, so it stays far below 5 MB."""
HOURS_TOGETHER = 23
"""That lie between the first and the last span of a request."""
OLDEST_DAYS = 13
"""How long ago a span may have begun that X-Ray is sent; a day is left for the way."""
SECONDS = 5.0
"""For a request, its repetitions included; it is given up a second later, whatever the collector still says."""
ALTOGETHER = 30.0
"""Seconds for an export, all its requests together."""
_HOUR = 3_600_000
_NANOSECONDS = 1_000_000
_LATEST = 2**63 // _NANOSECONDS - 1
_REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.CONTENT_TOO_LARGE, HTTPStatus.UNPROCESSABLE_CONTENT)
"""What says that a request will never be taken as it is."""
_LATER = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)
"""What a caller that does no wrong may be told."""
_KINDS = {"internal": SpanKind.INTERNAL, "client": SpanKind.CLIENT}
_log = logging.getLogger(__name__)


class OtlpExporter:
    """Sends spans, in requests of bounded size and time."""

    def __init__(
        self,
        url: str,
        *,
        environment: str,
        sign: "Signature | None" = None,
        clock: Callable[[], int] | None = None,
        seconds: float = SECONDS,
    ) -> None:
        """*url* is where spans are posted; *sign* is given for X-Ray's endpoint. With a *clock*, spans that are too old for X-Ray stay."""
        self._reach = partial(_Line, url, sign, seconds)
        self._line = self._reach()
        self._seconds = seconds
        self._resource = Resource({"service.name": "septet", "deployment.environment.name": environment})
        self._clock = clock
        self._deadline = 0.0

    def export(self, spans: Sequence[Span]) -> None:
        """Have *spans* taken.

        Raises StoreUnavailable when the collector cannot be reached, or will not have them for now; SpansRefused when it will have none
        from here, or when it refused some for what they are: those are left out, all others were sent.
        """
        self._deadline = monotonic() + ALTOGETHER
        refused = sum(self._send([self._readable(span) for span in batch]) for batch in self._batches(spans))
        if refused:
            raise SpansRefused(f"the collector of traces refuses {refused} of {len(spans)} spans for what they are")

    def _batches(self, spans: Sequence[Span]) -> Iterator[list[Span]]:
        batch: list[Span] = []
        for span in sorted(self._recent(spans), key=lambda one: (one.start, one.end, one.span)):
            if batch and (len(batch) >= BATCH or span.end - batch[0].start > HOURS_TOGETHER * _HOUR):
                yield batch
                batch = []
            batch.append(span)
        if batch:
            yield batch

    def _recent(self, spans: Sequence[Span]) -> Sequence[Span]:
        if self._clock is None:
            return spans
        oldest = self._clock() - OLDEST_DAYS * 24 * _HOUR
        found = [span for span in spans if span.start >= oldest]
        if len(found) < len(spans):
            _log.warning("%d spans began more than %d days ago and are not sent", len(spans) - len(found), OLDEST_DAYS)
        return found

    def _send(self, batch: Sequence[ReadableSpan]) -> int:
        """How many of *batch* were refused for what they are."""
        status = self._post(batch)
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return 0
        if status not in _REFUSED:
            said = f"the collector of traces did not take {len(batch)} spans: {status or 'no answer'}"
            if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _LATER:
                _log.error("%s: it is elsewhere, or has no place for this caller", said)
                raise SpansRefused(said)
            raise StoreUnavailable(said)
        if len(batch) == 1:
            _log.warning("the collector of traces refuses a span with %d", status)
            return 1
        middle = len(batch) // 2
        return self._send(batch[:middle]) + self._send(batch[middle:])

    def _post(self, batch: Sequence[ReadableSpan]) -> int:
        """The status that the collector answers with; 0 for none. Raises StoreUnavailable when that takes too long.

        A timeout of ``requests`` is for each packet, so a collector that drips would hold this for ever: another thread waits for it.
        """
        line = self._line
        asking = Thread(target=line.post, args=(batch,), daemon=True)
        asking.start()
        asking.join(max(0.0, min(self._seconds + 1, self._deadline - monotonic())))
        if asking.is_alive():
            self._line = self._reach()
            line.close()
            raise StoreUnavailable(f"the collector of traces did not take {len(batch)} spans in time")
        return line.status

    def _readable(self, span: Span) -> ReadableSpan:
        return ReadableSpan(
            span.name,
            context=_context(span.trace, span.span),
            parent=_context(span.trace, span.parent) if span.parent else None,
            resource=self._resource,
            attributes=_values(span.attributes),
            events=[Event(event.name, _values(event.attributes), _nanoseconds(event.at)) for event in span.events],
            links=[Link(_context(link.trace, link.span), _values(link.attributes)) for link in span.links],
            kind=_KINDS[span.kind],
            status=Status(StatusCode.ERROR, span.error) if span.error else Status(StatusCode.UNSET),
            start_time=_nanoseconds(span.start),
            end_time=_nanoseconds(span.end),
            instrumentation_scope=InstrumentationScope("septet"),
        )


class _Line:
    """To a collector; what it says last is the answer."""

    def __init__(self, url: str, sign: "Signature | None", seconds: float) -> None:
        session = requests.Session()
        session.trust_env = False  # neither a proxy nor a password file of the machine's
        session.auth = sign
        session.hooks["response"].append(self._noted)
        self._exporter = OTLPSpanExporter(url, session=session, compression=Compression.Gzip, timeout=seconds)
        self.status = 0

    def post(self, batch: Sequence[ReadableSpan]) -> None:
        """Ask it to take *batch*."""
        self.status = 0
        self._exporter.export(batch)

    def close(self) -> None:
        """Ask no more."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]  # the library's

    def _noted(self, response: requests.Response, *_: object, **__: object) -> None:
        body = response.content
        self.status = response.status_code
        if response.ok and response.headers.get("Content-Type", "").startswith("application/x-protobuf"):
            _lost(body)


def _lost(body: bytes) -> None:
    """Say in the log how many spans a collector took and threw away; its own words may have any content."""
    try:
        rejected = ExportTraceServiceResponse.FromString(body).partial_success.rejected_spans
    except DecodeError:
        _log.warning("the collector of traces answers with what is no answer")
        return
    if rejected:
        _log.error("the collector of traces has taken a request and rejects %d of its spans", rejected)


class Signature:
    """Signs requests for X-Ray by the function's own rights."""

    def __init__(self, credentials: Callable[[], Any], region: str) -> None:
        """*credentials* gives botocore's, which may be others each time."""
        self._credentials = credentials
        self._region = region

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request with a signature of its body."""
        signed = AWSRequest(
            method=request.method, url=request.url, data=request.body, headers={"Content-Type": request.headers["Content-Type"]}
        )
        SigV4Auth(self._credentials(), "xray", self._region).add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        return request


def own_signature(region: str) -> Signature:
    """By the rights of whoever this process works for."""
    return Signature(get_session().get_credentials, region)


def x_ray(region: str) -> str:
    """X-Ray's endpoint. Transaction Search has to be on in the account: without it spans are refused."""
    return f"https://xray.{region}.amazonaws.com/v1/traces"


def _context(trace: str, span: str) -> SpanContext:
    return SpanContext(int(trace, 16), int(span, 16), is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _values(values: Mapping[str, Value]) -> dict[str, Value]:
    return dict(values)


def _nanoseconds(milliseconds: int) -> int:
    return min(max(milliseconds, 0), _LATEST) * _NANOSECONDS
