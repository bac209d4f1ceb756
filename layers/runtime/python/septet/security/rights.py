"""Whether an agent may have a tool at all, before anything is asked about the call."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from septet.security.manifests import Manifest


def granted(
    grants: Mapping[str, Iterable[str]],
    agent: str,
    manifest: Manifest,
    *,
    on_behalf_of: Iterable[str] = (),
    roles: AbstractSet[str] = frozenset(),
) -> str:
    """Why *agent* may not have the tool; empty when it may.

    It may when the tool is on its own list in *grants* (the tools of each agent), on the list of every agent *on_behalf_of* whom it acts,
    and, if the tool asks for a role of whoever submitted the run, one of them is among *roles*. An agent without a list, or with an empty
    one, has no tool.
    """
    lacking = [one for one in (agent, *on_behalf_of) if manifest.name not in frozenset(grants.get(one, ()))]
    if lacking:
        return f"{lacking[0]} has no tool {manifest.name}"
    if manifest.roles and roles.isdisjoint(manifest.roles):
        return f"{manifest.name} is for runs of somebody with one of the roles: {', '.join(sorted(manifest.roles))}"
    return ""
