"""Merkle trees as RFC 6962 makes them: one hash over many leaves, and a short proof that one of them is among these.

Leaves and inner nodes are hashed with different first bytes, so neither can be passed off as the other. A tree of no leaves has a root too.
"""

from collections.abc import Sequence
from hashlib import sha256

_LEAF, _NODE = b"\x00", b"\x01"


def root(leaves: Sequence[bytes]) -> bytes:
    """The tree's root: 32 bytes."""
    return _root([_leaf(leaf) for leaf in leaves])


def proof(leaves: Sequence[bytes], place: int) -> list[bytes]:
    """The hashes beside the way from the leaf in *place* up to the root, the lowest first. Raises IndexError for a place there is not."""
    if not 0 <= place < len(leaves):
        raise IndexError(f"there is no leaf {place} among {len(leaves)}")
    return _path([_leaf(leaf) for leaf in leaves], place)


def included(leaf: bytes, place: int, size: int, path: Sequence[bytes], expected: bytes) -> bool:
    """Whether *leaf* is the one in *place* of the tree with *size* leaves and the root *expected*, by its proof *path*."""
    if not 0 <= place < size:
        return False
    found, last = _leaf(leaf), size - 1
    for beside in path:
        if last == 0:
            return False
        if place % 2 or place == last:
            found = _node(beside, found)
            while place % 2 == 0 and place:
                place, last = place // 2, last // 2
        else:
            found = _node(found, beside)
        place, last = place // 2, last // 2
    return last == 0 and found == expected


def _leaf(leaf: bytes) -> bytes:
    return sha256(_LEAF + leaf).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(_NODE + left + right).digest()


def _split(size: int) -> int:
    """The largest power of two below *size*: how many leaves the left part has."""
    return 1 << (size - 1).bit_length() - 1


def _root(hashes: Sequence[bytes]) -> bytes:
    if not hashes:
        return sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    left = _split(len(hashes))
    return _node(_root(hashes[:left]), _root(hashes[left:]))


def _path(hashes: Sequence[bytes], place: int) -> list[bytes]:
    if len(hashes) == 1:
        return []
    left = _split(len(hashes))
    if place < left:
        return [*_path(hashes[:left], place), _root(hashes[left:])]
    return [*_path(hashes[left:], place - left), _root(hashes[:left])]
