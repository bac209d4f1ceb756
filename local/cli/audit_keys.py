"""Public keys that verify seals: this check is made here, and asks no platform."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from local.cli.outcomes import BadUsage

_ALGORITHM = ec.ECDSA(hashes.SHA256())
_FIX = "give the public key that verifies seals as PEM, as septet audit key prints it"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trusted:
    """The keys whose signatures count."""

    keys: Sequence[ec.EllipticCurvePublicKey]
    given: bool
    """Whether the person who asks gave them; else the platform, or the file, said itself which key to trust."""

    @classmethod
    def of(cls, pems: Sequence[str], *, given: bool) -> Self:
        """The keys in *pems*. Raises BadUsage for what is no public key on P-256."""
        return cls(keys=[_key(pem, "what names the key") for pem in pems], given=given)

    @classmethod
    def read(cls, paths: Sequence[Path]) -> Self:
        """The keys in files. Raises BadUsage."""
        return cls(keys=[_key(_text(path), str(path)) for path in paths], given=True)

    def signed(self, statement: bytes, signature: bytes) -> bool:
        """Whether one of them signed *statement*."""
        return any(_verifies(key, statement, signature) for key in self.keys)

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """SHA-256 of each key's DER form, to compare with what was told elsewhere."""
        return tuple(sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest() for key in self.keys)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadUsage(f"{path} cannot be read: {error.strerror}", fix=_FIX) from error
    except UnicodeDecodeError as error:
        raise BadUsage(f"{path} holds no public key", fix=_FIX) from error


def _key(pem: str, where: str) -> ec.EllipticCurvePublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError as error:
        raise BadUsage(f"{where} holds no public key", fix=_FIX) from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise BadUsage(f"{where} holds a key that is not on P-256", fix=_FIX)
    return key


def _verifies(key: ec.EllipticCurvePublicKey, statement: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, statement, _ALGORITHM)
    except InvalidSignature:
        return False
    return True
