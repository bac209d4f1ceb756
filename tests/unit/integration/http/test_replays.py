"""Replays over the API."""

from typing import Any

import pytest

from septet.core.replays import MOST
from septet.integration.replaying import AGAIN_SECONDS


@pytest.mark.parametrize("body", [{}, {"since": ""}, {"run": "x"}, {"tenant": ""}, {"since": "2026-11-23T10:00"}, {"until": "2026-11-23"}])
def test_an_order_without_what_it_is_of_is_refused(client: Any, body: dict[str, str]) -> None:
    assert client.as_("acme/olga/operator").call("POST", "/v1/replays", send=body).status == 422


@pytest.mark.parametrize("since", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"])
def test_a_time_that_is_in_no_year_of_utc_is_refused(client: Any, since: str) -> None:
    assert client.as_("acme/olga/operator").call("POST", "/v1/replays", send={"since": since}).status == 422


def test_it_is_told_over_the_api(office: Any, client: Any) -> None:
    run = office.start()
    answer = client.as_("acme/olga/operator").call("POST", "/v1/replays", send={"run": run, "since": "2026-11-01T00:00:00Z"})
    assert answer.status == 202
    name = answer.body["id"]
    assert answer.headers["Location"] == f"replays/{name}"
    found = client.as_("acme/olga/operator").call("GET", f"/v1/replays/{name}").body
    assert found == answer.body
    assert (found["status"], found["run"], found["since"], found["done"], found["failures"], found["reason"]) == (
        "running",
        run,
        "2026-11-01T00:00:00.000Z",
        0,
        [],
        None,
    )


def test_one_too_many_is_told_with_the_seconds_after_which_to_ask_again(client: Any) -> None:
    order = {"send": {"since": "2026-11-23"}}
    olga = client.as_("acme/olga/operator")
    made = [olga.call("POST", "/v1/replays", **order).body["id"] for _ in range(MOST)]
    refused = olga.call("POST", "/v1/replays", **order)
    assert (refused.status, refused.body["type"], refused.headers["Retry-After"]) == (
        429,
        "urn:septet:problem:overloaded",
        str(AGAIN_SECONDS),
    )
    assert all(name in refused.body["detail"] for name in made)
