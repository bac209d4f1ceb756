"""Dead letters in SQS."""

from functools import cached_property
from typing import Any

from septet.aws.trouble import reaching


class SqsDeadLetters:
    """The dead-letter queue of events, by its name."""

    def __init__(self, client: Any, queue: str) -> None:
        self._client = client
        self._queue = queue

    @cached_property
    def _url(self) -> str:
        return str(self._client.get_queue_url(QueueName=self._queue)["QueueUrl"])

    @reaching("the queue of dead letters")
    def put(self, body: str, reason: str) -> None:
        """Keep the *body*, with the *reason* as an attribute. Raises StoreUnavailable."""
        told = {"reason": {"DataType": "String", "StringValue": reason}}
        self._client.send_message(QueueUrl=self._url, MessageBody=body, MessageAttributes=told)
