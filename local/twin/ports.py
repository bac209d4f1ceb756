"""Whether a port can be had, and who has it when it cannot."""

import contextlib
import socket
from time import monotonic, sleep

import psutil

from local.twin import processes
from local.twin.errors import TwinError
from local.twin.parts import HOST, Part


def is_free(port: int) -> bool:
    """Whether a server can listen on *port* of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def becomes_free(port: int, *, seconds: float = 5.0) -> bool:
    """Whether *port* is free within so many seconds: the kernel may close it a little after its process has gone."""
    deadline = monotonic() + seconds
    pause = 0.01
    while not is_free(port):
        if monotonic() > deadline:
            return False
        sleep(pause)
        pause = min(pause * 2, 0.2)
    return True


def require_free(part: Part) -> None:
    """Raise TwinError, saying who listens there and how to choose another port, when the part's port is busy."""
    if is_free(part.port):
        return
    raise TwinError(
        f"Port {part.port}, which {part.name} needs, is in use{_holder(part.port)}.",
        f"End that, or choose another port: {part.port_variable}={part.port + 100} septet up",
    )


def _holder(port: int) -> str:
    process = listener(port)
    if process is None:
        return " by a process that this user cannot see"
    mark = processes.mark_of(process)
    with contextlib.suppress(psutil.Error):
        if mark:
            return f" by the twin in {mark.partition(':')[2]} ({process.name()}, pid {process.pid})"
        return f" by {process.name()} (pid {process.pid})"
    return ""


def listener(port: int) -> psutil.Process | None:
    """Return the process that listens on *port*, as far as this user may know."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port and connection.pid:
                return psutil.Process(connection.pid)
    return None
