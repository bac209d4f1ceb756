"""The model server's two operations, Converse and ConverseStream, over whichever back-end answers."""

import logging
from collections.abc import Iterator
from time import monotonic
from uuid import uuid4

from local.doubles.answer import Backend, ConnectionDropped, Event, ModelError, Reply
from local.doubles.calls import CallRecord, Calls, describe, end
from local.doubles.exchange import Answer, HungUp, Request, Response, Streamed
from local.doubles.wire import eventstream
from local.doubles.wire.converse import error_body, read_call, reply_body
from local.doubles.wire.service import statuses, stream_errors

_LOG = logging.getLogger(__name__)
_OK = 200
_CLIENT_GONE = 499
"""What nginx records when the client did not wait."""


class Bedrock:
    """Answers model calls and records each."""

    def __init__(self, *, backend: Backend, calls: Calls) -> None:
        """Ask *backend*, write into *calls*."""
        self._backend = backend
        self._calls = calls

    def converse(self, request: Request, model: str) -> Answer:
        """POST /model/{modelId}/converse."""
        record = self._calls.begin(model=model, stream=False)
        start = monotonic()
        try:
            call = read_call(model, request.body, stream=False)
            describe(record, call)
            reply = self._backend.converse(call)
        except ModelError as error:
            return _refuse(record, error)
        except ConnectionDropped as dropped:
            return _hang_up(record, dropped, start)
        _finish(record, outcome=reply.outcome, status=_OK)
        return _whole(reply, start)

    def converse_stream(self, request: Request, model: str) -> Answer:
        """POST /model/{modelId}/converse-stream. What fails before the first event is answered as an ordinary error."""
        record = self._calls.begin(model=model, stream=True)
        try:
            call = read_call(model, request.body, stream=True)
            describe(record, call)
            told = self._backend.converse_stream(call)
            first = next(told)
        except ModelError as error:
            return _refuse(record, error)
        except ConnectionDropped as dropped:
            _finish(record, outcome=dropped.outcome, status=0)
            return HungUp()
        return Streamed(headers=_headers(eventstream.CONTENT_TYPE), parts=_parts(record, first, told))


def _parts(record: CallRecord, first: Event, told: Iterator[Event]) -> Iterator[bytes]:
    """Frame the events; the record is written before the last byte goes out, so that whoever has the answer finds it."""
    try:
        yield eventstream.event(*first)
        for event in told:
            yield eventstream.event(*event)
    except ModelError as error:
        _finish(record, outcome=error.outcome, status=_OK)
        yield eventstream.exception(error.name if error.name in stream_errors() else "ModelStreamErrorException", error.message)
    except ConnectionDropped as dropped:
        _finish(record, outcome=dropped.outcome, status=_OK)
        raise
    except GeneratorExit:
        _finish(record, outcome="client gone", status=_CLIENT_GONE)
        raise
    else:
        _finish(record, outcome="reply", status=_OK)


def _refuse(record: CallRecord, error: ModelError) -> Response:
    status = statuses()[error.name]
    _finish(record, outcome=error.outcome, status=status, why=error.message)
    return Response(status=status, headers={**_headers("application/json"), "x-amzn-errortype": error.name}, body=error_body(error))


def _hang_up(record: CallRecord, dropped: ConnectionDropped, start: float) -> HungUp:
    midway = dropped.reply is not None
    _finish(record, outcome=dropped.outcome, status=_OK if midway else 0)
    return HungUp(half_of=_whole(dropped.reply, start) if dropped.reply else None)


def _whole(reply: Reply, start: float) -> Response:
    body = reply_body(reply, latency=round((monotonic() - start) * 1000))
    return Response(status=_OK, headers=_headers("application/json"), body=body)


def _headers(content_type: str) -> dict[str, str]:
    return {"Content-Type": content_type, "x-amzn-requestid": str(uuid4())}


def _finish(record: CallRecord, *, outcome: str, status: int, why: str = "") -> None:
    end(record, outcome=outcome, status=status)
    who = f"run={record.run} agent={record.agent} turn={record.turn} step={record.step} model={record.model!r} stream={record.stream}"
    level = logging.WARNING if outcome in {"unexpected", "invalid"} else logging.INFO
    _LOG.log(level, "%s status=%d outcome=%s %s", who, status, outcome, why)
