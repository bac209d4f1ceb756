"""The HTTP API as API Gateway sees it."""

import json

from tests.stacks.templates import Resource, Templates


def methods(templates: Templates) -> dict[tuple[str, str], Resource]:
    """The methods by verb and path."""
    parts = {one.id: one.properties for one in templates.all("AWS::ApiGateway::Resource")}

    def path(reference: dict[str, str]) -> str:
        if "Ref" not in reference:
            return ""
        part = parts[reference["Ref"]]
        return f"{path(part['ParentId'])}/{part['PathPart']}"

    return {
        (one.properties["HttpMethod"], path(one.properties["ResourceId"]) or "/"): one for one in templates.all("AWS::ApiGateway::Method")
    }


def test_everything_reaches_the_function(deployed: Templates) -> None:
    assert set(methods(deployed)) == {("ANY", "/"), ("ANY", "/{proxy+}"), ("GET", "/v1/openapi.json")}
    stack = deployed.by_stack["Septet-twin-Integration"]["Resources"]
    for method in methods(deployed).values():
        integration = method.properties["Integration"]
        assert integration["Type"] == "AWS_PROXY"
        (alias,) = [part["Ref"] for part in integration["Uri"]["Fn::Join"][1] if isinstance(part, dict)]
        function = stack[stack[alias]["Properties"]["FunctionName"]["Ref"]]
        assert function["Properties"]["FunctionName"] == "septet-twin-step-api"


def test_all_but_the_description_is_behind_the_authorizer(deployed: Templates) -> None:
    (authorizer,) = deployed.all("AWS::ApiGateway::Authorizer")
    assert authorizer.properties["Type"] == "TOKEN"
    for (_, path), method in methods(deployed).items():
        if path == "/v1/openapi.json":
            assert method.properties["AuthorizationType"] == "NONE"
        else:
            assert method.properties["AuthorizationType"] == "CUSTOM"
            assert method.properties["AuthorizerId"] == {"Ref": authorizer.id}


def test_the_stage_is_traced_and_throttled(deployed: Templates) -> None:
    (stage,) = deployed.all("AWS::ApiGateway::Stage")
    assert stage.properties["StageName"] == "live"
    assert stage.properties["TracingEnabled"] is True
    (every,) = stage.properties["MethodSettings"]
    assert (every["HttpMethod"], every["ResourcePath"]) == ("*", "/*")
    assert (every["ThrottlingRateLimit"], every["ThrottlingBurstLimit"]) == (deployed.settings.requests_per_second, deployed.settings.burst)
    assert every["DataTraceEnabled"] is False


def test_the_account_is_left_alone(deployed: Templates) -> None:
    assert not list(deployed.all("AWS::ApiGateway::Account"))


def test_what_api_gateway_answers_itself_is_a_problem_too(deployed: Templates) -> None:
    answers = {one.properties["ResponseType"]: one.properties for one in deployed.all("AWS::ApiGateway::GatewayResponse")}
    assert set(answers) >= {"UNAUTHORIZED", "ACCESS_DENIED", "THROTTLED", "DEFAULT_5XX"}
    for answer in answers.values():
        assert answer["ResponseParameters"] == {"gatewayresponse.header.Content-Type": "'application/problem+json'"}
        body = json.loads(answer["ResponseTemplates"]["application/json"])
        assert str(body["status"]) == answer["StatusCode"]
        assert body["title"]


def test_only_this_api_may_invoke_its_functions(deployed: Templates) -> None:
    (api,) = deployed.all("AWS::ApiGateway::RestApi")
    for permission in deployed.all("AWS::Lambda::Permission"):
        if permission.stack == api.stack:
            assert {"Ref": api.id} in permission.properties["SourceArn"]["Fn::Join"][1]
