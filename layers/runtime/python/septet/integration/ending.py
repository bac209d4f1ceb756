"""Whether a run has ended although nobody said so: the event was lost, or the submission broke off."""

import logging

from septet.core.journal import Clock
from septet.core.runs import Run, Runs, outcome
from septet.integration.ports import ExecutionState, Workflows

SETTLED_AFTER = 15 * 60 * 1000
"""Milliseconds after which a run that has no execution will not get one: far above what a submission may take."""
NOT_STARTED = "NotStarted"
_log = logging.getLogger(__name__)


def settled(run: Run, runs: Runs, workflows: Workflows, clock: Clock) -> Run:
    """*run*, its record closed when its execution has ended and the event that should have closed it was lost.

    One without an execution is given up after a while. Somebody may be submitting it again at that moment: then it runs after all.
    """
    if run.status != "running" and run.error != NOT_STARTED:
        return run
    execution = run.execution or workflows.execution(run.workflow, run.run)
    try:
        state = workflows.state(execution)
        if state and not run.execution:
            runs.started(run.tenant, run.run, execution)
    except Exception as error:  # noqa: BLE001 -- whatever keeps Step Functions from answering, the record and the journal can still be read
        _log.warning("state of run %s is not known: %s", run.run, type(error).__name__)
        return run
    if state:
        _close(run, state, runs, clock)
    elif run.status == "running" and clock() - (run.restarted_at or run.created_at) > SETTLED_AFTER:
        _give_up(run, runs, clock)
    return runs.get(run.tenant, run.run) or run


def _close(run: Run, state: ExecutionState, runs: Runs, clock: Clock) -> None:
    if state.status != "running":
        ended_at = clock() if state.ended_at is None else state.ended_at
        status, error, message = outcome(state.status, state.error, state.message)
        runs.close(run.tenant, run.run, status=status, ended_at=ended_at, error=error, message=message, attempt=run.attempt)


def _give_up(run: Run, runs: Runs, clock: Clock) -> None:
    """Close the record of a run whose execution is gone; one that never had any can still be started."""
    if run.execution:
        lost = "the execution is gone"
        runs.close(run.tenant, run.run, status="failed", ended_at=clock(), error="ExecutionLost", message=lost, attempt=run.attempt)
    else:
        message = "the submission broke off before the run was started; submit it again"
        runs.refuse(run.tenant, run.run, at=clock(), error=NOT_STARTED, message=message)
