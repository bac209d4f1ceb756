from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.core.merkle import included, proof, root
from tests.unit.strategies import quick

leaves = st.lists(st.binary(max_size=8), min_size=1, max_size=40)

# The test vectors of certificate transparency's reference implementation of RFC 6962.
VECTOR = [
    bytes.fromhex(one) for one in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


@pytest.mark.parametrize("size", ROOTS)
def test_roots_are_those_of_rfc_6962(size: int) -> None:
    assert root(VECTOR[:size]).hex() == ROOTS[size]


@quick
@given(leaves, st.data())
def test_every_leaf_is_proven_in_its_place_and_in_no_other(many: list[bytes], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(many) - 1))
    path, top = proof(many, place), root(many)
    assert included(many[place], place, len(many), path, top)
    assert len(path) <= (len(many) - 1).bit_length()
    for other in range(-1, len(many) + 1):
        if other != place and many[other % len(many)] != many[place]:
            assert not included(many[place], other, len(many), path, top)


@quick
@given(leaves, st.data())
def test_a_changed_leaf_path_or_root_proves_nothing(many: list[bytes], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(many) - 1))
    path, top = proof(many, place), root(many)
    assert not included(many[place] + b"x", place, len(many), path, top)
    assert not included(many[place], place, len(many), path, sha256(top).digest())
    assert not included(many[place], place, len(many), [*path, top], top)
    for spoilt in range(len(path)):
        assert not included(many[place], place, len(many), [*path[:spoilt], bytes(32), *path[spoilt + 1 :]], top)
        assert not included(many[place], place, len(many), path[:spoilt] + path[spoilt + 1 :], top)


@quick
@given(leaves)
def test_no_list_shares_its_root_with_another(many: list[bytes]) -> None:
    assert root([*many, b""]) != root(many)
    if many != many[::-1]:
        assert root(many[::-1]) != root(many)


def test_a_node_is_no_leaf() -> None:
    left, right = (sha256(b"\x00" + one).digest() for one in (b"a", b"b"))
    assert root([left + right]) != root([b"a", b"b"])


@pytest.mark.parametrize("place", [-1, 2])
def test_there_is_no_proof_of_what_is_not_there(place: int) -> None:
    with pytest.raises(IndexError):
        proof([b"a", b"b"], place)
