"""Calling the step that reconciles stops, without waiting for it."""

import json

from septet.aws.lambdas import Client

SECONDS = 5
"""What taking the call may take."""


class LambdaReconcile:
    """The step as a Lambda function, which alone may abort executions."""

    def __init__(self, function: str, client: Client) -> None:
        self._function = function
        self._client = client

    def __call__(self, tenant: str, stop: str) -> None:
        """Have the stop gone on with. Raises what botocore does."""
        event = json.dumps({"tenant": tenant, "stop": stop}).encode()
        self._client(SECONDS).invoke(FunctionName=self._function, InvocationType="Event", Payload=event)
