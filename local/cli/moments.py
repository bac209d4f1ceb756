"""Times as the API writes them (RFC 3339, UTC) and as a person reads them."""

from datetime import UTC, datetime


def seconds(moment: str) -> float:
    """Seconds since the epoch of an RFC 3339 *moment*."""
    return datetime.fromisoformat(moment).timestamp()


def clock(moment: str) -> str:
    """*moment* in the reader's own time zone, to the second."""
    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M:%S}"


def when(moment: str, *, now: float) -> str:
    """*moment* as short as it can be: the time if it is of the day of *now* (seconds since the epoch), else the date too."""
    there, here = datetime.fromisoformat(moment).astimezone(), datetime.fromtimestamp(now, tz=UTC).astimezone()
    if there.date() == here.date():
        return f"{there:%H:%M:%S}"
    return f"{there:%m-%d %H:%M}" if there.year == here.year else f"{there:%Y-%m-%d %H:%M}"


def left(moment: str, *, now: float) -> str:
    """How long until *moment* from *now* (seconds since the epoch), in its largest fitting unit."""
    rest = int(seconds(moment) - now)
    if rest <= 0:
        return "expired"
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if rest >= 2 * size:
            return f"{rest // size} {unit}"
    return f"{rest} seconds"


def utc_now() -> float:
    """Seconds since the epoch."""
    return datetime.now(UTC).timestamp()
