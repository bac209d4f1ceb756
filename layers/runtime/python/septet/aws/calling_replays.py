"""Calling whoever goes on with replays, by their queue."""

import json
from collections.abc import Callable
from functools import cached_property
from typing import Any

from septet.aws.trouble import reaching


class SqsReplays:
    """The queue ``replays``, by its name: a message names a replay, and nothing of how far it is."""

    def __init__(self, client: Callable[[], Any], queue: str) -> None:
        """*client* is asked for when somebody is called: few who could ever do."""
        self._make = client
        self._queue = queue

    @cached_property
    def _client(self) -> Any:
        return self._make()

    @cached_property
    def _url(self) -> str:
        return str(self._client.get_queue_url(QueueName=self._queue)["QueueUrl"])

    @reaching("the queue of replays")
    def __call__(self, tenant: str, replay: str, delay: int = 0) -> None:
        """Have the replay gone on with after *delay* seconds, 900 at most. Raises StoreUnavailable."""
        body = json.dumps({"tenant": tenant, "replay": replay})
        self._client.send_message(QueueUrl=self._url, MessageBody=body, DelaySeconds=delay)
