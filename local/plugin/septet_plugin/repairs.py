"""How a repair is put in place."""

from collections.abc import Callable
from typing import Any

from localstack.utils.patch import patch


def put(original: Callable[..., Any], repair: Callable[..., Any]) -> None:
    """Replace a function or method of LocalStack by `repair`, which gets the original as its first argument."""
    patch(original)(repair)  # type: ignore[no-untyped-call] # LocalStack's decorator has no types
