"""The secret by which this deployment makes ids, in Secrets Manager."""

from collections.abc import Callable
from typing import Any

from septet.aws.trouble import reaching
from septet.core.journal import Clock

_STORE = "the secret of ids"
LIFESPAN_MS = 300_000
"""How long a process goes on with what it has read: a rotated secret is known to all after this."""


class SecretIdKeys:
    """The present value and, after a rotation, the one before it: an id that was made with that is still found."""

    def __init__(self, client: Callable[[], Any], name: str, clock: Clock) -> None:
        self._client = client  # a function: most requests need no id of this kind, and then the client is never made
        self._name = name
        self._clock = clock
        self._read: tuple[bytes, ...] = ()
        self._until = 0

    @reaching(_STORE)
    def __call__(self) -> tuple[bytes, ...]:
        """The secrets, the present one first. Raises StoreUnavailable."""
        if not self._read or self._clock() >= self._until:
            client = self._client()
            present = client.get_secret_value(SecretId=self._name)["SecretString"].encode()
            self._read = (present, *self._before(client))
            self._until = self._clock() + LIFESPAN_MS
        return self._read

    def _before(self, client: Any) -> tuple[bytes, ...]:
        try:
            found = client.get_secret_value(SecretId=self._name, VersionStage="AWSPREVIOUS")
        except client.exceptions.ResourceNotFoundException:
            return ()
        return (found["SecretString"].encode(),)
