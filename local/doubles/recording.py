"""Writes down which AWS calls the model server was sent, and by whose credentials: LocalStack does not see them."""

import json
import re
from pathlib import Path
from threading import Lock

from local.doubles.exchange import Answer, Request
from local.doubles.server import Application

_SIGNED = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")


class Recorded:
    """An application whose signed requests are noted before they are answered: one JSON line for each caller and path, never content."""

    def __init__(self, application: Application, file: Path) -> None:
        """Note the requests of *application* in *file*."""
        self._application = application
        self._file = file
        self._seen: set[str] = set()
        self._lock = Lock()

    def __call__(self, request: Request) -> Answer:
        """Note and answer."""
        if signed := _SIGNED.match(request.authorization):
            key, region, service = signed.groups()
            self._note(json.dumps({"key": key, "region": region, "service": service, "method": request.method, "path": request.path}))
        return self._application(request)

    def _note(self, line: str) -> None:
        with self._lock:
            if line in self._seen:
                return
            self._seen.add(line)
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as lines:
                lines.write(f"{line}\n")
