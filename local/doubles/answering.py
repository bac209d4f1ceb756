"""Answering model calls: one service's protocol in front of whichever back-end answers, and a record of each call."""

import logging
from collections.abc import Iterator
from itertools import chain
from time import monotonic

from local.doubles.answer import Backend, ConnectionDropped, ModelError, Reply, Told
from local.doubles.call import ModelCall
from local.doubles.calls import CallRecord, Calls, describe, end
from local.doubles.exchange import Answer, HungUp, Request, Response, Streamed
from local.doubles.service import Service

_LOG = logging.getLogger(__name__)
_OK = 200
_CLIENT_GONE = 499
"""What nginx records when the client did not wait."""


class Answering:
    """Answers the calls of one service and records each."""

    def __init__(self, *, service: Service, backend: Backend, calls: Calls) -> None:
        """Speak as *service*, ask *backend*, write into *calls*."""
        self._service = service
        self._backend = backend
        self._calls = calls

    def answer(self, request: Request, model: str = "", *, stream: bool | None = None) -> Answer:
        """Answer one call; the path says which model and whether in events, or the body does."""
        record = self._calls.begin(provider=self._service.provider, model=model, stream=bool(stream))
        start = monotonic()
        try:
            call = self._service.read(model, request.body, stream=stream)
            describe(record, call)
            if call.stream:
                return self._streamed(record, call, self._backend.converse_stream(call))
            reply = self._backend.converse(call)
        except ModelError as error:
            answer = self._service.refusal(error)
            _finish(record, outcome=error.outcome, status=answer.status, billed=error.billed, why=error.message)
            return answer
        except ConnectionDropped as dropped:
            return self._hang_up(record, dropped, start)
        answer = self._whole(record, reply, start)
        _finish(record, outcome=reply.outcome, status=_OK, billed=True)
        return answer

    def _whole(self, record: CallRecord, reply: Reply, start: float) -> Response:
        return self._service.whole(reply, model=record.model, latency=round((monotonic() - start) * 1000))

    def _hang_up(self, record: CallRecord, dropped: ConnectionDropped, start: float) -> HungUp:
        half = self._whole(record, dropped.reply, start) if dropped.reply else None
        _finish(record, outcome=dropped.outcome, status=_OK if half else 0, billed=half is not None)
        return HungUp(half_of=half, pause=dropped.pause)

    def _streamed(self, record: CallRecord, call: ModelCall, told: Told) -> Streamed:
        """Begin an answer in events. What fails before the first one is raised, and answered as an ordinary error."""
        first = next(told.events)
        frames = self._service.frames(chain([first], told.events), model=call.model)
        return Streamed(headers=self._service.stream_headers(), parts=self._parts(record, frames, told.outcome))

    def _parts(self, record: CallRecord, frames: Iterator[bytes], outcome: str) -> Iterator[bytes]:
        """Pass the frames on; the record is written before the last byte goes out, so that whoever has the answer finds it."""
        try:
            yield from frames
        except ModelError as error:
            _finish(record, outcome=error.outcome, status=_OK, billed=True)
            yield self._service.breach(error)
        except ConnectionDropped as dropped:
            _finish(record, outcome=dropped.outcome, status=_OK, billed=True)
            raise
        except GeneratorExit:
            _finish(record, outcome="client gone", status=_CLIENT_GONE, billed=True)
            raise
        else:
            _finish(record, outcome=outcome, status=_OK, billed=True)


def _finish(record: CallRecord, *, outcome: str, status: int, billed: bool, why: str = "") -> None:
    end(record, outcome=outcome, status=status, billed=billed)
    who = f"run={record.run} agent={record.agent} turn={record.turn} step={record.step} model={record.model!r} stream={record.stream}"
    level = logging.WARNING if outcome in {"unexpected", "invalid"} else logging.INFO
    _LOG.log(level, "%s status=%d outcome=%s %s", who, status, outcome, why)
