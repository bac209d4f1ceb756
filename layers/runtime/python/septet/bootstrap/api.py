"""What the API acts through."""

import os
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from septet.bootstrap.accounts import ledger, stops
from septet.bootstrap.callees import executions, machines
from septet.bootstrap.identity import verifier
from septet.bootstrap.journals import gapped, journal
from septet.bootstrap.sealing import seals, seals_key
from septet.bootstrap.settings import now, pause, settings
from septet.bootstrap.stores import (
    approvals,
    costs,
    file_contents,
    files,
    inquiries,
    replays,
    rows,
    runs,
    sessions,
    stop_records,
    summaries,
    waits,
)

if TYPE_CHECKING:
    from septet.aws.guardrail import BedrockGuardrail
    from septet.aws.id_keys import SecretIdKeys
    from septet.integration.ports import Ports as ApiPorts


def ports(workflows: Mapping[str, Any], schemas: Mapping[str, Any], agents: Mapping[str, Any] = MappingProxyType({})) -> "ApiPorts":
    """What the API acts through, for the *workflows*, the tools' *schemas* and the *agents*' models that the synth wrote."""
    from septet.aws.calling_replays import SqsReplays
    from septet.aws.clients import client, functions
    from septet.aws.erasing import LambdaEraser
    from septet.aws.reconcile import LambdaReconcile
    from septet.integration.ports import Ports, declarations

    return Ports(
        identity=verifier(),
        journal=gapped(),
        ledger=ledger(),
        runs=runs(),
        approvals=approvals(),
        executions=executions(),
        heads=journal(),
        seals=seals(),
        keys=seals_key(),
        eraser=LambdaEraser(settings().eraser, functions),
        stops=stops(),
        stop_records=stop_records(),
        reconcile=LambdaReconcile(settings().reconciler, functions),
        platform_tenant=os.environ.get("SEPTET_PLATFORM_TENANT", ""),
        workflows=machines(),
        clock=now,
        guardrail=guardrail(),
        id_keys=id_keys(),
        declared=declarations(workflows),
        schemas=schemas,
        inquiries=inquiries(),
        waits=waits(),
        sessions=sessions(),
        agents=agents,
        files=files(),
        contents=file_contents(),
        rows=rows(),
        capacity=int(settings().concurrent_runs),
        pause=pause,
        costs=costs(),
        summaries=summaries(),
        replays=replays(),
        replay=SqsReplays(lambda: client("sqs"), settings().replays),
    )


@cache
def id_keys() -> "SecretIdKeys":
    """The secret by which ids are made."""
    from septet.aws.clients import client
    from septet.aws.id_keys import SecretIdKeys

    return SecretIdKeys(lambda: client("secretsmanager"), settings().id_key, now)


def guardrail() -> "BedrockGuardrail | None":
    """The deployment's guardrail; None when it has none, as most have."""
    from septet.aws.clients import client
    from septet.aws.guardrail import SECONDS, BedrockGuardrail

    which, _, version = os.environ.get("SEPTET_GUARDRAIL", "").partition(":")
    return BedrockGuardrail(lambda: client("bedrock-runtime", read_seconds=SECONDS, attempts=1), which, version) if which else None
