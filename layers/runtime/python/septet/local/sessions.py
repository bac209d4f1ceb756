"""Sessions in memory."""

from collections.abc import Collection
from threading import Lock

from septet.core.sessions import Message, Session


class MemorySessions:
    """A double of the table of sessions."""

    def __init__(self) -> None:
        self._sessions: dict[tuple[str, str], Session] = {}
        self._messages: dict[tuple[str, str], dict[int, Message]] = {}
        self._lock = Lock()

    def create(self, session: Session) -> Session:
        """Store *session* unless its id is taken."""
        with self._lock:
            return self._sessions.setdefault((session.tenant, session.session), session)

    def get(self, tenant: str, session: str) -> Session | None:
        """The session."""
        return self._sessions.get((tenant, session))

    def replace(self, before: Session, after: Session, messages: Collection[Message] = ()) -> bool:
        """Store all of it, unless something is not as it was."""
        place = before.tenant, before.session
        with self._lock:
            held = self._messages.setdefault(place, {})
            keys = {message.key: message.number for message in held.values()}
            if self._sessions[place].version != before.version or any(keys.get(new.key, new.number) != new.number for new in messages):
                return False
            self._sessions[place] = after
            held.update({message.number: message for message in messages})
            return True

    def message(self, tenant: str, session: str, number: int) -> Message | None:
        """The message with *number*."""
        return self._messages.get((tenant, session), {}).get(number)

    def keyed(self, tenant: str, session: str, key: str) -> Message | None:
        """The message whose key is *key*."""
        with self._lock:
            held = self._messages.get((tenant, session), {})
            return next((message for message in held.values() if message.key == key), None)

    def messages(self, tenant: str, session: str, *, before: int, limit: int) -> tuple[Message, ...]:
        """At most *limit* messages with numbers below *before*, the latest first."""
        with self._lock:
            held = self._messages.get((tenant, session), {})
            return tuple(held[number] for number in sorted(held, reverse=True) if number < before)[:limit]

    def due(self, *, now: int, limit: int) -> tuple[tuple[str, str], ...]:
        """At most *limit* sessions whose time has come, the oldest first."""
        with self._lock:
            found = sorted((one.due, place) for place, one in self._sessions.items() if 0 < one.due <= now)
        return tuple(place for _, place in found[:limit])
