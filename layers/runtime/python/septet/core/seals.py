"""Seals: what a tenant's journal was at an hour, signed, each seal bound to the one before.

A seal says where each branch that may have changed had come to: its last entry's number and hash, which by the chain stands for every
entry before. The branches are the leaves of a Merkle tree; the signed statement holds its root, so one branch can be shown to be in a seal
without the others.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from septet.core import merkle
from septet.core.canonical import canonical, digest
from septet.core.frozen import frozen
from septet.core.journal import Branch
from septet.core.runs import Run

VERSION = 1
"""Of a seal's form."""
ALGORITHM = "ECDSA_SHA_256"
"""As KMS names it: ECDSA on P-256 over SHA-256 of the statement in canonical JSON; the signature is DER."""
NAME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}-[0-9]{3}")
"""A seal's name: its hour in UTC, and which of that hour's seals it is. Names sort by time."""


def folder(tenant: str) -> str:
    """What tenants are ordered by wherever they are gone through: as the folders that they are in S3."""
    return f"{tenant}/"


@frozen
class Leaf:
    """Where one branch had come to."""

    run: str
    """Or what stands for a run in the name of a branch of the tenant's own."""
    path: str
    number: int
    """Of its last entry: it has one more than that."""
    hash: str
    """Of its last entry."""

    def encoded(self) -> bytes:
        """What the tree is made of."""
        return canonical(self.document())

    def document(self) -> list[Any]:
        """As JSON types."""
        return [self.run, self.path, self.number, self.hash]


@frozen
class Statement:
    """What is signed."""

    tenant: str
    name: str
    at: int
    """When it was made, in milliseconds since the epoch."""
    number: int
    """Its place among the tenant's seals, from 0."""
    previous: str
    """Hash of the seal before it; empty for the first."""
    root: str
    """Of the tree of leaves; hexadecimal."""
    leaves: int
    """How many there are."""
    through: str
    """The last run that was looked at, where the hour's next seal goes on; empty when none was left."""
    key: str
    """The ARN of the key that signs."""

    def document(self) -> dict[str, Any]:
        """As JSON types."""
        return {
            "version": VERSION,
            "tenant": self.tenant,
            "name": self.name,
            "at": self.at,
            "number": self.number,
            "previous": self.previous,
            "root": self.root,
            "leaves": self.leaves,
            "through": self.through,
            "key": self.key,
            "algorithm": ALGORITHM,
        }

    def encoded(self) -> bytes:
        """What the signature is over."""
        return canonical(self.document())

    @property
    def hash(self) -> str:
        """What the next seal calls ``previous``."""
        return digest(self.encoded())


@frozen
class Seal:
    """A statement, its signature, and the leaves it is about."""

    statement: Statement
    signature: bytes
    leaves: tuple[Leaf, ...]

    def document(self) -> dict[str, Any]:
        """As JSON types."""
        leaves = [leaf.document() for leaf in self.leaves]
        return {"statement": self.statement.document(), "signature": self.signature.hex(), "leaves": leaves}


@frozen
class Proof:
    """One branch's part of a seal: all that is needed to see that it is in there."""

    statement: Statement
    signature: bytes
    leaf: Leaf
    place: int
    path: tuple[str, ...]
    """Hexadecimal, the lowest first."""

    @property
    def holds(self) -> bool:
        """Whether the statement's root is of a tree with this leaf. Says nothing about the signature."""
        path = [bytes.fromhex(one) for one in self.path]
        return merkle.included(self.leaf.encoded(), self.place, self.statement.leaves, path, bytes.fromhex(self.statement.root))

    def document(self) -> dict[str, Any]:
        """As JSON types."""
        found = {"statement": self.statement.document(), "signature": self.signature.hex()}
        return found | {"leaf": self.leaf.document(), "place": self.place, "path": list(self.path)}


def hour(at: int) -> str:
    """The hour of the time *at* (milliseconds since the epoch), as names begin."""
    return f"{datetime.fromtimestamp(at / 1000, tz=UTC):%Y-%m-%dT%H}"


def root(leaves: Sequence[Leaf]) -> str:
    """What a statement says of *leaves*."""
    return merkle.root([leaf.encoded() for leaf in leaves]).hex()


