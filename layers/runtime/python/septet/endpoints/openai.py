"""Any server of OpenAI-compatible chat completions behind the model port: vLLM, Ollama, a gateway of one's own."""

import http.client
import ssl
import time
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from septet.core.errors import ModelUnavailable
from septet.execution import chat
from septet.execution.ports import ModelRequest, Reply, unbilled

CONNECT_SECONDS = 5
MOST_BYTES = 8 * 1024 * 1024
"""Of an answer: twenty times what the longest reply of a model has."""
_PIECE = 64 * 1024
_OK = 200


class OpenAiModel:
    """The model named by its id, on the server at ``{endpoint}/chat/completions``."""

    def __init__(self, secret: Callable[[str], str]) -> None:
        """*secret* reads a secret by its name; a model whose spec names one sends it as its key."""
        self._secret = secret

    def complete(self, request: ModelRequest) -> Reply:
        """The model's reply. Raises ModelThrottled, ModelUnavailable, ModelRefused or ContextOverflow. Redirections are not followed."""
        model = request.model
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if request.traceparent:
            headers["traceparent"] = request.traceparent
        if model.secret:
            headers["Authorization"] = f"Bearer {self._secret(model.secret)}"
        status, answer = _post(urlsplit(model.endpoint), chat.body(request, model=model.id), headers, time.monotonic() + request.seconds)
        if status != _OK:
            raise chat.failure(status, answer.decode(errors="replace"))
        return chat.reply(answer)


def _post(url: SplitResult, body: bytes, headers: dict[str, str], until: float) -> tuple[int, bytes]:
    """Status and body of the answer. Raises ModelUnavailable; not billed when there was no connection."""
    connection = _connection(url)
    try:
        try:
            connection.connect()
        except OSError as error:
            raise unbilled(ModelUnavailable(f"{url.hostname} could not be reached: {error}")) from error
        try:
            return _exchange(connection, f"{url.path.rstrip('/')}/chat/completions", body, headers, until)
        except (OSError, http.client.HTTPException, ValueError) as error:
            # Its name alone: what http.client says of a header that cannot be sent quotes it, and one of them holds the key.
            raise ModelUnavailable(f"{url.hostname} gave no whole answer: {type(error).__name__}") from None
    finally:
        connection.close()


def _connection(url: SplitResult) -> http.client.HTTPConnection:
    try:
        if url.scheme == "https" and url.hostname:
            return http.client.HTTPSConnection(url.hostname, url.port, timeout=CONNECT_SECONDS, context=ssl.create_default_context())
        if url.scheme == "http" and url.hostname:
            return http.client.HTTPConnection(url.hostname, url.port, timeout=CONNECT_SECONDS)
    except (ValueError, http.client.InvalidURL) as error:
        raise unbilled(ModelUnavailable(f"the endpoint's address cannot be used: {error}")) from error
    raise unbilled(ModelUnavailable("the endpoint's address is neither http:// nor https://"))


def _exchange(connection: http.client.HTTPConnection, path: str, body: bytes, headers: dict[str, str], until: float) -> tuple[int, bytes]:
    """Send, and read the answer piece by piece: no more than MOST_BYTES, and not after *until*, by the monotonic clock."""
    sock = connection.sock
    sock.settimeout(_left(until))
    connection.request("POST", path, body, headers)
    with connection.getresponse() as answer:
        pieces: list[bytes] = []
        size = 0
        while not answer.isclosed():
            sock.settimeout(_left(until))
            piece = answer.read1(_PIECE)
            if not piece:
                break
            pieces.append(piece)
            size += len(piece)
            if size > MOST_BYTES:
                raise ModelUnavailable(f"the server's answer has more than {MOST_BYTES} bytes")
        return answer.status, b"".join(pieces)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time is up")
    return left
