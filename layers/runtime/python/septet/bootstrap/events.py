"""What takes events."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from septet.bootstrap.api import ports
from septet.bootstrap.settings import settings

if TYPE_CHECKING:
    from septet.integration.events import Intake


def intake(workflows: Mapping[str, Any], schemas: Mapping[str, Any], events: Mapping[str, Any]) -> "Intake":
    """Whoever takes events, for the *workflows*, the tools' *schemas* and the *events* that the synth wrote."""
    from functools import partial

    from septet.aws.clients import client
    from septet.aws.dead_letters import SqsDeadLetters
    from septet.integration.events import Intake, mapped
    from septet.integration.submitting import submit

    dead = SqsDeadLetters(client("sqs"), settings().events_dead)
    return Intake(events=mapped(events), submit=partial(submit, ports=ports(workflows, schemas)), dead=dead)
