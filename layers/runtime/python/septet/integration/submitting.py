"""Submitting a run: every step can be repeated after a crash between any two, and a key starts one execution."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from septet.core.canonical import canonical, digest
from septet.core.entries import Request
from septet.core.errors import Fenced
from septet.core.journal import Branch, Head, Pen
from septet.core.runs import Run
from septet.integration import inputs, run_ids
from septet.integration.ports import Declaration, Ports, Principal
from septet.integration.problems import Kind, Problem, Wrong, invalid
from septet.integration.rights import SUBMITTERS, require

KEY = re.compile(r"[\x21-\x7e]{1,255}")
"""An idempotency key: visible ASCII."""
KEY_FIELD = "Idempotency-Key"


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """What somebody wants done."""

    workflow: str
    input: Mapping[str, Any]
    key: str | None = None
    """Two submissions of one principal with the same key are one."""


def submit(submission: Submission, principal: Principal, ports: Ports) -> Run:
    """Start the run, or go on with a submission of the same key that broke off, and return its record.

    Raises Problem: ``FORBIDDEN`` without a role, ``INVALID`` for an unknown workflow, an input it does not accept, or a key that was
    used for something else.
    """
    require(principal, SUBMITTERS, "submit a run")
    declared = _declared(submission, ports)
    asked = _record(submission, principal, ports.clock())
    run = ports.runs.create(asked)
    if run.digest != asked.digest:
        raise invalid(KEY_FIELD, "was used before with another body: repeat that body, or take a new key")
    if run.execution or run.status != "running":
        return run
    _request(run, submission, declared, ports)
    execution = _execution(run, ports, again=run is not asked)
    ports.runs.started(run.tenant, run.run, execution)
    return replace(run, execution=execution)


def _declared(submission: Submission, ports: Ports) -> Declaration:
    declared = ports.declared.get(submission.workflow)
    if declared is None:
        raise invalid("workflow", f"is not known; known are: {', '.join(sorted(ports.declared)) or 'none'}")
    if wrong := inputs.problems(declared, submission.input):
        raise Problem(Kind.INVALID, f"the input does not fit the workflow {submission.workflow}", *wrong)
    return declared


def _record(submission: Submission, principal: Principal, now: int) -> Run:
    if submission.key is not None and not KEY.fullmatch(submission.key):
        raise invalid(KEY_FIELD, "must be 1 to 255 visible ASCII characters")
    try:
        body = digest(canonical([submission.workflow, submission.input]))
    except ValueError as error:
        raise Problem(
            Kind.INVALID, "the input is no JSON", Wrong(field="input", message="must be JSON: finite numbers, Unicode text")
        ) from error
    return Run(
        tenant=principal.tenant,
        run=run_ids.fresh(now) if submission.key is None else run_ids.keyed(principal, submission.key),
        workflow=submission.workflow,
        submitter=principal.subject,
        digest=body,
        created_at=now,
    )


def _request(run: Run, submission: Submission, declared: Declaration, ports: Ports) -> None:
    """Write entry 0, unless a submission of the same key has: the record's digest says that it asked for the same."""
    pen = Pen(journal=ports.journal, branch=Branch(tenant=run.tenant, run=run.run), clock=ports.clock, head=Head())
    request = Request(workflow=run.workflow, input=submission.input, submitter=run.submitter)
    try:
        pen.write(request, labels=inputs.labels(declared, submission.input))
    except Fenced:
        return


def _execution(run: Run, ports: Ports, *, again: bool) -> str:
    """The execution's ARN, started if it is not there. What broke off before may have started it, and it may have ended since."""
    execution = ports.workflows.execution(run.workflow, run.run)
    if again and ports.workflows.state(execution) is not None:
        return execution
    return ports.workflows.start(run.workflow, run.run, {"tenant": run.tenant, "run": run.run, "workflow": run.workflow})
