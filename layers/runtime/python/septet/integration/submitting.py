"""Submitting a run: every step can be repeated after a crash between any two, and a key starts one execution."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from septet.core.canonical import canonical, digest
from septet.core.entries import Request
from septet.core.errors import BudgetExhausted, Fenced, Overloaded, RunStopped, SeptetError
from septet.core.journal import Branch, Head, Pen
from septet.core.ledger import DAY
from septet.core.money import dollars
from septet.core.runs import Run
from septet.core.traces import Context, of_run
from septet.integration import inputs, run_ids
from septet.integration.admission import AGAIN_SECONDS
from septet.integration.ports import Declaration, Ports, Principal
from septet.integration.problems import Kind, Problem, Wrong, invalid
from septet.integration.rights import SUBMITTERS, require
from septet.security import screening

KEY = re.compile(r"[\x21-\x7e]{1,255}")
"""An idempotency key: visible ASCII."""
KEY_FIELD = "Idempotency-Key"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """What somebody wants done."""

    workflow: str
    input: Mapping[str, Any]
    budget: int | None = None
    """Micro-dollars; None for what the tenant's runs usually get."""
    attended: bool = True
    """Whether people answer questions of the run; if not, what would be asked is denied."""
    key: str | None = None
    """Two submissions of one principal with the same key are one."""
    run: str = ""
    """The id that it gets, for what the platform submits by itself; empty to make one, from the key if there is one."""
    parent: str = ""
    """The run on whose behalf it is submitted."""
    row: int = 0
    """The row of the parent's file that it is for."""
    origin: str = ""
    """The run under which its effects are recorded, where it does what that one was to do."""
    trace: Context | None = None
    """The trace that it came with; None where it begins one."""
    link: str = ""
    """Where in another trace it comes from, as ``Run.link`` has it."""


def submit(submission: Submission, principal: Principal, ports: Ports) -> Run:
    """Start the run, or go on with a submission of the same key that broke off, and return its record.

    A submission that was refused for want of money, for a stop, or because too much runs, or that broke off, can be repeated with its key:
    it is tried anew, however much later. Raises Problem:
    ``FORBIDDEN`` without a role; ``INVALID`` for an unknown workflow, an input it does not accept, too large a budget, or a key that was
    used for something else; ``EXHAUSTED`` when the tenant has less left today; ``OVERLOADED`` when it runs as much as it may; ``CONFLICT``
    when it is stopped.
    """
    require(principal, SUBMITTERS, "submit a run")
    declared = _declared(submission, ports)
    asked = _record(submission, principal, ports)
    run = ports.runs.create(asked)
    if run.digest != asked.digest:
        raise invalid(KEY_FIELD, "was used before with another body: repeat that body, or take a new key")
    if run.execution or run.status not in ("running", "refused"):
        return run
    _open(run, ports)
    _request(run, submission, declared, ports)
    _tell(run, submission, ports)
    execution = _execution(run, ports, again=run is not asked)
    ports.runs.started(run.tenant, run.run, execution)
    return replace(run, execution=execution, status="running", ended_at=None, error="", message="")


def _declared(submission: Submission, ports: Ports) -> Declaration:
    declared = ports.declared.get(submission.workflow)
    if declared is None:
        raise invalid("workflow", f"is not known; known are: {', '.join(sorted(ports.declared)) or 'none'}")
    if wrong := inputs.problems(declared, submission.input):
        raise Problem(Kind.INVALID, f"the input does not fit the workflow {submission.workflow}", *wrong)
    return declared


def _record(submission: Submission, principal: Principal, ports: Ports) -> Run:
    if submission.key is not None and not KEY.fullmatch(submission.key):
        raise invalid(KEY_FIELD, "must be 1 to 255 visible ASCII characters")
    now = ports.clock()
    run = submission.run or (run_ids.fresh(now) if submission.key is None else _keyed(principal, submission.key, ports))
    return Run(
        tenant=principal.tenant,
        run=run,
        workflow=submission.workflow,
        submitter=principal.subject,
        roles=tuple(sorted(principal.roles)),
        attended=submission.attended,
        digest=_digest(submission),
        created_at=now,
        budget=_budget(submission, principal.tenant, run, ports),
        parent=submission.parent,
        row=submission.row,
        origin=submission.origin,
        trace=(submission.trace or of_run(principal.tenant, run, now)).header,
        link=submission.link,
    )


