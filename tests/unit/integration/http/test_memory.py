"""A warm API serves one tenant after the other: what it holds of one is gone when the next has been answered."""

from __future__ import annotations

import gc
import sys
from types import FunctionType, ModuleType
from typing import Any

CANARY = "canary-of-acme-7d1f"
OURS = ("septet.", "aws_lambda_powertools.")


def strings(roots: list[Any]) -> set[str]:
    """Every text that can be reached from *roots*, but not through modules, and not through the doubles of stores."""
    seen, found, left = set[int](), set[str](), list(roots)
    while left:
        one = left.pop()
        if isinstance(one, str):
            found.add(one)
        elif id(one) not in seen and not _left_out(one):
            seen.add(id(one))
            left += [one.__closure__, one.__defaults__, vars(one)] if isinstance(one, FunctionType) else gc.get_referents(one)
    return found


def _left_out(one: Any) -> bool:
    of = getattr(one, "__module__", "") if isinstance(one, type) else type(one).__module__
    return isinstance(one, ModuleType) or str(of).startswith(("septet.local", "tests", "_io", "_pytest"))


def held(client: Any) -> set[str]:
    """What the API and the modules that serve it hold of the first tenant."""
    kept = [value for name, module in list(sys.modules.items()) if name.startswith(OURS) for value in vars(module).values()]
    return {text for text in strings([client.api, *kept]) if CANARY in text}


def test_nothing_of_one_tenants_request_is_left_when_another_has_been_served(client: Any) -> None:
    sent = {"workflow": "support", "input": {"message": CANARY}}
    answer = client.call("POST", "/v1/runs", send=sent, headers={"Idempotency-Key": CANARY})
    assert answer.status == 202
    assert client.call("GET", f"/v1/runs/{answer.body['id']}/journal").status == 200
    assert client.as_("other/bob/admin").call("GET", "/v1/runs").status == 200
    assert held(client) == set()


def test_the_search_finds_what_is_kept(client: Any) -> None:
    client.api.left = {"request": [CANARY]}
    assert held(client) == {CANARY}
