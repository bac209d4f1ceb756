"""AWS services answered by moto alone: those LocalStack would run in Java, and those its open part lacks."""

from collections.abc import Callable

from localstack.aws.skeleton import Skeleton
from localstack.aws.spec import load_service
from localstack.services.moto import _proxy_moto
from localstack.services.plugins import Service, aws_provider


def _answered_by_moto(api: str, provider: str) -> Callable[[], Service]:
    def create() -> Service:
        model = load_service(api)
        return Service(name=api, skeleton=Skeleton(model, dict.fromkeys(model.operation_names, _proxy_moto)))

    create.__name__ = api  # LocalStack names the plug-in after the function
    registered: Callable[[], Service] = aws_provider(api=api, name=provider)(create)
    return registered


dynamodb = _answered_by_moto("dynamodb", "moto")
dynamodbstreams = _answered_by_moto("dynamodbstreams", "moto")
sagemaker = _answered_by_moto("sagemaker", "default")
xray = _answered_by_moto("xray", "default")
