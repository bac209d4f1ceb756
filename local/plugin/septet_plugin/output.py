"""What an environment's processes print, and the lines Lambda writes around it."""

import math
from pathlib import Path


class Output:
    """The file an environment's processes append to, read piece by piece."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0

    def new(self) -> str:
        """Return what was printed since the last call, ending with a line's end; empty when the file is gone."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._read)
                piece = file.read()
        except FileNotFoundError:
            return ""
        self._read += len(piece)
        text = piece.decode(errors="replace")
        return text if not text or text.endswith("\n") else text + "\n"

    def whole(self) -> str:
        """Return everything printed so far."""
        try:
            return self._path.read_text(errors="replace")
        except FileNotFoundError:
            return ""


def start_line(request_id: str, version: str) -> str:
    """Return Lambda's line before an invocation's output."""
    return f"START RequestId: {request_id} Version: {version}\n"


def end_lines(request_id: str, *, seconds: float, init_seconds: float | None, configured: int, used: int) -> str:
    """Return Lambda's END and REPORT lines; `configured` and `used` are megabytes, `init_seconds` only after a cold start."""
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {seconds * 1000:.2f} ms",
        f"Billed Duration: {math.ceil((seconds + (init_seconds or 0)) * 1000)} ms",
        f"Memory Size: {configured} MB",
        f"Max Memory Used: {used} MB",
    ]
    if init_seconds is not None:
        fields.append(f"Init Duration: {init_seconds * 1000:.2f} ms")
    return f"END RequestId: {request_id}\n" + "\t".join(fields) + "\t\n"
