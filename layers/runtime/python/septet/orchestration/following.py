"""What follows the end of a run: whoever waits for it is told."""

from collections.abc import Callable, Sequence

from septet.core.runs import Run

Follower = Callable[[Run], None]
"""Is told of a run that has ended. It may be told again, and later than others: it does what is left to do, and nothing the second time."""


def follow(run: Run, followers: Sequence[Follower]) -> None:
    """Tell every one of *followers* of *run*, which has ended. One that fails keeps no other; raises ExceptionGroup of all that failed."""
    failed: list[Exception] = []
    for follower in followers:
        try:
            follower(run)
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with one follower, the others wait for other things
            failed.append(error)
    if failed:
        raise ExceptionGroup(f"what follows the end of {run.run} is not all done", failed)
