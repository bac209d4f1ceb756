"""Runtime processes: started from one thread that lives as long as we do, ended with everything they started."""

import contextlib
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LAUNCH: Final = Path(__file__).with_name("launch.py")


@dataclass(frozen=True, kw_only=True)
class Command:
    """How a runtime process is started."""

    interpreter: str
    handler: str
    """As in the function's configuration: `module.function`."""
    folder: Path
    """The function's unpacked code."""
    variables: Mapping[str, str]
    """Its whole environment: nothing is inherited."""
    log: Path
    """Where its output is appended."""
    faults: tuple[str, str] | None = None
    """Where plans for faults lie, and the function's name in them; None for a process that is not watched."""


class _Starter:
    """Starts processes from one thread: Linux ends a child when the *thread* that started it ends (PR_SET_PDEATHSIG)."""

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[tuple[Command, Future[subprocess.Popen[bytes]]]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._running = False

    def start(self, command: Command) -> subprocess.Popen[bytes]:
        with self._lock:
            if not self._running:
                threading.Thread(target=self._work, name="septet-starter", daemon=True).start()
                self._running = True
        started: Future[subprocess.Popen[bytes]] = Future()
        self._asked.put((command, started))
        return started.result()

    def _work(self) -> None:
        while True:
            command, started = self._asked.get()
            try:
                started.set_result(_popen(command))
            except OSError as error:
                started.set_exception(error)


def _popen(command: Command) -> subprocess.Popen[bytes]:
    with command.log.open("ab") as log:
        return subprocess.Popen(
            [command.interpreter, str(_LAUNCH), str(os.getpid()), command.handler, *(command.faults or ())],
            cwd=command.folder,
            env=dict(command.variables),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a group of its own: ending the group ends what the handler started
        )


_starter: Final = _Starter()


def start(command: Command) -> subprocess.Popen[bytes]:
    """Start a runtime process in a process group of its own. Raise OSError when that fails."""
    return _starter.start(command)


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a runtime process and everything in its group; return when it is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS refuses signals to a group of zombies
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
