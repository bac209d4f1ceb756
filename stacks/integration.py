"""Layer 3, communication and integration: the HTTP API."""

import json

from aws_cdk import Duration, Stack
from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from stacks.catalog import Catalog
from stacks.constructs.event_intake import EventIntake
from stacks.constructs.names import ALIAS
from stacks.constructs.steps import deploy_steps
from stacks.settings import Settings

_PROBLEMS = {
    "UNAUTHORIZED": ("401", "A valid token is needed"),
    "ACCESS_DENIED": ("403", "The token does not allow this"),
    "THROTTLED": ("429", "Too many requests: try again later"),
    "REQUEST_TOO_LARGE": ("413", "The request is too large"),
    "DEFAULT_5XX": ("500", "The API could not answer"),
}
"""What API Gateway itself answers, by its name for it: the status and the problem's title."""


class Integration(Stack):
    """A REST API that hands every request to one function, behind a token authorizer. The function verifies the token again."""

    def __init__(self, scope: Construct, *, catalog: Catalog, settings: Settings) -> None:
        super().__init__(scope, "Integration", description="Septet: the HTTP API")
        for name in ("api", "authorize", "erase_content", "take_event"):
            catalog.step(name)
        steps = deploy_steps(self, "integration", catalog=catalog, settings=settings)
        EventIntake(self, taker=steps["take_event"].alias, events=catalog.events, settings=settings)
        api = self._api(settings)
        authorizer = apigateway.TokenAuthorizer(self, "Authorizer", handler=steps["authorize"].alias, results_cache_ttl=Duration.minutes(5))
        backend = apigateway.LambdaIntegration(steps["api"].alias, scope_permission_to_method=False)
        api.root.add_method("ANY", backend, authorizer=authorizer)
        api.root.add_resource("{proxy+}").add_method("ANY", backend, authorizer=authorizer)
        api.root.add_resource("v1").add_resource("openapi.json").add_method("GET", backend)
        for kind, (status, title) in _PROBLEMS.items():
            _problem(api, kind, status, title)

    def _api(self, settings: Settings) -> apigateway.RestApi:
        return apigateway.RestApi(
            self,
            "Api",
            rest_api_name=settings.names.prefix,
            description="Runs, approvals and the journal.",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            cloud_watch_role=False,
            deploy_options=apigateway.StageOptions(
                stage_name=ALIAS,
                tracing_enabled=True,
                throttling_rate_limit=settings.requests_per_second,
                throttling_burst_limit=settings.burst,
            ),
        )


def _problem(api: apigateway.RestApi, kind: str, status: str, title: str) -> None:
    """Answer as RFC 9457 has it."""
    body = {"type": "about:blank", "title": title, "status": int(status)}
    api.add_gateway_response(
        kind.title().replace("_", ""),
        type=apigateway.ResponseType.of(kind),
        status_code=status,
        response_headers={"Content-Type": "'application/problem+json'"},
        templates={"application/json": json.dumps(body)},
    )
