"""The deployed API against its own description: schemathesis through the gateway, as many examples as LocalStack takes in a minute or two.

What covers the schema, and follows links, is in tests/unit/integration/http/test_openapi.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests import schema_runs
from tests.desk import Desk

if TYPE_CHECKING:
    from pathlib import Path


def test_the_description_is_public_and_valid(twin: Any) -> None:
    answer = httpx.get(f"{twin.api}/v1/openapi.json", timeout=30)
    assert answer.status_code == 200
    OpenAPIV31SpecValidator(answer.json()).validate()
    assert answer.url.join(answer.json()["servers"][0]["url"]) == httpx.URL(f"{twin.api}/")


@pytest.mark.timeout(900)
def test_what_the_description_says_is_what_is_done(twin: Any, tmp_path: Path) -> None:
    desk = Desk(twin=twin)
    token = desk.token("boss", "admin")["Authorization"].removeprefix("Bearer ")
    done = schema_runs.run(twin.api, token, folder=tmp_path, examples=4, phases="examples,fuzzing")
    desk.http.close()
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
