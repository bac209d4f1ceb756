"""How IAM compares text with a pattern."""

import re

_ARN_PARTS = 6


def matches(pattern: str, value: str, *, fold: bool = False) -> bool:
    """Whether IAM's *pattern*, in which ``*`` is any text and ``?`` any character, fits *value*; *fold* ignores case, as for actions."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, value, re.DOTALL | (re.IGNORECASE if fold else re.NOFLAG)) is not None


def arn_matches(pattern: str, value: str) -> bool:
    """The same for ARNs in conditions: each of the six parts is compared by itself, so no ``*`` reaches beyond its part."""
    patterns, values = pattern.split(":", _ARN_PARTS - 1), value.split(":", _ARN_PARTS - 1)
    return len(patterns) == len(values) == _ARN_PARTS and all(map(matches, patterns, values))
