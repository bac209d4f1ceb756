"""A run as one file that can be verified by itself: JSON, a line for each thing, so that neither side holds more than one.

First the run's record and the public key, then the proofs that seals have the run, then each branch's entries as they are stored, with
bodies and salts, then how many lines there were.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from local.cli.api import Api, Document
from local.cli.outcomes import CommandFailed

FORMAT = "septet-run/1"
"""Of the file; in its first line."""


def export(api: Api, run: str, path: Path) -> Document:
    """Write *run* into a new file at *path*, and return how much was written. A file that is not complete never bears the name."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            for line in lines(api, run):
                file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
        part.replace(path)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be written: {error.strerror}", fix="name another file with -o") from error
    finally:
        part.unlink(missing_ok=True)
    end: Document = line["end"]
    return end


def lines(api: Api, run: str) -> Iterator[Document]:
    """What the file holds."""
    report = api.run(run)
    yield {"format": FORMAT, "run": report, "key": api.seal_key()}
    proofs = entries = 0
    for proof in api.run_seals(run):
        yield {"proof": proof}
        proofs += 1
    for branch in report["branches"]:
        for entry in api.stored(run, branch):
            yield {"branch": branch, "entry": entry}
            entries += 1
    yield {"end": {"entries": entries, "proofs": proofs}}
