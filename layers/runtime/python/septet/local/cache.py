"""A cache of replies in memory."""

from septet.execution.ports import Reply


class MemoryCache:
    """A double of the cache."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[Reply, int]] = {}

    def get(self, tenant: str, key: str, *, now: int) -> Reply | None:
        """The reply to an equal request, unless it is too old."""
        reply, until = self._kept.get((tenant, key), (None, 0))
        return reply if until > now else None

    def put(self, tenant: str, key: str, reply: Reply, *, until: int) -> None:
        """Keep *reply*."""
        self._kept[tenant, key] = reply, until
