"""The tool gateway, and who may call it to undo."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from septet.bootstrap.agents import branch_ledger
from septet.bootstrap.journals import bodies, journal
from septet.bootstrap.settings import now, pause, settings
from septet.bootstrap.stores import approvals, runs

if TYPE_CHECKING:
    from septet.aws.undoing import LambdaUndoer
    from septet.security.gateway import Gateway


def made(
    manifests: Mapping[str, Any], grants: Mapping[str, list[str]], policies: Mapping[str, Any], egress: Mapping[str, Any]
) -> "Gateway":
    """The tool gateway over the tools' manifests, the agents' grants, the policies and the places something may go to: from the synth."""
    from septet.aws.clients import client, functions
    from septet.aws.effects import DynamoEffects
    from septet.aws.tools import LambdaTools
    from septet.security import cedar
    from septet.security.building import built
    from septet.security.egress import rules
    from septet.security.hands import Hands
    from septet.security.manifests import manifest

    hands = Hands(
        tools=LambdaTools(settings().tool_prefix, functions),
        effects=DynamoEffects(
            client("dynamodb"), settings().effects_table, accounts=settings().accounts_table, bodies=bodies(), pause=pause
        ),
        clock=now,
        pause=pause,
    )
    return built(
        {name: manifest(name, value) for name, value in manifests.items()},
        grants,
        policies=cedar.policies(policies),
        egress=rules(egress),
        journal=journal(),
        runs=runs(),
        approvals=approvals(),
        ledger=branch_ledger(),
        hands=hands,
        clock=now,
    )


@cache
def undoer() -> "LambdaUndoer":
    """The gateway as the step that undoes may call it."""
    from septet.aws.clients import functions
    from septet.aws.undoing import LambdaUndoer

    return LambdaUndoer(settings().gateway, functions)
