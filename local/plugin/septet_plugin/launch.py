"""Runs AWS's runtime interface client in a process that dies with the one that started it.

Started by `process.start` on the functions' interpreter, so it imports nothing of this package.
Arguments: the process id of the starter, the handler.
"""

import os
import runpy
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def _die_with(parent: int) -> None:
    if sys.platform != "linux":
        return  # there the client ends when the Runtime API's connection closes; what still works is ended by `down`
    import ctypes  # noqa: PLC0415 only where it is needed: this is the functions' cold start

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # the starter went before the kernel knew


def main() -> None:
    """Become `python -m awslambdaric <handler>` in the function's folder."""
    _die_with(int(sys.argv[1]))
    sys.argv = ["awslambdaric", sys.argv[2]]
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