def _keyed(principal: Principal, key: str, ports: Ports) -> str:
    """The id for *key*; when the secret was changed since the first submission with it, the one that it got then."""
    present, *before = (run_ids.keyed(principal, key, secret) for secret in ports.id_keys())
    return next((run for run in before if ports.runs.get(principal.tenant, run)), present)


def _digest(submission: Submission) -> str:
    """Of what was asked for: what a run usually gets may change between two submissions with one key."""
    asked: list[Any] = [submission.workflow, submission.input]
    asked += [] if submission.budget is None else [submission.budget]
    asked += [] if submission.attended else ["unattended"]
    try:
        return digest(canonical(asked))
    except ValueError as error:
        raise Problem(
            Kind.INVALID, "the input is no JSON", Wrong(field="input", message="must be JSON: finite numbers, Unicode text")
        ) from error


def _budget(submission: Submission, tenant: str, run: str, ports: Ports) -> int:
    """What the run gets. A limit that was lowered since does not refuse a submission that was taken before."""
    limits = ports.ledger.budgets(tenant)
    if submission.budget is None:
        return limits.usual
    if submission.budget > limits.run and (submission.key is None or ports.runs.get(tenant, run) is None):
        raise invalid("budget", f"is more than a run may have: ask for {dollars(limits.run)} at most, or have an administrator raise it")
    return submission.budget


def _open(run: Run, ports: Ports) -> None:
    """Have the run let in, unless a submission that broke off has been; note it when that is refused."""
    now = ports.clock()
    try:
        ports.gate.admit(run)
    except (BudgetExhausted, Overloaded, RunStopped) as error:
        ports.runs.refuse(run.tenant, run.run, at=now, error=type(error).__name__, message=str(error))
        raise refusal(error, now) from error


def refusal(error: SeptetError, now: int) -> Problem:
    """What somebody is told whose run was not let in."""
    match error:
        case BudgetExhausted():
            detail = f"the budget of today is used up: {error}; it starts again at midnight UTC, or an administrator raises it"
            return Problem(Kind.EXHAUSTED, detail, retry_after=-(-(DAY - now % DAY) // 1000))
        case Overloaded():
            return Problem(Kind.OVERLOADED, f"too much runs: {error}; nothing was taken, try again later", retry_after=AGAIN_SECONDS)
    return Problem(Kind.CONFLICT, f"no run can be started: {error}")


def _request(run: Run, submission: Submission, declared: Declaration, ports: Ports) -> None:
    """Write entry 0, unless a submission of the same key has: the record's digest says that it asked for the same."""
    pen = Pen(journal=ports.journal, branch=Branch(tenant=run.tenant, run=run.run), clock=ports.clock, head=Head())
    request = Request(workflow=run.workflow, input=submission.input, submitter=run.submitter, trace=run.trace)
    try:
        pen.write(request, labels=inputs.labels(declared, submission.input))
    except Fenced:
        return


def _tell(run: Run, submission: Submission, ports: Ports) -> None:
    """Log what was recognised in the input, by kind and number, and what the guardrail makes of it. Nothing depends on either."""
    if found := screening.detections(submission.input):
        _log.warning("the input of %s holds %s", run.run, ", ".join(f"{kind}: {count}" for kind, count in sorted(found.items())))
    if ports.guardrail:
        assessed = ports.guardrail.assess(screening.words(submission.input), "INPUT")
        _log.warning("the guardrail of %s: %s (%s)", run.run, assessed.action, ", ".join(assessed.kinds) or "nothing")


def _execution(run: Run, ports: Ports, *, again: bool) -> str:
    """The execution's ARN, started if it is not there. What broke off before may have started it, and it may have ended since."""
    execution = ports.workflows.execution(run.workflow, run.run)
    if again and ports.workflows.state(execution) is not None:
        return execution
    try:
        return ports.gate.launch(run, ports.workflows)
    except RunStopped as error:
        raise refusal(error, ports.clock()) from error
