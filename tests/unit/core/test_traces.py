"""The trace a run belongs to: both forms, what is none, and ids that are the same for everybody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.core.traces import Context, derived, from_header, from_traceparent, of_run

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
ids = st.integers(1, 2**128 - 1).map(lambda number: f"{number:032x}")
spans = st.integers(1, 2**64 - 1).map(lambda number: f"{number:016x}")
contexts = st.builds(Context, trace=ids, span=spans, sampled=st.booleans())


@given(contexts)
def test_both_forms_say_the_same(context: Context) -> None:
    assert from_traceparent(context.traceparent) == context
    assert from_header(context.header) == context


def test_the_example_of_the_specification_is_read() -> None:
    assert from_traceparent(f"00-{TRACE}-{SPAN}-01") == Context(trace=TRACE, span=SPAN, sampled=True)


def test_a_later_version_may_say_more_and_version_0_may_not() -> None:
    assert from_traceparent(f"cc-{TRACE}-{SPAN}-00-more") == Context(trace=TRACE, span=SPAN, sampled=False)
    assert from_traceparent(f"00-{TRACE}-{SPAN}-00-more") is None


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-01",
    ],
)
def test_what_is_no_traceparent_is_none(value: str) -> None:
    assert from_traceparent(value) is None


@pytest.mark.parametrize(
    "value",
    ["", "Root", "Root=1-2-3", f"Root=1-{'0' * 8}-{'0' * 24}", "Parent=00f067aa0ba902b7", "Root=1-5759e988-bd862e3fe1be46a99427279é"],
)
def test_what_is_no_header_is_none(value: str) -> None:
    assert from_header(value) is None


def test_a_header_without_parent_or_with_a_bad_one_has_no_span() -> None:
    root = "Root=1-5759e988-bd862e3fe1be46a994272793"
    expected = Context(trace="5759e988bd862e3fe1be46a994272793")
    assert from_header(root) == expected == from_header(f"{root};Parent=no;Sampled=1")
    assert from_header(f"{root};Sampled=0;Lineage=a:1") == Context(trace=expected.trace, sampled=False)


@given(st.lists(st.text(), min_size=1), st.sampled_from([16, 32]))
def test_a_derived_id_is_one_and_the_same(parts: list[str], digits: int) -> None:
    made = derived(*parts, digits=digits)
    assert made == derived(*parts, digits=digits)
    assert len(made) == digits
    assert made.strip("0")


def test_parts_do_not_run_together() -> None:
    assert derived("ab", "c") != derived("a", "bc")


def test_the_trace_of_a_run_begins_with_its_second() -> None:
    context = of_run("acme", "r-1", 0x5759E988 * 1000 + 999)
    assert context.trace.startswith("5759e988")
    assert context == from_header(context.header)
    assert context != of_run("globex", "r-1", 0x5759E988 * 1000)
