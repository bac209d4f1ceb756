"""The HTTP API as a Lambda function behind API Gateway."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from septet.bootstrap.api import ports
from septet.entry.guard import guarded
from septet.entry.logs import logger
from septet.entry.place import here
from septet.integration.http.application import Api


def serve(beside: str) -> Callable[[Mapping[str, Any], object], dict[str, Any]]:
    """The handler over ``workflows.json``, ``schemas.json`` and ``agents.json`` beside the file *beside*.

    A REST API's proxy event in, its answer out.
    """
    log = logger()

    @cache
    def api() -> Api:
        names = ("workflows", "schemas", "agents")
        return Api(ports(*(json.loads(Path(beside).with_name(f"{name}.json").read_bytes()) for name in names)), log, note=here.update)

    def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
        return api()(event, context)

    return guarded(handler)
