"""What LocalStack calls when it starts and when it stops."""

import logging
from typing import Final

from localstack.http import Request, route
from localstack.runtime import hooks
from localstack.services.edge import ROUTER
from rolo import Response

from septet_plugin import duels, executions, expressions, functions, offline, recorder, resource_providers
from septet_plugin.executor import FLEET
from septet_plugin.faults import PLANS
from septet_plugin.kinds import KINDS
from septet_plugin.settling import SETTLED

LOG: Final = logging.getLogger(__name__)

_THERE: Final = "it has GET /_septet/environments, and PUT and GET /_septet/faults/RUN with the id of a run (docs/twin.md)"


class Routes:
    """The plug-in's own routes on LocalStack's port."""

    @route("/_septet/environments", methods=["GET"])
    def environments(self, _: Request) -> Response:
        """List the execution environments that live: id, function, version, process id, state, whether busy."""
        return Response.for_json(FLEET.describe())

    @route("/_septet/faults/<run>", methods=["PUT"])
    def plan(self, request: Request, run: str) -> Response:
        """Plan faults for a run before it is submitted; the body is as in `faults.Plans.put`."""
        try:
            PLANS.put(run, request.get_data(), functions.deployed())
        except ValueError as error:
            return Response.for_json({"message": str(error)}, status=400)
        return Response.for_json({"run": run})

    @route("/_septet/faults/<run>", methods=["GET"])
    def faults(self, _: Request, run: str) -> Response:
        """Say what came of a plan: the boundaries in the order in which they were crossed, kills, and duels."""
        return Response.for_json(PLANS.outcome(run))

    @route("/_septet")
    @route("/_septet/")
    @route("/_septet/<path:_path>")
    def nothing(self, request: Request, **_: str) -> Response:
        """Say what there is: without it LocalStack takes such a path for a bucket's."""
        return Response.for_json({"message": f"the twin has no {request.method} {request.path}: {_THERE}"}, status=404)


@hooks.on_infra_start()  # type: ignore[untyped-decorator] # LocalStack's
def start() -> None:
    """Put routes and repairs in place before the first request."""
    offline.enforce()
    ROUTER.add(Routes())
    recorder.listen()
    functions.repair()
    duels.repair()
    expressions.repair()
    executions.repair()
    resource_providers.repair(KINDS, SETTLED)
    LOG.info("The twin's plug-in is in place")


@hooks.on_infra_shutdown()  # type: ignore[untyped-decorator] # LocalStack's
def stop() -> None:
    """End every function's process."""
    FLEET.stop()
