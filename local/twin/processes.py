"""The twin's processes: started in sessions of their own, known by pid and start time, ended with all they started."""

import contextlib
import os
import signal
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from time import monotonic

import psutil

from local.twin.parts import MARK, Part

_TASK_ROOT = "LAMBDA_TASK_ROOT"
_SAME = 2.5
"""Seconds by which two readings of one process's start time may differ: Linux counts from a boot time in whole seconds that may be set."""
_KILLED = 10.0
"""Seconds that the kernel gets to remove a killed process."""


def start(part: Part) -> psutil.Process:
    """Start a part in a session of its own, its output in its log. Raise OSError when the program does not start.

    It is no `Popen`, for it outlives the one who starts it.
    """
    output = os.open(part.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        actions = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, output, 2)]
        pid = os.posix_spawn(part.arguments[0], part.arguments, dict(part.environment), file_actions=actions, setsid=True)
    finally:
        os.close(output)
    return psutil.Process(pid)


def find(pid: int, started: float) -> psutil.Process | None:
    """Return the process with this pid if it is the one that started then; another that got its pid is not."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - started) < _SAME
    except psutil.NoSuchProcess:
        return None
    return process if same and is_alive(process) else None


def marked(home: Path, part: str) -> list[psutil.Process]:
    """Return the processes that carry this part's mark of this twin, recorded or not."""
    return [process for process, environment in _environments() if environment.get(MARK) == f"{part}:{home}"]


def handlers(home: Path) -> list[psutil.Process]:
    """Return the processes of Lambda handlers whose code lies in this twin's folder, and what they started."""
    return [process for process, environment in _environments() if _is_within(environment.get(_TASK_ROOT, ""), home)]


def mark_of(process: psutil.Process) -> str | None:
    """Return `<part>:<home>` for a process of any twin, else None."""
    with contextlib.suppress(psutil.Error, OSError):
        return process.environ().get(MARK)
    return None


def end(processes: Iterable[psutil.Process], *, grace: float) -> None:
    """End processes and the groups they lead: TERM first, KILL after *grace* seconds. Return when all of them are gone."""
    left = list(processes)
    if grace:
        left = _left_after(left, signal.SIGTERM, grace)
    _left_after(left, signal.SIGKILL, _KILLED)


def _left_after(processes: list[psutil.Process], number: signal.Signals, seconds: float) -> list[psutil.Process]:
    """Signal them, wait until they and the groups they lead are gone, and return those that are not."""
    groups = {process.pid for process in processes if _group(process) == process.pid}
    for process in processes:
        _signal(process, number)
    deadline = monotonic() + seconds
    while (left := [process for process in processes if is_alive(process)] or _of(groups)) and monotonic() < deadline:
        with contextlib.suppress(psutil.TimeoutExpired):
            left[0].wait(timeout=0.05)
    return left


def _of(groups: Collection[int]) -> list[psutil.Process]:
    """What still runs of the groups."""
    return [process for process in psutil.process_iter() if _group(process) in groups and is_alive(process)] if groups else []


def _group(process: psutil.Process) -> int | None:
    """The group that a process is in; None when it is gone."""
    try:
        return os.getpgid(process.pid) if process.is_running() else None
    except (psutil.NoSuchProcess, ProcessLookupError):
        return None


def is_alive(process: psutil.Process) -> bool:
    """Whether it still runs. A zombie does not: only its parent, who may be anybody, can remove it."""
    try:
        if process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1:  # its threads may still hold its ports
            return process.is_running()
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(timeout=0)  # removes it if the parent is us
    except psutil.NoSuchProcess:
        pass
    return False


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    """Signal the group that a process leads, else the process; nothing when its pid belongs to another by now."""
    with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError, PermissionError):
        if _group(process) == process.pid:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)


def _environments() -> Iterator[tuple[psutil.Process, dict[str, str]]]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            yield process, process.environ()


def _is_within(path: str, home: Path) -> bool:
    return bool(path) and Path(path).is_relative_to(home)
