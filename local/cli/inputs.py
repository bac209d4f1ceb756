"""A run's input, or a call's changed arguments, put together from what the command line gives."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from local.cli.outcomes import BadUsage
from septet.core.money import microdollars

KEY = re.compile(r"[\x21-\x7e]{1,255}")
"""Idempotency keys that the API takes; ours are checked here because a header cannot even carry the others."""


def checked_key(key: str) -> str:
    """Return the idempotency key. Raise BadUsage when the API would not take it."""
    if not KEY.fullmatch(key):
        raise BadUsage(
            f"--idempotency-key {key!r} is no key", fix="give 1 to 255 printable ASCII characters without spaces, e.g. order-1001-refund"
        )
    return key


def check_texts(given: Iterable[Any]) -> None:
    """Raise BadUsage for a text among the values of options and arguments that is not UTF-8, which nothing could be sent with."""
    for value in given:
        if isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError as error:
                raise BadUsage(f"{value!r} is not UTF-8", fix="give it as UTF-8, as a terminal with a UTF-8 locale does") from error
        elif isinstance(value, list | tuple):
            check_texts(value)


def checked_amount(option: str, text: str) -> str:
    """Return an amount in dollars. Raise BadUsage when the API would not take it."""
    try:
        microdollars(text)
    except ValueError as error:
        raise BadUsage(f"{option} {text!r} is no amount", fix=str(error).replace("must be", "give")) from error
    return text


def run_input(*, message: str | None, pairs: Sequence[str], file: str | None, stdin: TextIO) -> dict[str, Any]:
    """The object to submit: the file's fields, then the pairs, then the message; none may be given twice. ``-`` reads *stdin*."""
    given = read_object(file, stdin) if file else {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise BadUsage(f"--input {pair!r} has no name and value", fix="write it as --input name=value")
        _add(given, name, value)
    if message is not None:
        _add(given, "message", message)
    if not given:
        raise BadUsage("the run has no input", fix='give a message ("…"), --input name=value, or --input-file')
    return given


def _add(given: dict[str, Any], name: str, value: str) -> None:
    if name in given:
        raise BadUsage(f"the input {name} is given twice", fix="give it once")
    given[name] = value


def edited(current: Any, edits: Sequence[str], *, file: str, stdin: TextIO) -> dict[str, Any]:
    """A call's arguments with *edits* (``name=value``) in them, or those in *file*, all of them. ``-`` reads *stdin*.

    A value is a text where the call has one, else JSON. Raises BadUsage for a name that the call does not have.
    """
    if file:
        if edits:
            raise BadUsage("--edit and --arguments are given together", fix="change single values, or give all of them in a file")
        return read_object(file, stdin)
    changed: dict[str, Any] = dict(current) if isinstance(current, Mapping) else {}
    for edit in edits:
        name, equals, value = edit.partition("=")
        if not equals or name not in changed:
            has = ", ".join(changed) or "none"
            raise BadUsage(f"--edit {edit!r} names no argument of the call", fix=f"write it as --edit name=value; the call has: {has}")
        changed[name] = value if isinstance(changed[name], str) else _json(edit, value)
    return changed


def _json(edit: str, value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError as error:
        raise BadUsage(f"--edit {edit!r} has no JSON value", fix="the call has a number, a list or the like there: give one") from error


def read_object(file: str, stdin: TextIO) -> dict[str, Any]:
    """The JSON object in *file*, ``-`` for *stdin*. Raises BadUsage when there is none."""
    where = "standard input" if file == "-" else file
    try:
        content = json.loads(stdin.read() if file == "-" else Path(file).read_bytes())
        json.dumps(content, ensure_ascii=False, allow_nan=False).encode()  # Python reads more than JSON is, and could not send it
    except OSError as error:
        raise BadUsage(f"{where} cannot be read: {error.strerror}", fix="give the path of a JSON file, or - for standard input") from error
    except (ValueError, RecursionError) as error:
        raise BadUsage(f"{where} is not JSON: {error}", fix="correct it: it must hold one JSON object") from error
    if not isinstance(content, dict):
        raise BadUsage(f"{where} holds no JSON object", fix='start it with { and name the fields, e.g. {"message": "…"}')
    return content
