"""What search in documents weighs and takes: ``python -m tests.bench.library`` prints it. Nothing is deployed for it."""

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from statistics import median

import tantivy

from local.library import archive
from septet.endpoints.library import Bounds, Index
from septet.integration.documents import Document

IMPORT = "import time; began = time.perf_counter(); import tantivy; print((time.perf_counter() - began) * 1000)"
TIMES = 7
MANY = 10_000


def main() -> None:
    """Measure, and print a line for each figure."""
    size = sum(path.stat().st_size for path in Path(tantivy.__file__).parent.rglob("*") if path.is_file())
    _say(f"tantivy, unpacked: {size / 1e6:.1f} MB")
    _say(f"its import: {median(_imported() for _ in range(TIMES)):.0f} ms (median of {TIMES} processes)")
    for count in (len(archive()), MANY):
        documents = list(_copies(count))
        index = Index(documents, Bounds())
        built = _milliseconds(lambda documents=documents: Index(documents, Bounds()))  # type: ignore[misc]  # bound for the loop
        found = _milliseconds(lambda index=index: index.search("passengers of the ferry to Marl Haven in 2019", 8))  # type: ignore[misc]  # as above
        _say(f"{count:,} documents: an index in {built:.0f} ms, a search in {found:.1f} ms")
    _say(f"memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _imported() -> float:
    done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True)
    return float(done.stdout)


def _copies(count: int) -> Iterator[Document]:
    """The archive again and again, under other ids."""
    whole = archive()
    numbered = ((round_, one) for round_ in range(count // len(whole) + 1) for one in whole)
    return (Document(id=f"{one.id}.{round_}", title=one.title, date=one.date, text=one.text) for round_, one in islice(numbered, count))


def _milliseconds(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return median(taken)


if __name__ == "__main__":
    main()
