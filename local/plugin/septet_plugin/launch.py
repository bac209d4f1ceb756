"""Runs AWS's runtime interface client in a process that dies with the one that started it.

Started by `process.start` on the functions' interpreter, so it imports nothing of this package.
Arguments: the process id of the starter, the handler; and where plans for faults lie, and the function's name, if it is watched.
"""

import importlib.util
import os
import runpy
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def _die_with(parent: int) -> None:
    if sys.platform != "linux":
        return  # there the client ends when the Runtime API's connection closes; what still works is ended by `down`
    import ctypes  # noqa: PLC0415 only where it is needed: this is the functions' cold start

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # the starter went before the kernel knew


def _watch(folder: str, function: str) -> None:
    spec = importlib.util.spec_from_file_location("septet_boundaries", Path(__file__).with_name("boundaries.py"))
    if spec is None or spec.loader is None:
        raise ImportError("boundaries.py")
    boundaries = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(boundaries)
    boundaries.install(folder, function)


def main() -> None:
    """Become `python -m awslambdaric <handler>` in the function's folder."""
    parent, handler, *watched = sys.argv[1:]
    _die_with(int(parent))
    sys.argv = ["awslambdaric", handler]
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    if watched:
        _watch(*watched)
    runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
