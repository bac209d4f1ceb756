"""`python -m local.demo`: see it run. Ctrl-C ends it, and the twin too if the demo started it."""

import os
import signal
import sys
from types import FrameType

from local.cli.api import Api
from local.cli.consoles import complain, out
from local.cli.outcomes import CommandFailed, Exit
from local.demo.payments import Tables
from local.demo.phases import Phases
from local.demo.show import Demo, began
from local.seed import furnish
from local.twin.errors import TwinError
from local.twin.twin import Twin


def main() -> int:
    """Show the demo; return the exit status."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    console = out()
    phases = Phases(console, began=began(os.environ))
    try:
        twin = Twin.chosen(say=phases.say)
        was_up = any(part.running for part in twin.status().parts)
        demo = Demo(
            twin=twin, seed=furnish, tables=Tables, client=lambda url, token: Api(url=url, token=token), console=console, phases=phases
        )
        try:
            demo.run()
        except KeyboardInterrupt:
            _clean(twin, was_up=was_up)
            return Exit.INTERRUPTED
    except TwinError as failed:
        complain(CommandFailed(failed.what, fix=failed.remedy))
        return Exit.FAILED
    except CommandFailed as failed:
        complain(failed)
        return failed.code
    return Exit.OK


def _clean(twin: Twin, *, was_up: bool) -> None:
    """End a twin that the demo started; one more Ctrl-C does not stop that."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if was_up:
        print("\nInterrupted. The twin was up before the demo and stays up; make down ends it.", file=sys.stderr)
        return
    print("\nInterrupted: ending the twin.", file=sys.stderr)
    twin.down()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
