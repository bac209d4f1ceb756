"""What an agent's turn acts through."""

from functools import cache
from random import random
from typing import TYPE_CHECKING, Any

from septet.bootstrap.journals import journal
from septet.bootstrap.settings import now, pause, settings

if TYPE_CHECKING:
    from septet.aws.branch_ledger import DynamoBranchLedger
    from septet.aws.cache import DynamoCache
    from septet.aws.health import DynamoHealth
    from septet.execution.driver import Ports
    from septet.execution.ports import Model
    from septet.execution.providers import Providers


@cache
def ports() -> "Ports":
    """What a turn acts through."""
    from septet.aws.clients import functions
    from septet.aws.gateway import LambdaGateway
    from septet.execution.calling import Models
    from septet.execution.driver import Ports

    calls = Models(model=models(), ledger=branch_ledger(), health=health(), cache=replies(), pause=pause, chance=random)  # noqa: S311 -- jitter
    return Ports(journal=journal(), models=calls, gateway=LambdaGateway(settings().gateway, functions), clock=now)


@cache
def branch_ledger() -> "DynamoBranchLedger":
    """The accounts of branches, all that an agent has of the ledger."""
    from septet.aws.account_table import AccountTable
    from septet.aws.branch_ledger import DynamoBranchLedger
    from septet.aws.clients import client

    return DynamoBranchLedger(AccountTable(client("dynamodb"), settings().accounts_table))


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
