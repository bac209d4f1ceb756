"""API Gateway's token authorizer: the outer gate, with the verifier that the API itself uses."""

from collections.abc import Callable, Mapping
from typing import Any

from septet.bootstrap.identity import verifier
from septet.entry.guard import guarded
from septet.integration.identity import bearer
from septet.integration.ports import Identity
from septet.integration.problems import Kind, Problem


def serve(identity: Callable[[], Identity] = verifier) -> Callable[[Mapping[str, Any], object], dict[str, Any]]:
    """The handler: a ``TOKEN`` authorizer's event in, a policy for this API's stage out.

    Raises Exception("Unauthorized"), which API Gateway answers with 401; when the issuer cannot be asked, Problem, answered with 500.
    """

    def handler(event: Mapping[str, Any], _: object) -> dict[str, Any]:
        try:
            principal = identity().principal(bearer(event.get("authorizationToken")))
        except Problem as problem:
            if problem.kind is Kind.UNAVAILABLE:
                raise
            raise Exception("Unauthorized") from None  # noqa: TRY002 -- API Gateway looks for exactly this text
        return policy(principal.subject, stage(event["methodArn"]))

    return guarded(handler, says={"Unauthorized"})


def stage(method: str) -> str:
    """The ARN of every method of the stage that *method*, a method's ARN, is of: the decision is kept for the token, not for one path."""
    api, name, *_ = method.split("/")
    return f"{api}/{name}/*"


def policy(subject: str, resource: str) -> dict[str, Any]:
    """Allow *subject* to invoke *resource*. Source of the form: a Lambda authorizer's output, API Gateway developer guide."""
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": resource}
    return {"principalId": subject, "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
