"""Whether a run has ended although nobody said so: the event was lost, or the submission broke off."""

import logging

from septet.core.journal import Clock
from septet.core.runs import Run, Runs
from septet.integration.ports import ExecutionState, Workflows

SETTLED_AFTER = 15 * 60 * 1000
"""Milliseconds after which a run that has no execution will not get one: far above what a submission may take."""
_log = logging.getLogger(__name__)


def settled(run: Run, runs: Runs, workflows: Workflows, clock: Clock) -> Run:
    """*run*, its record closed when its execution has ended and the event that should have closed it was lost."""
    end = _end(run, runs, workflows, clock) if run.status == "running" else None
    if end is None or end.status == "running":
        return run
    ended_at = clock() if end.ended_at is None else end.ended_at
    runs.close(run.tenant, run.run, status=end.status, ended_at=ended_at, error=end.error, message=end.message)
    return runs.get(run.tenant, run.run) or run


def _end(run: Run, runs: Runs, workflows: Workflows, clock: Clock) -> ExecutionState | None:
    """How the execution stands; None when that cannot be told now. One that a broken submission did not note is noted."""
    execution = run.execution or workflows.execution(run.workflow, run.run)
    try:
        state = workflows.state(execution)
        if state and not run.execution:
            runs.started(run.tenant, run.run, execution)
    except Exception as error:  # noqa: BLE001 -- whatever keeps Step Functions from answering, the record and the journal can still be read
        _log.warning("state of run %s is not known: %s", run.run, type(error).__name__)
        return None
    if state is None and clock() - run.created_at > SETTLED_AFTER:
        message = "the execution is gone" if run.execution else "the submission broke off before the run was started; submit it again"
        return ExecutionState(status="failed", error="ExecutionLost" if run.execution else "NotStarted", message=message)
    return state
