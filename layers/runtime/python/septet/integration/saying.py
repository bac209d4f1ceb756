"""What somebody says in a session, as it is stored until its run begins."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from septet.core.canonical import canonical, digest
from septet.core.money import dollars
from septet.core.sessions import PLACED_BYTES, Busy, Message, Session
from septet.integration import inputs
from septet.integration.ports import Declaration, Ports, Principal
from septet.integration.problems import Kind, Problem, Wrong, invalid
from septet.integration.submitting import KEY, KEY_FIELD


@dataclass(frozen=True, kw_only=True, slots=True)
class Saying:
    """What somebody says in a session."""

    input: Mapping[str, Any]
    busy: Busy = "enqueue"
    budget: int | None = None
    """Micro-dollars; None for what the tenant's runs usually get."""
    attended: bool = True
    key: str | None = None
    """Two messages in one session with the same key are one."""


def message(saying: Saying, session: Session, principal: Principal, ports: Ports) -> Message:
    """The message that *principal* wants to send; it has no number yet. Raises Problem ``INVALID``."""
    if saying.key is not None and not KEY.fullmatch(saying.key):
        raise invalid(KEY_FIELD, "must be 1 to 255 visible ASCII characters")
    workflow = declared(session.workflow, ports)
    if wrong := inputs.problems(workflow, saying.input):
        raise Problem(Kind.INVALID, f"the input does not fit the workflow {session.workflow}", *wrong)
    try:
        spelt = canonical([saying.input, saying.busy, saying.budget, saying.attended])
    except ValueError as error:
        wrong_ = Wrong(field="input", message="must be JSON: finite numbers, Unicode text")
        raise Problem(Kind.INVALID, "the input is no JSON", wrong_) from error
    if len(spelt) > PLACED_BYTES:
        raise invalid("input", f"is more than {PLACED_BYTES} bytes of JSON, which is all that a session holds")
    return Message(
        number=-1,
        key=digest((saying.key or secrets.token_hex(16)).encode()),
        digest=digest(spelt),
        input=saying.input,
        labels=inputs.labels(workflow, saying.input),
        busy=saying.busy,
        roles=tuple(sorted(principal.roles)),
        attended=saying.attended,
        budget=_budget(saying.budget, session.tenant, ports),
        at=0,
    )


def _budget(asked: int | None, tenant: str, ports: Ports) -> int:
    limits = ports.ledger.budgets(tenant)
    if asked is None:
        return limits.usual
    if asked > limits.run:
        raise invalid("budget", f"is more than a run may have: ask for {dollars(limits.run)} at most, or have an administrator raise it")
    return asked


def declared(workflow: str, ports: Ports) -> Declaration:
    """The workflow as it was declared. Raises Problem ``INVALID`` for one that is not known."""
    found = ports.declared.get(workflow)
    if found is None:
        raise invalid("workflow", f"is not known; known are: {', '.join(sorted(ports.declared)) or 'none'}")
    return found
