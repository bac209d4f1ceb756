"""Hostile JSON: something right with something wrong anywhere in it; and how generated tests are bounded."""

from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

unhurried: Callable[[Any], Any] = settings(deadline=None)
"""Generated tests are bounded by their number of examples, not by the time of a shared machine."""

_ODD: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["text", "json", "role", "content", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def spoiled(value: Any, data: st.DataObject) -> Any:
    """Replace something somewhere inside *value*, or all of it."""
    if isinstance(value, dict | list) and value and data.draw(st.integers(0, 3)):
        key = data.draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
        copy = value.copy()
        copy[key] = spoiled(value[key], data)
        return copy
    return data.draw(_ODD)
