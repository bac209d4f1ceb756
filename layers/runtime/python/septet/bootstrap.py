"""The one place that reads the environment and chooses adapters. Every function imports only those it uses."""

import os
import time
from collections.abc import Callable, Mapping
from functools import cache
from random import random
from typing import TYPE_CHECKING, Any

from septet.core.frozen import frozen

if TYPE_CHECKING:
    from septet.aws.approvals import DynamoApprovals, StepFunctionsExecutions
    from septet.aws.bodies import S3Bodies
    from septet.aws.cache import DynamoCache
    from septet.aws.guardrail import BedrockGuardrail
    from septet.aws.health import DynamoHealth
    from septet.aws.id_keys import SecretIdKeys
    from septet.aws.journal import DynamoJournal
    from septet.aws.ledger import DynamoLedger
    from septet.aws.runs import DynamoRuns
    from septet.aws.seals import S3Seals
    from septet.aws.signing import KmsKey
    from septet.execution.driver import Ports
    from septet.execution.ports import Model
    from septet.execution.providers import Providers
    from septet.integration.identity import Verifier
    from septet.integration.ports import Ports as ApiPorts
    from septet.orchestration.erasing import Eraser
    from septet.orchestration.sealing import Sealer
    from septet.orchestration.sweeping import Sweeper
    from septet.security.gateway import Gateway

Tables = Callable[[str], tuple[Any, str]]
"""A tool's way to its own tables: the DynamoDB client, and the table's name, by the word for it."""


@frozen
class Configuration:
    """What the stacks tell every function; field ``x`` is the variable ``SEPTET_X``."""

    environment: str
    journal_table: str
    runs_table: str
    approvals_table: str
    effects_table: str
    health_table: str
    cache_table: str
    accounts_table: str
    orders_table: str
    refunds_table: str
    budgets: str
    bodies_bucket: str
    bodies_key: str
    id_key: str
    gateway: str
    tool_prefix: str
    seals_bucket: str
    seals_key: str
    eraser: str
    state_machine_prefix: str
    issuer: str
    audience: str
    jwks_url: str


def configuration(environment: Mapping[str, str]) -> Configuration:
    """The configuration in *environment*. Raises RuntimeError naming every variable that is missing."""
    names = {name: f"SEPTET_{name.upper()}" for name in Configuration.__annotations__}
    if missing := [name for name in names.values() if not environment.get(name)]:
        raise RuntimeError(f"missing in the environment: {', '.join(missing)}; the stacks set them on every function")
    return Configuration(**{field: environment[name] for field, name in names.items()})


@cache
def settings() -> Configuration:
    """This process's configuration, read once."""
    return configuration(os.environ)


def now() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


@cache
def journal() -> "DynamoJournal":
    """The journal in DynamoDB, with its large bodies in S3."""
    return _journal(gaps=False)


def _journal(*, gaps: bool) -> "DynamoJournal":
    from septet.aws.clients import client
    from septet.aws.journal import DynamoJournal

    return DynamoJournal(client("dynamodb"), settings().journal_table, bodies(), gaps=gaps)


def bodies() -> "S3Bodies":
    """The bodies in S3."""
    from septet.aws.bodies import S3Bodies
    from septet.aws.clients import client

    return S3Bodies(lambda: client("s3"), settings().bodies_bucket, settings().bodies_key)


def pause(milliseconds: int) -> None:
    """Wait."""
    time.sleep(milliseconds / 1000)


@cache
def runs() -> "DynamoRuns":
    """The run records in DynamoDB."""
    from septet.aws.clients import client
    from septet.aws.runs import DynamoRuns

    return DynamoRuns(client("dynamodb"), settings().runs_table)


@cache
def ledger() -> "DynamoLedger":
    """The accounts in DynamoDB, with the platform's default limits."""
    import json

    from septet.aws.account_table import AccountTable
    from septet.aws.clients import client
    from septet.aws.ledger import DynamoLedger
    from septet.core.ledger import Budgets

    return DynamoLedger(AccountTable(client("dynamodb"), settings().accounts_table), Budgets(**json.loads(settings().budgets)))


@cache
def sweeper() -> "Sweeper":
    """Whoever settles for workers that are gone; of the journal it reads what entries cost, no large bodies."""
    from septet.aws.clients import client
    from septet.aws.journal import DynamoJournal
    from septet.aws.unread import UnreadBodies
    from septet.aws.unsealed import DynamoUnsealed
    from septet.aws.workflows import StepFunctionsWorkflows
    from septet.orchestration.sweeping import Sweeper

    return Sweeper(
        ledger=ledger(),
        journal=DynamoJournal(client("dynamodb"), settings().journal_table, UnreadBodies(), gaps=True),
        runs=runs(),
        unsealed=DynamoUnsealed(client("dynamodb"), settings().runs_table),
        workflows=StepFunctionsWorkflows(client("stepfunctions"), settings().state_machine_prefix),
        clock=now,
    )


@cache
def approvals() -> "DynamoApprovals":
    """The approvals in DynamoDB."""
    from septet.aws.approvals import DynamoApprovals
    from septet.aws.clients import client

    return DynamoApprovals(client("dynamodb"), settings().approvals_table)


@cache
def executions() -> "StepFunctionsExecutions":
    """The executions that wait for a person."""
    from septet.aws.approvals import StepFunctionsExecutions
    from septet.aws.clients import client

    return StepFunctionsExecutions(client("stepfunctions"))


