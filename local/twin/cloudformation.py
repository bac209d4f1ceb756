"""Bringing stacks to what their templates say, and saying why when they will not."""

from collections.abc import Iterable, Iterator, Mapping
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.twin.assembly import Stack
from local.twin.errors import TwinError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.literals import CapabilityType

_CAPABILITIES: "tuple[CapabilityType, ...]" = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM")
_NOTHING = "No updates are to be performed"
_PATIENCE = 300.0
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5


class Stacks:
    """The stacks of a twin."""

    def __init__(self, client: "CloudFormationClient") -> None:
        self._client = client

    def bring(self, stack: Stack, template_url: str) -> bool:
        """Create or update a stack and wait until it is done; False when it was so already. Raise TwinError when it fails.

        The events decide, not the stack's state: LocalStack 4.14 says UPDATE_COMPLETE of an update in which a resource failed.
        """
        exists = self._settled(stack.name) is not None
        old = {event["EventId"] for event in self.events(stack.name)} if exists else set()
        act = self._client.update_stack if exists else self._client.create_stack
        try:
            act(StackName=stack.name, TemplateURL=template_url, Capabilities=_CAPABILITIES)
        except ClientError as error:
            if _NOTHING in str(error):
                return False
            raise TwinError(f"The stack {stack.name} cannot be deployed: {error}", "Look at its template in cdk.out.") from error
        self._settled(stack.name)
        failures = [event for event in self.events(stack.name) if event["EventId"] not in old and _is_failure(event)]
        if failures:
            raise TwinError(f"The stack {stack.name} failed: {_reasons(failures)}", "Mend that, then run septet deploy again.")
        return True

    def events(self, name: str) -> Iterator[dict[str, Any]]:
        """Give a stack's events, the newest first."""
        for page in self._client.get_paginator("describe_stack_events").paginate(StackName=name):
            yield from (dict(event) for event in page["StackEvents"])

    def resources(self, name: str) -> list[dict[str, Any]]:
        """Give a stack's resources."""
        return [dict(resource) for resource in self._client.describe_stack_resources(StackName=name)["StackResources"]]

    def outputs(self, name: str) -> dict[str, str]:
        """Give a stack's outputs by key."""
        found = self._client.describe_stacks(StackName=name)["Stacks"][0].get("Outputs", [])
        return {output["OutputKey"]: output["OutputValue"] for output in found}

    def _settled(self, name: str) -> str | None:
        """The stack's state once nothing is in progress; None when there is no such stack."""
        deadline = monotonic() + _PATIENCE
        pause = _SHORTEST_PAUSE
        while (state := self._state(name)) and state.endswith("_IN_PROGRESS"):
            if monotonic() > deadline:
                raise TwinError(f"The stack {name} is still in {state} after {_PATIENCE:.0f} s.", "septet down, then septet up.")
            sleep(pause)
            pause = min(pause * 1.3, _LONGEST_PAUSE)
        return state

    def _state(self, name: str) -> str | None:
        try:
            return self._client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise


def _is_failure(event: Mapping[str, Any]) -> bool:
    return event["ResourceStatus"].endswith("_FAILED") or "ROLLBACK" in event["ResourceStatus"]


def _reasons(failures: Iterable[Mapping[str, Any]]) -> str:
    """What the failed resources said, in the order in which they failed; *failures* begin with the newest."""
    told = [event for event in failures if event.get("ResourceStatusReason")]
    said = [f"{event['LogicalResourceId']} ({event['ResourceType']}): {event['ResourceStatusReason']}" for event in reversed(told)]
    return "; ".join(dict.fromkeys(said)) or "it gave no reason"
