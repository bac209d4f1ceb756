"""Secrets in Secrets Manager."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from septet.core.errors import ModelUnavailable
from septet.execution.ports import unbilled


class Secrets:
    """Reads each secret once a process: one that was rotated is known to the next."""

    def __init__(self, client: Callable[[], Any]) -> None:
        self._client = client
        self._read: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        """The text of the secret *name*. Raises ModelUnavailable when it cannot be read: the model that needs it cannot be called."""
        if name not in self._read:
            try:
                self._read[name] = self._client().get_secret_value(SecretId=name)["SecretString"].strip()
            except (ClientError, BotoCoreError, LookupError) as error:
                raise unbilled(ModelUnavailable(f"the secret {name} could not be read: {type(error).__name__}")) from error
        return self._read[name]
