"""docs/faults.md: parts, each under a heading of its own. Who measures one leaves the others as they are."""

import re
from collections.abc import Sequence
from pathlib import Path

_HEADING = re.compile(r"^# (.*)$", re.MULTILINE)


def put(file: Path, part: str, order: Sequence[str]) -> None:
    """Put *part*, a text that begins with its heading, in place of the one with the same heading. *order*: of the headings."""
    parts = {**_parts(file.read_text() if file.exists() else ""), **_parts(part)}
    file.write_text("\n".join(parts[heading] for heading in order if heading in parts))


def _parts(text: str) -> dict[str, str]:
    begins = [found.start() for found in _HEADING.finditer(text)]
    pieces = [text[begin:end].rstrip("\n") + "\n" for begin, end in zip(begins, [*begins[1:], len(text)], strict=False)]
    return {piece.splitlines()[0].removeprefix("# "): piece for piece in pieces}
