"""What the API can do about replays."""

from http import HTTPStatus

from septet.integration import replaying
from septet.integration.http import replay_models as models
from septet.integration.http.operation import Call, Operation, Reply
from septet.integration.http.views import maybe, moment
from septet.integration.ports import Ports


def view(found: replaying.Progress) -> models.Replay:
    """A replay as it stands."""
    replay = found.replay
    return models.Replay(
        id=replay.replay,
        tenant=replay.of,
        since=moment(replay.since) if replay.since else None,
        run=replay.run or None,
        by=replay.by,
        at=moment(replay.at),
        status=replay.status,
        done=replay.done,
        entries=replay.entries,
        failed=replay.failed,
        failures=[models.MissedRun(run=one.run, reason=one.reason) for one in found.missed],
        reason=replay.reason or None,
        touched_at=moment(replay.touched_at),
        finished_at=maybe(replay.finished_at),
    )


def _order(call: Call, ports: Ports) -> Reply:
    asked: models.ReplayRequest = call.body
    wanted = replaying.Wanted(since=asked.since, tenant=asked.tenant, run=asked.run)
    found = replaying.order(wanted, call.key, call.principal, ports)
    # Relative to the request, so that it is right below any stage or base path.
    return Reply(answer=view(found), headers={"Location": f"replays/{found.replay.replay}"})


def _progress(call: Call, ports: Ports) -> Reply:
    return Reply(answer=view(replaying.progress(call.name, call.principal, ports)))


def _resume(call: Call, ports: Ports) -> Reply:
    return Reply(answer=view(replaying.resume(call.name, call.principal, ports)))


_FULL = "As many replays go on as may of those that the tenant's operators ordered"

OPERATIONS = (
    Operation(
        id="orderReplay",
        method="POST",
        path="/v1/replays",
        summary="Have runs projected again: traces, costs and summaries, and no metric",
        act=_order,
        answer=models.Replay,
        status=HTTPStatus.ACCEPTED,
        location="The replay",
        body=models.ReplayRequest,
        keyed=True,
        exhausts=_FULL,
    ),
    Operation(
        id="getReplay",
        method="GET",
        path="/v1/replays/{replay}",
        summary="See how far a replay is, and of which runs something could not be told",
        act=_progress,
        answer=models.Replay,
    ),
    Operation(
        id="resumeReplay",
        method="POST",
        path="/v1/replays/{replay}/resume",
        summary="Have a replay go on that stalled, or that nobody goes on with",
        act=_resume,
        answer=models.Replay,
        status=HTTPStatus.ACCEPTED,
        exhausts=_FULL,
    ),
)
