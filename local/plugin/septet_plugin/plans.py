"""What a plan of faults may say. A typing error in one would make a test pass in which nothing died."""

import json
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from typing import Any, Final

SIDES: Final = ("before", "after")


def _duration(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 900  # noqa: PLR2004 no function may take longer


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


_PLAN: Final[Mapping[str, tuple[str, Callable[[Any], bool]]]] = {
    "kill": ("an object", lambda value: isinstance(value, dict)),
    "twice": ("true or false", lambda value: isinstance(value, bool)),
    "fail": ("a list of objects", lambda value: isinstance(value, list) and all(isinstance(one, dict) for one in value)),
}
_FAIL: Final[Mapping[str, tuple[str, Callable[[Any], bool]]]] = {
    "function": ("the name of a function", lambda value: isinstance(value, str)),
    "error": ("the name of an error", lambda value: isinstance(value, str) and bool(value)),
    "answer": ("an object", lambda value: isinstance(value, dict)),
    "holding": ("a text that the event holds", lambda value: isinstance(value, str) and bool(value)),
    "seconds": ("a number of seconds, 900 at most", _duration),
    "times": ("a whole number from 1", _whole),
}
_KILL: Final[Mapping[str, tuple[str, Callable[[Any], bool]]]] = {
    "function": ("the name of a function", lambda value: isinstance(value, str)),
    "boundary": ("text, e.g. dynamodb PutItem septet-twin-journal", lambda value: isinstance(value, str) and bool(value)),
    "occurrence": ("a whole number from 1", _whole),
    "side": (" or ".join(SIDES), lambda value: value in SIDES),
    "times": ("a whole number from 1", _whole),
}


def checked(plan: bytes, functions: Collection[str] | None = None) -> dict[str, Any]:
    """*plan* as JSON, empty for no text. *functions* are those there are, if that is known. Raises ValueError with what would be right."""
    try:
        found = json.loads(plan or b"{}")
    except ValueError as error:
        raise ValueError(f"the plan is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise ValueError('the plan must be an object, e.g. {"kill": {"boundary": "event"}}')  # noqa: TRY004 -- the sender's, as all here
    _check(found, _PLAN, "")
    kill = found.get("kill", {})
    _check(kill, _KILL, "kill.")
    _deployed(kill, "kill", functions)
    for place, failure in enumerate(found.get("fail", [])):
        _check(failure, _FAIL, f"fail[{place}].")
        if "function" not in failure:
            raise ValueError(f"fail[{place}].function is missing: say which function ends so")
        if ("error" in failure) == ("answer" in failure):
            raise ValueError(f"fail[{place}].error or fail[{place}].answer is missing: give one of them")
        _deployed(failure, f"fail[{place}]", functions)
    return found


def _deployed(given: Mapping[str, Any], where: str, functions: Collection[str] | None) -> None:
    if functions is not None and "function" in given and given["function"] not in functions:
        near = ", ".join(get_close_matches(given["function"], functions)) or ", ".join(sorted(functions)) or "none"
        raise ValueError(f"{where}.function is {given['function']!r}, which is deployed nowhere here; there is: {near}")


def _check(given: Mapping[str, Any], known: Mapping[str, tuple[str, Callable[[Any], bool]]], within: str) -> None:
    for name, value in given.items():
        if name not in known:
            raise ValueError(f"{within}{name} is not known; known are: {', '.join(within + one for one in known)}")
        told, fits = known[name]
        if not fits(value):
            raise ValueError(f"{within}{name} is {json.dumps(value)}: it must be {told}")
