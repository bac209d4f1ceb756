"""The label of what a call says: texts, titles, flags and dates."""

from typing import Any

from septet.core.values import digest, form, number, shape
from septet.security.intents import boilerplate
from septet.security.labels import Label, worst
from septet.security.request import phrases, plain
from septet.security.session import Session

_WORDS = 4000
"""Characters of a text that are compared with the request."""
_ENDS = ".,!?;:"


def date(session: Session, value: Any) -> Label:
    """The label of a day, a time, or both."""
    spelling = form(value, "date")
    if spelling is None:
        return Label.UNKNOWN
    day, _, time = spelling.partition("T")
    parts = [_day(session, day)] if day else []
    if time:
        parts.append(min(_moment(session, f"T{time}"), _moment(session, spelling)))
    return worst(parts)


def _day(session: Session, day: str) -> Label:
    """A day of the request may leave out a year that the request says elsewhere, or says nowhere."""
    bare = digest("date", f"-{day[4:]}")
    if bare in session.mentioned and (not session.years or day[:4] in session.years):
        return Label.PROMPT
    return _moment(session, day)


def _moment(session: Session, spelling: str) -> Label:
    key = digest("date", spelling)
    if key in session.mentioned:
        return Label.PROMPT
    held = [Label(reading.held[key]) for reading in session.records.holders(key)]
    return min([*held, Label(session.seen.get(key, Label.UNKNOWN))])


def words(session: Session, value: Any, effect: str) -> Label:
    """The label of a text; it is the request's when all its words stand there in a row."""
    if not isinstance(value, str):
        return _number(session, value)
    if len(value) <= _WORDS:
        for said in (value, value.rstrip(_ENDS)):
            if said and all(plain(phrase) in session.mentioned for phrase in phrases(said)):
                return Label.PROMPT
    if boilerplate(value, effect):
        return Label.CONSTANT
    where = shape(value)
    spelling = form(value, where)
    return _known(session, digest(where, spelling)) if spelling else Label.UNKNOWN


def _number(session: Session, value: Any) -> Label:
    spelling = number(value)
    if spelling is None:
        return Label.UNKNOWN
    key = digest("number", spelling)
    return Label.PROMPT if key in session.mentioned else _known(session, key)


def _known(session: Session, key: str) -> Label:
    held = [Label(reading.held[key]) for reading in session.records.holders(key)]
    return min([*held, Label(session.seen.get(key, Label.UNKNOWN))])
