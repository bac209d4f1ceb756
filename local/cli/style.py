"""How things look: one colour for one meaning."""

from local.cli.story import Tone

TONES = {Tone.CALM: "", Tone.GOOD: "green", Tone.WAIT: "yellow", Tone.BAD: "red"}
"""Rich style of each tone."""

STATUSES = {
    "running": "cyan",
    "waiting": "yellow",
    "succeeded": "green",
    "failed": "red",
    "stopped": "red",
    "timed_out": "red",
    "refused": "red",
    "pending": "yellow",
    "approved": "green",
    "rejected": "red",
    "expired": "red",
}
"""Rich style of each status of a run or an approval."""

LABEL = "dim"
NAME = "bold"
COMMAND = "bold cyan"
"""Something to type."""
