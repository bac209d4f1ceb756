"""Run the doubles: `python -m local.doubles --home .twin --port 4580 --scenario local/scenarios/support.yaml`."""

import logging
import os
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from errno import EADDRINUSE
from pathlib import Path
from threading import Event

from local.doubles.bootstrap import running
from local.doubles.forward.client import Upstream
from local.doubles.scenario.library import BadScenario, Library

_BAD_USE = 2
_BUSY = 1


def main() -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit status: 1 when the port is busy, 2 when a file or a variable is wrong."""
    options = _options()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every request, addresses included
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        return _serve(options, os.environ, stop)
    except (BadScenario, ValueError) as error:
        print(error, file=sys.stderr)
        return _BAD_USE


def _serve(options: Namespace, environment: Mapping[str, str], stop: Event) -> int:
    library = _library(options.scenario)
    try:
        with running(home=options.home, port=options.port, library=library, upstream=Upstream.from_environment(environment)) as doubles:
            status = doubles.backend.status()
            print(f"model server on {doubles.url} answers by {status['backend']}: {status['detail']}")
            print(f"token issuer on {doubles.issuer_url}: a double of an identity provider", flush=True)
            stop.wait()
    except OSError as error:
        if error.errno != EADDRINUSE:
            raise
        print(f"port {options.port} is busy: end what listens there, or give another --port", file=sys.stderr)
        return _BUSY
    return 0


def _options() -> Namespace:
    parser = ArgumentParser(prog="python -m local.doubles", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="the twin's state folder; the issuer's keys are kept in it")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1; 0 takes any free one")
    parser.add_argument(
        "--scenario", type=Path, action="append", default=[], metavar="FILE", help="a scenario file; may be given several times"
    )
    return parser.parse_args()


def _library(files: list[Path]) -> Library:
    library = Library()
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadScenario([f"{file}: cannot be read: {error}"]) from error
        library.put(text, source=file.name)
    return library


if __name__ == "__main__":
    sys.exit(main())
