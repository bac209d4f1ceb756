"""Invocations made twice at the same time, for runs that a test has planned so: what an at-least-once delivery may do."""

import uuid
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, as_completed, wait
from typing import Any

from localstack.services.lambda_.invocation.lambda_service import LambdaService

from septet_plugin import repairs
from septet_plugin.faults import PLANS


def repair() -> None:
    """Put it in place."""
    repairs.put(LambdaService.invoke, _invoke)


def _invoke(invoke: Callable[..., Any], service: LambdaService, *args: Any, **given: Any) -> Any:
    number = PLANS.duel(given.get("payload") or b"")
    if number is None:
        return invoke(service, *args, **given)
    pool = ThreadPoolExecutor(2, thread_name_prefix="duel")
    both = [pool.submit(invoke, service, *args, **given | {"request_id": str(uuid.uuid4())}) for _ in range(2)]
    pool.shutdown(wait=False)
    return told(both, first=number % 2 == 1).result()


def told(both: list[Future[Any]], *, first: bool) -> Future[Any]:
    """Whichever of two invocations the caller hears of: the one that ends first, at once, or the last one, when both have ended."""
    if first:
        return next(iter(wait(both, return_when=FIRST_COMPLETED).done))
    return list(as_completed(both))[-1]
