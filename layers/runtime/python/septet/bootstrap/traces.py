"""Where spans go, and what they may name."""

from functools import cache
from typing import TYPE_CHECKING, Any

from septet.bootstrap.settings import now, settings

if TYPE_CHECKING:
    from septet.aws.otlp import OtlpExporter
    from septet.observability.tracing import Traces
    from septet.observability.tracing.content import Contents


def traces(beside: str) -> "Traces":
    """The fold of journals to spans, with the names in the ``names.json`` that the synth wrote beside the file *beside*."""
    from septet.observability.tracing import Traces

    named = names(beside)
    return Traces(providers=named["models"], tools=frozenset(named["tools"]), agents=frozenset(named["agents"]))


def contents(beside: str) -> "Contents":
    """Adds content to spans of the tenants in the ``traces.json`` that the synth wrote beside the file *beside*, redacted."""
    import json
    from pathlib import Path

    from septet.bootstrap.journals import gapped
    from septet.observability.tracing.content import Contents
    from septet.security.recognisers import cleaned

    tenants = json.loads(Path(beside).with_name("traces.json").read_bytes())["content"]
    return Contents(journal=gapped(), tenants=frozenset(tenants), clean=cleaned)


def names(beside: str) -> dict[str, Any]:
    """What is declared: ``models`` with their providers, ``tools`` and ``agents``; from the ``names.json`` beside the file *beside*."""
    import json
    from pathlib import Path

    named: dict[str, Any] = json.loads(Path(beside).with_name("names.json").read_bytes())
    return named


@cache
def exporter() -> "OtlpExporter":
    """To the collector at SEPTET_TRACES_URL; where that is not set, to X-Ray in the function's region, signed with its own rights."""
    import os

    from septet.aws.otlp import OtlpExporter, own_signature, x_ray

    environment = settings().environment
    if url := os.environ.get("SEPTET_TRACES_URL", ""):
        return OtlpExporter(url, environment=environment)
    region = os.environ["AWS_REGION"]
    return OtlpExporter(x_ray(region), environment=environment, sign=own_signature(region), clock=now)
