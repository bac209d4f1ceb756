"""AWS services answered by moto alone: those LocalStack would run in Java, and those its open part lacks."""

from collections.abc import Callable
from threading import Lock
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext, ServiceRequest
from localstack.aws.skeleton import Skeleton
from localstack.aws.spec import load_service
from localstack.services.moto import _proxy_moto
from localstack.services.plugins import Service, aws_provider

from septet_plugin import transactions


def _answered_by_moto(api: str, provider: str, own: Callable[[], dict[str, Any]] = dict) -> Callable[[], Service]:
    """Make a provider; `own` is called when the service is first used and gives handlers of operations that moto lacks."""

    def create() -> Service:
        model = load_service(api)
        return Service(name=api, skeleton=Skeleton(model, dict.fromkeys(model.operation_names, _proxy_moto) | own()))

    create.__name__ = api  # LocalStack names the plug-in after the function
    registered: Callable[[], Service] = aws_provider(api=api, name=provider)(create)
    return registered


_ALONE = Lock()


def _alone(context: RequestContext, request: ServiceRequest) -> Any:
    """One operation at a time: moto's transactions look first and write later, and roll back in sight of others and of the streams."""
    with _ALONE:
        return _proxy_moto(context, request)


def _dynamodb() -> dict[str, Any]:
    transactions.repair()
    return dict.fromkeys(load_service("dynamodb").operation_names, _alone)


def _streams() -> dict[str, Any]:
    return dict.fromkeys(load_service("dynamodbstreams").operation_names, _alone)


def _sagemaker() -> dict[str, Any]:
    from moto.sagemaker.models import FakeEndpointConfig, sagemaker_backends  # noqa: PLC0415 most runs of the twin never need it

    # Endpoints run on instances that are newer than moto's list, which ends in 2020.
    FakeEndpointConfig.validate_instance_type = lambda *_: None  # type: ignore[method-assign] # a repair

    def update_endpoint(context: RequestContext, request: dict[str, Any]) -> dict[str, str]:
        backend, name = sagemaker_backends[context.account_id][context.region], request["EndpointName"]
        if (former := backend.endpoints.pop(name, None)) is None:
            raise CommonServiceException("ValidationException", f"Could not find endpoint {name!r}.")
        return {"EndpointArn": backend.create_endpoint(name, request["EndpointConfigName"], former.tags).arn}

    return {"UpdateEndpoint": update_endpoint}


dynamodb = _answered_by_moto("dynamodb", "moto", _dynamodb)
dynamodbstreams = _answered_by_moto("dynamodbstreams", "moto", _streams)
sagemaker = _answered_by_moto("sagemaker", "default", _sagemaker)
xray = _answered_by_moto("xray", "default")