@cache
def agent_ports() -> "Ports":
    """What a turn acts through."""
    from septet.aws.gateway import LambdaGateway
    from septet.execution.calling import Models
    from septet.execution.driver import Ports

    calls = Models(model=models(), ledger=ledger(), health=health(), cache=replies(), pause=pause, chance=random)  # noqa: S311 -- jitter
    return Ports(journal=journal(), models=calls, gateway=LambdaGateway(settings().gateway, functions), clock=now)


@cache
def models() -> "Providers":
    """Every provider's models; what a provider needs is imported when a model of it is first called."""
    from septet.execution.providers import Providers

    return Providers({"bedrock": _bedrock, "sagemaker": _sagemaker, "openai": _openai})


def _bedrock() -> "Model":
    from septet.aws.bedrock import BedrockModel

    return BedrockModel(lambda region: _model_client("bedrock-runtime", region))


def _sagemaker() -> "Model":
    from septet.aws.sagemaker import SageMakerModel

    return SageMakerModel(lambda region: _model_client("sagemaker-runtime", region))


def _openai() -> "Model":
    from septet.aws.clients import client
    from septet.aws.secrets import Secrets
    from septet.endpoints.openai import OpenAiModel

    return OpenAiModel(Secrets(lambda: client("secretsmanager")))


@cache
def _model_client(service: str, region: str) -> Any:
    from septet.aws.answers import bounded
    from septet.aws.clients import client
    from septet.execution.calling import MODEL_SECONDS

    # One attempt: the journal knows of every call that may have been paid, so whether another is made is the turn's decision.
    return bounded(client(service, read_seconds=MODEL_SECONDS, attempts=1, region=region))


@cache
def health() -> "DynamoHealth":
    """The models' health, which all functions share."""
    from septet.aws.clients import client
    from septet.aws.health import DynamoHealth

    return DynamoHealth(client("dynamodb"), settings().health_table, clock=now)


@cache
def replies() -> "DynamoCache":
    """The exact cache of replies."""
    from septet.aws.cache import DynamoCache
    from septet.aws.clients import client

    return DynamoCache(client("dynamodb"), settings().cache_table)


def functions(seconds: int) -> Any:
    """The Lambda client that waits *seconds* for an answer."""
    from septet.aws.clients import client

    return client("lambda", read_seconds=seconds, attempts=1)


@cache
def table(name: str) -> tuple[Any, str]:
    """The DynamoDB client and the name of a tool's own table: ``orders`` or ``refunds``."""
    from septet.aws.clients import client

    return client("dynamodb"), getattr(settings(), f"{name}_table")


def gateway(
    manifests: Mapping[str, Any], grants: Mapping[str, list[str]], policies: Mapping[str, Any], egress: Mapping[str, Any]
) -> "Gateway":
    """The tool gateway over the tools' manifests, the agents' grants, the policies and the places something may go to: from the synth."""
    from septet.aws.clients import client
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
        ledger=ledger(),
        hands=hands,
        clock=now,
    )


@cache
def verifier() -> "Verifier":
    """Whoever tells a principal from a token, by the issuer's published keys."""
    from septet.integration.identity import Verifier
    from septet.integration.keys import JwksKeys

    return Verifier(issuer=settings().issuer, audience=settings().audience, keys=JwksKeys(settings().jwks_url))


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


def api_ports(workflows: Mapping[str, Any], schemas: Mapping[str, Any]) -> "ApiPorts":
    """What the API acts through, for the *workflows* and the tools' *schemas* that the synth wrote."""
    from septet.aws.clients import client
    from septet.aws.erasing import LambdaEraser
    from septet.aws.workflows import StepFunctionsWorkflows
    from septet.integration.ports import Ports, declarations

    return Ports(
        identity=verifier(),
        journal=_journal(gaps=True),
        ledger=ledger(),
        runs=runs(),
        approvals=approvals(),
        executions=executions(),
        heads=journal(),
        seals=_seals(),
        keys=_seals_key(),
        eraser=LambdaEraser(settings().eraser, functions),
        workflows=StepFunctionsWorkflows(client("stepfunctions"), settings().state_machine_prefix),
        clock=now,
        guardrail=guardrail(),
        id_keys=id_keys(),
        declared=declarations(workflows),
        schemas=schemas,
    )


def _seals() -> "S3Seals":
    from septet.aws.clients import client
    from septet.aws.seals import S3Seals

    return S3Seals(client("s3"), settings().seals_bucket)


def _seals_key() -> "KmsKey":
    from septet.aws.clients import client
    from septet.aws.signing import KmsKey

    return KmsKey(client("kms"), settings().seals_key)


@cache
def sealer() -> "Sealer":
    """Whoever seals the journal; it reads where branches have come to, and no entries."""
    from septet.aws.clients import client
    from septet.aws.unsealed import DynamoUnsealed
    from septet.orchestration.sealing import Sealer

    return Sealer(
        heads=journal(),
        unsealed=DynamoUnsealed(client("dynamodb"), settings().runs_table),
        seals=_seals(),
        signer=_seals_key(),
        clock=now,
    )


@cache
def eraser() -> "Eraser":
    """Whoever erases content."""
    from septet.aws.clients import client
    from septet.aws.erasing import DynamoContents
    from septet.orchestration.erasing import Eraser

    tables = {name: getattr(settings(), f"{name}_table") for name in ("journal", "runs", "effects", "approvals")}
    contents = DynamoContents(client("dynamodb"), client("s3"), tables=tables, bucket=settings().bodies_bucket)
    return Eraser(contents=contents, runs=runs(), clock=now)
