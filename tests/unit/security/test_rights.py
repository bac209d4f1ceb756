from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.security.manifests import Manifest
from septet.security.rights import granted

READ, REFUND = Manifest(name="find_order"), Manifest(name="issue_refund", roles=("operator", "admin"))
GRANTS = {"clerk": ["find_order", "issue_refund"], "scout": ["find_order"], "idle": []}
NAMES = st.sampled_from(["a", "b", "c"])
TOOLS = st.sampled_from(["x", "y", "z"])


def test_an_agent_has_what_is_on_its_list() -> None:
    assert granted(GRANTS, "scout", READ) == ""


@pytest.mark.parametrize("agent", ["idle", "nobody", ""])
def test_an_empty_list_and_no_list_at_all_give_nothing(agent: str) -> None:
    assert granted(GRANTS, agent, READ) == f"{agent} has no tool find_order"


def test_for_another_an_agent_has_only_what_both_have() -> None:
    roles = frozenset({"operator"})
    assert granted(GRANTS, "clerk", REFUND, roles=roles) == ""
    assert granted(GRANTS, "clerk", REFUND, on_behalf_of=("scout",), roles=roles) == "scout has no tool issue_refund"
    assert granted(GRANTS, "scout", REFUND, on_behalf_of=("clerk",), roles=roles) == "scout has no tool issue_refund"
    assert granted(GRANTS, "clerk", READ, on_behalf_of=("scout", "nobody")) == "nobody has no tool find_order"


@pytest.mark.parametrize(("roles", "told"), [((), "admin, operator"), (("submitter",), "admin, operator"), (("submitter", "admin"), "")])
def test_a_tool_that_asks_for_a_role_is_for_runs_of_whoever_has_it(roles: tuple[str, ...], told: str) -> None:
    reason = granted(GRANTS, "clerk", REFUND, roles=frozenset(roles))
    assert told in reason
    assert bool(reason) == bool(told)


@given(st.dictionaries(NAMES, st.lists(TOOLS)), st.lists(NAMES, min_size=1, max_size=3), TOOLS)
def test_acting_for_more_never_gives_more(grants: Mapping[str, list[str]], chain: list[str], tool: str) -> None:
    asked = Manifest(name=tool)
    alone = [not granted(grants, agent, asked) for agent in chain]
    assert (not granted(grants, chain[0], asked, on_behalf_of=chain[1:])) == all(alone)
