from __future__ import annotations

from typing import Any

import pytest

from septet.entry import authorizer
from septet.integration.problems import Kind, Problem

METHOD = "arn:aws:execute-api:eu-west-1:123456789012:abc123/live/GET/v1/runs/run-1"


def authorize(office: Any, token: Any, method: str = METHOD) -> dict[str, Any]:
    return authorizer.serve(lambda: office.identity)({"type": "TOKEN", "authorizationToken": token, "methodArn": method}, None)


def test_a_valid_token_opens_this_apis_stage_and_nothing_else(office: Any) -> None:
    assert authorize(office, "Bearer acme/ann/submitter") == {
        "principalId": "ann",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow",
                    "Resource": "arn:aws:execute-api:eu-west-1:123456789012:abc123/live/*",
                }
            ],
        },
    }


@pytest.mark.parametrize(
    "method", [f"{METHOD[: METHOD.index('/')]}/live/GET/", f"{METHOD[: METHOD.index('/')]}/live/POST/v1/approvals/live/prod/*", METHOD]
)
def test_the_decision_holds_for_every_path_of_the_stage(office: Any, method: str) -> None:
    (statement,) = authorize(office, "Bearer acme/ann/", method)["policyDocument"]["Statement"]
    assert statement["Resource"] == "arn:aws:execute-api:eu-west-1:123456789012:abc123/live/*"


@pytest.mark.parametrize("token", [None, "", "acme/ann/admin", "Bearer nonsense", "Basic acme/ann/admin"])
def test_anything_else_is_unauthorized_in_the_word_that_api_gateway_looks_for(office: Any, token: str | None) -> None:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorize(office, token)


def test_while_tokens_cannot_be_checked_nothing_is_opened(office: Any) -> None:
    class Unreachable:
        def principal(self, _: str) -> Any:
            raise Problem(Kind.UNAVAILABLE, "later")

    office.identity = Unreachable()
    with pytest.raises(Problem):
        authorize(office, "Bearer acme/ann/admin")
