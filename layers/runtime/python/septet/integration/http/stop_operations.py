"""What the API can do about stopping."""

from http import HTTPStatus

from septet.core.stopping import StopOrder, StoppedRun
from septet.integration import stopping
from septet.integration.http import stop_models as models
from septet.integration.http.operation import Call, Operation, Reply
from septet.integration.http.views import maybe, moment
from septet.integration.ports import Ports

FIRST = models.StopQuery()
"""What is shown of a stop that was just ordered."""


def line(order: StopOrder) -> models.StopLine:
    """A stop in a list."""
    return models.StopLine(
        id=order.stop,
        scope=order.scope,
        name=order.name,
        by=order.by,
        reason=order.reason,
        at=moment(order.at),
        acknowledged_at=maybe(order.acknowledged_at),
        finished_at=maybe(order.finished_at),
        lifted_at=maybe(order.lifted_at),
        lifted_by=order.lifted_by or None,
    )


def view(proof: stopping.Proof, query: models.StopQuery) -> models.Stop:
    """A stop with some of the runs that it covers."""
    shown = proof.runs[query.after : query.after + query.limit]
    end = query.after + len(shown)
    return models.Stop(
        **line(proof.order).model_dump(),
        covered=len(proof.runs),
        running=len(proof.running),
        left=len(proof.left),
        spent_microdollars=sum(run.spent for run in proof.runs),
        held_microdollars=sum(run.held for run in proof.runs),
        runs=[_run(run) for run in shown],
        next=end if end < len(proof.runs) else None,
    )


def _run(one: StoppedRun) -> models.StoppedRun:
    effects = [models.StopEffect(tool=it.tool, key=it.key, status="happened" if it.happened else "unknown") for it in one.effects]
    return models.StoppedRun(
        tenant=one.tenant,
        id=one.run,
        workflow=one.workflow,
        parent=one.parent or None,
        attempt=one.attempt,
        since=moment(one.since),
        state=one.state,
        status=one.status,
        ended_at=maybe(one.ended_at),
        spent_microdollars=one.spent,
        held_microdollars=one.held,
        effects=effects,
        settled=one.settled,
    )


def _ordered(proof: stopping.Proof, where: str) -> Reply:
    # Relative to the request, so that it is right below any stage or base path.
    return Reply(answer=view(proof, FIRST), headers={"Location": f"{where}{proof.order.stop}"})


def _stop_run(call: Call, ports: Ports) -> Reply:
    asked: models.RunStop = call.body
    return _ordered(stopping.stop_run(call.name, asked.reason, call.principal, ports), "../../stops/")


def _stop(call: Call, ports: Ports) -> Reply:
    asked: models.StopRequest = call.body
    return _ordered(stopping.stop_all(asked.scope, asked.name, asked.reason, call.principal, ports), "stops/")


def _lift(call: Call, ports: Ports) -> Reply:
    return Reply(answer=view(stopping.lift(call.name, call.principal, ports), FIRST))


def _proof(call: Call, ports: Ports) -> Reply:
    return Reply(answer=view(stopping.proof(call.name, call.principal, ports), call.query))


def _stops(call: Call, ports: Ports) -> Reply:
    query: models.StopsQuery = call.query
    return Reply(answer=models.StopPage(stops=[line(order) for order in stopping.listed(call.principal, ports)[: query.limit]]))


OPERATIONS = (
    Operation(
        id="stopRun",
        method="POST",
        path="/v1/runs/{run}/stop",
        summary="Stop a run, and those that it started",
        act=_stop_run,
        answer=models.Stop,
        status=HTTPStatus.ACCEPTED,
        location="The stop",
        body=models.RunStop,
    ),
    Operation(
        id="stop",
        method="POST",
        path="/v1/stops",
        summary="Stop an agent, the tenant or the platform, until it is lifted",
        act=_stop,
        answer=models.Stop,
        status=HTTPStatus.ACCEPTED,
        location="The stop",
        body=models.StopRequest,
        conflicts="Others are lifting stops at the same moment",
    ),
    Operation(
        id="listStops",
        method="GET",
        path="/v1/stops",
        summary="List the stops that the tenant ordered, newest first",
        act=_stops,
        answer=models.StopPage,
        query=models.StopsQuery,
    ),
    Operation(
        id="getStop",
        method="GET",
        path="/v1/stops/{stop}",
        summary="See a stop's proof: what was running, when each ended, what had happened",
        act=_proof,
        answer=models.Stop,
        query=models.StopQuery,
    ),
    Operation(
        id="liftStop",
        method="POST",
        path="/v1/stops/{stop}/lift",
        summary="Lift a stop: runs may start again, the agent may work in new ones",
        act=_lift,
        answer=models.Stop,
        conflicts="It is the stop of a run, which stands for nothing to come, or it is still being carried out",
    ),
)
