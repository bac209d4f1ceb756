"""What the API can do with sessions, and with runs that are to go on."""

from http import HTTPStatus

from septet.core.money import microdollars
from septet.core.sessions import Message
from septet.integration import conversing, forking, restarting
from septet.integration.http import session_models as models
from septet.integration.http import views
from septet.integration.http.operation import Call, Operation, Reply
from septet.integration.http.run_models import Accepted
from septet.integration.http.views import maybe, moment
from septet.integration.ports import Ports
from septet.integration.saying import Saying


def _begin(call: Call, ports: Ports) -> Reply:
    asked: models.SessionRequest = call.body
    session = conversing.begin(asked.workflow, call.key, call.principal, ports)
    shown = conversing.Shown(session=session, messages=())
    return Reply(answer=_session(shown, 0), headers={"Location": f"sessions/{session.session}"})


def _say(call: Call, ports: Ports) -> Reply:
    asked: models.MessageRequest = call.body
    budget = microdollars(asked.budget) if asked.budget else None
    saying = Saying(input=asked.input, busy=asked.if_busy, budget=budget, attended=asked.attended, key=call.key)
    said = conversing.say(call.name, saying, call.principal, ports)
    message = said.message
    effects = [models.Deed(**one) for one in said.effects]
    shown = _message(message).model_dump()
    return Reply(answer=models.Said(**shown, session=call.name, place=said.place, ended=message.over or None, effects=effects))


def _show(call: Call, ports: Ports) -> Reply:
    query: models.SessionQuery = call.query
    shown = conversing.show(call.name, call.principal, ports, before=query.before, limit=query.limit)
    return Reply(answer=_session(shown, query.limit))


def _close(call: Call, ports: Ports) -> Reply:
    session = conversing.close(call.name, call.principal, ports)
    return Reply(answer=_session(conversing.Shown(session=session, messages=()), 0))


def _delete(call: Call, ports: Ports) -> Reply:
    session = conversing.close(call.name, call.principal, ports, delete=True)
    return Reply(answer=_session(conversing.Shown(session=session, messages=()), 0))


def _restart(call: Call, ports: Ports) -> Reply:
    asked: models.Restart = call.body
    wanted = restarting.Wanted(turns=tuple(asked.turns), budget=microdollars(asked.budget) if asked.budget else None)
    return Reply(answer=views.accepted(restarting.restart(call.name, wanted, call.principal, ports)))


def _fork(call: Call, ports: Ports) -> Reply:
    asked: models.ForkRequest = call.body
    wanted = forking.Wanted(
        at=asked.at,
        input=asked.input,
        agents={agent: override.model_dump(exclude_none=True) for agent, override in asked.agents.items()},
        budget=microdollars(asked.budget) if asked.budget else None,
        key=call.key,
    )
    run = forking.fork(call.name, wanted, call.principal, ports)
    return Reply(answer=views.accepted(run), headers={"Location": f"../{run.run}"})


def _session(shown: conversing.Shown, limit: int) -> models.Session:
    session, lease = shown.session, shown.session.lease
    last = shown.messages[-1].number if shown.messages and len(shown.messages) == limit else 0
    return models.Session(
        id=session.session,
        workflow=session.workflow,
        principal=session.principal,
        status="open" if session.open else "closed",
        created_at=moment(session.created_at),
        running=lease.run if lease else None,
        ending=(lease.ending or None) if lease else None,
        queue=[place.number for place in session.queue],
        messages=[_message(message) for message in shown.messages],
        next=last or None,
    )


def _message(message: Message) -> models.Message:
    return models.Message(
        number=message.number,
        at=moment(message.at),
        if_busy=message.busy,
        status=message.fate,
        run=message.run or None,
        ended_at=maybe(message.ended_at),
        error=message.error or None,
    )


OPERATIONS = (
    Operation(
        id="beginSession",
        method="POST",
        path="/v1/sessions",
        summary="Begin a session: a conversation over several runs",
        act=_begin,
        answer=models.Session,
        status=HTTPStatus.CREATED,
        location="The session",
        body=models.SessionRequest,
        keyed=True,
    ),
    Operation(
        id="say",
        method="POST",
        path="/v1/sessions/{session}/messages",
        summary="Say something in a session",
        act=_say,
        answer=models.Said,
        status=HTTPStatus.ACCEPTED,
        body=models.MessageRequest,
        keyed=True,
        conflicts="A run goes on and the message was to be rejected then, the session is closed, or a stop stands",
        exhausts="As many messages wait as may, or the tenant has less left today than the run asks for",
    ),
    Operation(
        id="getSession",
        method="GET",
        path="/v1/sessions/{session}",
        summary="See how a session stands",
        act=_show,
        answer=models.Session,
        query=models.SessionQuery,
    ),
    Operation(
        id="closeSession",
        method="POST",
        path="/v1/sessions/{session}/close",
        summary="Take no more messages in a session; its run goes on",
        act=_close,
        answer=models.Session,
    ),
    Operation(
        id="deleteSession",
        method="DELETE",
        path="/v1/sessions/{session}",
        summary="Close a session, stop its run, and forget what waits",
        act=_delete,
        answer=models.Session,
    ),
    Operation(
        id="restartRun",
        method="POST",
        path="/v1/runs/{run}/restart",
        summary="Let a run that failed go on from the agent that failed",
        act=_restart,
        answer=Accepted,
        status=HTTPStatus.ACCEPTED,
        body=models.Restart,
        conflicts="The run has not failed, was cancelled or erased, belongs to a session or a batch, is being changed, or a stop stands",
        exhausts="The tenant has less left today than the run asks for, or runs as much as it may",
    ),
    Operation(
        id="forkRun",
        method="POST",
        path="/v1/runs/{run}/fork",
        summary="Start a run that begins with what another did up to an entry",
        act=_fork,
        answer=Accepted,
        status=HTTPStatus.ACCEPTED,
        location="The fork",
        body=models.ForkRequest,
        keyed=True,
        conflicts="The run was cancelled or starts runs of its own, a stop stands, or the workflow is gone",
        exhausts="The tenant has less left today than the run asks for, or runs as much as it may",
    ),
)
