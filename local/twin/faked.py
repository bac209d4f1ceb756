"""Resources that the emulator only pretends to have made: LocalStack 4.14 reports them as complete.

Its change set executor writes "Resource type T is not supported but was deployed as a fallback" as the reason and "unknown" as the
physical id (localstack/services/cloudformation/engine/v2/change_set_model_executor.py).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local.twin.errors import TwinError

_REASON = "deployed as a fallback"
_PHYSICAL = "unknown"


@dataclass(frozen=True, kw_only=True)
class Faked:
    """A resource that exists in name only."""

    stack: str
    logical: str
    type: str
    reason: str
    """The emulator's own words, if it had any."""


def faked(stack: str, events: Iterable[Mapping[str, Any]]) -> tuple[Faked, ...]:
    """Return the resources of a stack that its *events*, newest first, show to be faked and not deleted since."""
    latest: dict[str, Mapping[str, Any]] = {}
    shown: dict[str, Faked] = {}
    for event in events:
        logical = event["LogicalResourceId"]
        latest.setdefault(logical, event)
        if _REASON in event.get("ResourceStatusReason", "") or event.get("PhysicalResourceId") == _PHYSICAL:
            reason = event.get("ResourceStatusReason", "")
            shown.setdefault(logical, Faked(stack=stack, logical=logical, type=event["ResourceType"], reason=reason))
    return tuple(one for logical, one in shown.items() if latest[logical]["ResourceStatus"] != "DELETE_COMPLETE")


def require_none(found: Iterable[Faked], *, allowed: Collection[str]) -> None:
    """Raise TwinError naming every faked resource whose type is not on the written list."""
    refused = [one for one in found if one.type not in allowed]
    if refused:
        named = "; ".join(f"{one.logical} in {one.stack} ({one.reason or one.type})" for one in refused)
        raise TwinError(
            f"The emulator faked what it cannot make, so the deployment proves nothing: {named}.",
            "If it was an update, deploy again: LocalStack then starts afresh. "
            "Else provide the type in local/plugin, or write it with a reason into local/twin/not_emulated.toml.",
        )
