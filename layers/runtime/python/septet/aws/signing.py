"""The key that signs seals, in KMS: the private half never leaves it."""

from base64 import b64encode
from functools import cached_property
from hashlib import sha256
from typing import Any

from septet.aws.trouble import reaching
from septet.core.seals import ALGORITHM

_STORE = "the key of seals"
_LINE = 64
"""Characters of base 64 in a line of PEM (RFC 7468)."""


class KmsKey:
    """An asymmetric key, ECC_NIST_P256, named by its alias."""

    def __init__(self, client: Any, alias: str) -> None:
        self._client = client
        self._alias = alias

    @cached_property
    def _public(self) -> tuple[str, bytes]:
        with reaching(_STORE):
            found = self._client.get_public_key(KeyId=self._alias)
        return found["KeyId"], found["PublicKey"]

    @property
    def key(self) -> str:
        """The key's own ARN: an alias may come to mean another key."""
        return self._public[0]

    @reaching(_STORE)
    def sign(self, statement: bytes) -> bytes:
        """The signature over *statement*. Raises RuntimeError when the alias means another key than this process was told."""
        digest = sha256(statement).digest()  # a statement may be longer than what KMS takes
        made = self._client.sign(KeyId=self._alias, Message=digest, MessageType="DIGEST", SigningAlgorithm=ALGORITHM)
        if made["KeyId"] != self.key:
            raise RuntimeError(f"the key of seals was changed from {self.key} to {made['KeyId']}: the next process takes that")
        signature: bytes = made["Signature"]
        return signature

    def pem(self) -> tuple[str, str]:
        """The key's ARN, and the public key as PEM."""
        key, public = self._public
        text = b64encode(public).decode()
        lines = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
        return key, "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])