def proof(seal: Seal, place: int) -> Proof:
    """That the leaf in *place* is in *seal*."""
    path = merkle.proof([leaf.encoded() for leaf in seal.leaves], place)
    return Proof(
        statement=seal.statement,
        signature=seal.signature,
        leaf=seal.leaves[place],
        place=place,
        path=tuple(one.hex() for one in path),
    )


def seal(value: Mapping[str, Any]) -> Seal:
    """The seal that ``document`` made *value* of. Raises ValueError for anything else; says nothing about whether it is right."""
    try:
        leaves = tuple(_leaf(one) for one in value["leaves"])
        return Seal(statement=_statement(value["statement"]), signature=bytes.fromhex(value["signature"]), leaves=leaves)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"this is no seal: {type(error).__name__}") from error


def proven(value: Mapping[str, Any]) -> Proof:
    """The proof that ``document`` made *value* of. Raises ValueError for anything else; says nothing about whether it holds."""
    try:
        path = tuple(bytes.fromhex(one).hex() for one in value["path"])
        statement, place = _statement(value["statement"]), int(value["place"])
        signature, leaf = bytes.fromhex(value["signature"]), _leaf(value["leaf"])
        bytes.fromhex(statement.root)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"this is no proof: {type(error).__name__}") from error
    return Proof(statement=statement, signature=signature, leaf=leaf, place=place, path=path)


def _leaf(value: Sequence[Any]) -> Leaf:
    run, path, number, hashed = value
    if type(number) is not int or not all(isinstance(one, str) for one in (run, path, hashed)):
        raise ValueError("a leaf holds run, branch, number and hash")
    return Leaf(run=run, path=path, number=number, hash=hashed)


def _statement(value: Mapping[str, Any]) -> Statement:
    """The statement, if *value* is one and nothing else: what is not understood cannot be said to be verified."""
    statement = Statement(**{name: value[name] for name in Statement.__annotations__})
    whole = all(type(number) is int for number in (statement.at, statement.number, statement.leaves))
    if not whole or statement.document() != dict(value) or not NAME.fullmatch(statement.name):
        raise ValueError(f"the statement of a seal is not of version {VERSION} and {ALGORITHM}")
    return statement


class Seals(Protocol):
    """Where seals are kept. One that is written stays."""

    def put(self, made: Seal) -> bool:
        """Keep *made*; False when there is one of its tenant and name already, which stays."""
        ...

    def get(self, tenant: str, name: str) -> Seal | None:
        """The seal; None when there is none. Raises ValueError when what lies there is none."""
        ...

    def names(self, tenant: str, *, after: str = "", limit: int) -> list[str]:
        """At most *limit* names of the tenant's seals above *after*, in order of time."""
        ...

    def last(self, tenant: str, *, now: int) -> Seal | None:
        """The newest seal, as of the time *now* (milliseconds since the epoch)."""
        ...

    def tenant_after(self, tenant: str) -> str | None:
        """The first tenant above *tenant*, by ``folder``, that has seals."""
        ...


class Signer(Protocol):
    """Whoever holds the private key."""

    @property
    def key(self) -> str:
        """The key's ARN."""
        ...

    def sign(self, statement: bytes) -> bytes:
        """The signature over *statement*, as ``ALGORITHM`` says."""
        ...


class PublicKeys(Protocol):
    """Whoever can tell the public key."""

    def pem(self) -> tuple[str, str]:
        """The key's ARN, and the public key as PEM."""
        ...


class Heads(Protocol):
    """A journal, as far as a seal concerns it."""

    def last(self, branch: Branch) -> tuple[int, str] | None:
        """The number and the hash of the branch's last entry, read consistently; None for a branch without entries."""
        ...


@frozen
class Listed:
    """A run that is on the list of unsealed ones."""

    run: Run
    mark: str
    """Another each time it is put there."""


class Unsealed(Protocol):
    """Which runs may have entries that no seal has: those that are running, and those that ended lately."""

    def tenant_after(self, tenant: str) -> str | None:
        """The first tenant above *tenant*, by ``folder``, that has such runs."""
        ...

    def runs(self, tenant: str, *, after: str = "", limit: int) -> list[Listed]:
        """At most *limit* of the tenant's, with ids above *after*, in order."""
        ...

    def sealed(self, listed: Listed, name: str) -> None:
        """Take the run from the list, if it is there as it was read, and note the seal's *name* in its record."""
        ...

    def again(self, tenant: str, run: str) -> None:
        """Put a run on the list: something is about to be written into its journal."""
        ...
