"""How a command can end: its exit status, and the failures a person can do something about."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit statuses of every command."""

    OK = 0
    FAILED = 1
    """The run ended without success, its journal is not as it was, or the twin could not do what was asked."""
    USAGE = 2
    """The command line is wrong."""
    REFUSED = 3
    """The platform cannot be reached, or refused the request."""
    INTERRUPTED = 130


class CommandFailed(Exception):  # noqa: N818 -- read as a sentence where it is caught
    """A command cannot go on. ``str`` is a sentence for a person; *fix* says what to do, *details* are further lines."""

    code = Exit.FAILED

    def __init__(self, what: str, *, fix: str = "", details: tuple[str, ...] = ()) -> None:
        super().__init__(what)
        self.fix = fix
        self.details = details


class BadUsage(CommandFailed):
    """The command line asks for something that does not fit together."""

    code = Exit.USAGE


class Unreachable(CommandFailed):
    """Nobody answered, or nothing says where to ask."""

    code = Exit.REFUSED


class Refused(CommandFailed):
    """The platform answered with a problem."""

    code = Exit.REFUSED

    def __init__(self, what: str, *, status: int, fix: str = "", details: tuple[str, ...] = ()) -> None:
        super().__init__(what, fix=fix, details=details)
        self.status = status
        """HTTP status."""
