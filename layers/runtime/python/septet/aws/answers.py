"""Answers of AWS services that are bounded while they are read."""

from collections.abc import Iterator
from typing import Any

MOST_BYTES = 8 * 1024 * 1024
"""Of an answer that is read whole: twenty times what the longest reply of a model has."""
MOST_STREAM_BYTES = 64 * 1024 * 1024
"""Of a stream, in which every few characters have a frame of their own."""


class AnswerTooLarge(Exception):  # noqa: N818 -- says what happened
    """An answer has more bytes than are read."""


def bounded(client: Any) -> Any:
    """*client*, which from now on reads no more than these bytes of any answer, and raises AnswerTooLarge for the rest.

    botocore reads an answer into memory whole before anybody can look at its size, so the client's own HTTP session is asked for the
    answer unread (the event ``before-send`` may give botocore an answer), and it is handed on in a wrapper that counts.
    """
    session = client._endpoint.http_session  # noqa: SLF001 -- there is no public way to the session with the client's proxies and certificates

    def send(request: Any, event_name: str, **_: Any) -> Any:
        request.stream_output = True
        answer = session.send(request)
        answer.raw = _Counted(answer.raw, MOST_STREAM_BYTES if event_name.endswith("Stream") else MOST_BYTES)
        return answer

    client.meta.events.register("before-send", send, unique_id="septet-bounded")
    return client


class _Counted:
    """A raw answer, its bytes counted."""

    def __init__(self, raw: Any, most: int) -> None:
        self._raw = raw
        self._most = most
        self._read = 0

    def stream(self, amt: int = 64 * 1024, decode_content: bool | None = None) -> Iterator[bytes]:  # noqa: FBT001 -- urllib3's signature
        for chunk in self._raw.stream(amt, decode_content):
            yield self._counted(chunk)

    def read(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:  # noqa: FBT001 -- urllib3's signature
        most = self._most - self._read + 1
        return self._counted(self._raw.read(most if amt is None else min(amt, most), decode_content=decode_content))

    def close(self) -> None:
        self._raw.close()

    def _counted(self, chunk: bytes) -> bytes:
        self._read += len(chunk)
        if self._read > self._most:
            self._raw.close()
            raise AnswerTooLarge(f"more than {self._most} bytes")
        return chunk
