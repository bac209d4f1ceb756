"""Calling the step that lets sessions go on, without waiting for it."""

import json

from septet.aws.lambdas import Client
from septet.core.runs import Run

SECONDS = 5
"""What taking the call may take."""


class LambdaAdvance:
    """The step as a Lambda function, told of the ends of runs."""

    def __init__(self, function: str, client: Client) -> None:
        self._function = function
        self._client = client

    def __call__(self, run: Run) -> None:
        """Have the session of *run* go on, if it is of one. Raises what botocore does."""
        if not run.session:
            return
        event = json.dumps({"tenant": run.tenant, "session": run.session}).encode()
        self._client(SECONDS).invoke(FunctionName=self._function, InvocationType="Event", Payload=event)
