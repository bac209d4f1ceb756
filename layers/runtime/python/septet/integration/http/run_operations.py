"""What the API can do with runs: start one, list them, see one, read its journal."""

from http import HTTPStatus

from septet.core.money import microdollars
from septet.integration import reading
from septet.integration.awaiting import awaited
from septet.integration.http import run_models as models
from septet.integration.http import views
from septet.integration.http.failure_models import SearchQuery
from septet.integration.http.operation import Call, Operation, Reply
from septet.integration.http.pages import page
from septet.integration.ports import Ports
from septet.integration.searching import Criteria, search
from septet.integration.submitting import Submission, submit


def _submit(call: Call, ports: Ports) -> Reply:
    asked: models.Submission = call.body
    budget = microdollars(asked.budget) if asked.budget else None
    wanted = Submission(workflow=asked.workflow, input=asked.input, budget=budget, attended=asked.attended, key=call.key, trace=call.trace)
    run = submit(wanted, call.principal, ports)
    # Relative to the request, so that it is right below any stage or base path.
    return Reply(answer=views.accepted(run), headers={"Location": f"runs/{run.run}"})


def _runs(call: Call, ports: Ports) -> Reply:
    query: SearchQuery = call.query
    named = {"workflow": query.workflow, "error": query.error, "kind": query.kind or "", "agent": query.agent}
    criteria = Criteria(**named, since=query.since, until=query.until, flagged=query.flagged or "")
    found = search(criteria, call.principal, ports, limit=query.limit, cursor=query.cursor, status=query.status, everybody=query.everybody)
    flagged = found.flagged
    lines = [views.line(run, status, whose=query.everybody, flagged=flagged.get((run.tenant, run.run), ())) for run, status in found.runs]
    return Reply(answer=models.RunPage(runs=lines, next=found.next))


def _run(call: Call, ports: Ports) -> Reply:
    return Reply(answer=views.report(reading.report(call.name, call.principal, ports)))


def _journal(call: Call, ports: Ports) -> Reply:
    query: models.JournalQuery = call.query
    part = reading.Part(after=query.after, limit=query.limit, sealed=query.sealed, branch=query.branch)
    found = awaited(call.name, call.principal, ports, part=part, seconds=query.wait, left=call.left)
    return page(found, sealed=query.sealed)


OPERATIONS = (
    Operation(
        id="submitRun",
        method="POST",
        path="/v1/runs",
        summary="Start a run of a workflow",
        act=_submit,
        answer=models.Accepted,
        status=HTTPStatus.ACCEPTED,
        location="The run",
        body=models.Submission,
        keyed=True,
        conflicts="The tenant or the platform is stopped",
        exhausts="The tenant has less left today than the run asks for, or as many runs open as it may have at the moment",
    ),
    Operation(
        id="listRuns",
        method="GET",
        path="/v1/runs",
        summary="List runs, newest first, or search for some",
        act=_runs,
        answer=models.RunPage,
        query=SearchQuery,
    ),
    Operation(id="getRun", method="GET", path="/v1/runs/{run}", summary="See how a run stands", act=_run, answer=models.RunReport),
    Operation(
        id="readJournal",
        method="GET",
        path="/v1/runs/{run}/journal",
        summary="Read a run's journal",
        act=_journal,
        answer=models.JournalPage,
        query=models.JournalQuery,
    ),
)
