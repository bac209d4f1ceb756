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


@dataclass(frozen=True, kw_only=True, slots=True)
class Trusted:
    """The keys whose signatures count."""

    keys: Sequence[ec.EllipticCurvePublicKey]
    given: bool
    """Whether the person who asks gave them; else the platform, or the file, said itself which key to trust."""

    @classmethod
    def of(cls, pems: Sequence[str], *, given: bool) -> Self:
        """The keys in *pems*. Raises BadUsage for what is no public key on P-256."""
        return cls(keys=[_key(pem) for pem in pems], given=given)

    @classmethod
    def read(cls, paths: Sequence[Path]) -> Self:
        """The keys in files. Raises BadUsage."""
        try:
            return cls.of([path.read_text(encoding="utf-8") for path in paths], given=True)
        except (OSError, UnicodeDecodeError) as error:
            raise BadUsage(f"a key cannot be read: {error}", fix="give a file that holds one public key as PEM") from error

    def signed(self, statement: bytes, signature: bytes) -> bool:
        """Whether one of them signed *statement*."""
        return any(_verifies(key, statement, signature) for key in self.keys)

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """SHA-256 of each key's DER form, to compare with what was told elsewhere."""
        return tuple(sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest() for key in self.keys)


def _key(pem: str) -> ec.EllipticCurvePublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError as error:
        raise BadUsage(f"this is no public key: {error}", fix="give PEM, as septet audit key prints it") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise BadUsage("the key is not one on P-256", fix="give the key that signs seals, as septet audit key prints it")
    return key


def _verifies(key: ec.EllipticCurvePublicKey, statement: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, statement, _ALGORITHM)
    except InvalidSignature:
        return False
    return True
