from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from septet.core.canonical import canonical, digest
from septet.integration import run_ids
from septet.integration.ports import Principal

names = st.text(min_size=1, max_size=20)


def who(tenant: str, subject: str) -> Principal:
    return Principal(tenant=tenant, subject=subject, roles=frozenset())


@given(at=st.integers(0, 2**48 - 1))
def test_a_fresh_id_has_the_form_and_is_no_other(at: int) -> None:
    first, second = run_ids.fresh(at), run_ids.fresh(at)
    assert re.fullmatch(run_ids.PATTERN, first)
    assert first != second


@given(early=st.integers(0, 2**48 - 2), later=st.integers(1, 1000))
def test_fresh_ids_sort_by_time(early: int, later: int) -> None:
    assert run_ids.fresh(early) < run_ids.fresh(min(early + later, 2**48 - 1))


@given(one=st.tuples(names, names, names), two=st.tuples(names, names, names))
def test_a_keyed_id_is_the_same_exactly_for_the_same_tenant_subject_and_key(one: tuple[str, str, str], two: tuple[str, str, str]) -> None:
    ids = [run_ids.keyed(who(tenant, subject), key, b"secret") for tenant, subject, key in (one, two)]
    assert (ids[0] == ids[1]) == (one == two)
    assert re.fullmatch(run_ids.PATTERN, ids[0])


def test_a_keyed_id_cannot_be_told_without_the_secret() -> None:
    ann = who("acme", "ann")
    ids = {run_ids.keyed(ann, "k", secret) for secret in (b"one", b"two", b"")}
    plain = run_ids._id(int(digest(canonical(["acme", "ann", "k"])), 16))
    assert len(ids | {plain}) == 4
