"""Seals in memory, a key made for the occasion, and the list of unsealed runs."""

import secrets
from copy import replace
from threading import Lock

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from septet.core.seals import Listed, Seal, folder
from septet.local.runs import MemoryRuns


class MemorySeals:
    """A double of the bucket of seals. What is kept can be taken away by a test; a real bucket is locked."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Seal] = {}
        self._lock = Lock()

    def put(self, made: Seal) -> bool:
        """Keep *made* unless its name is taken."""
        with self._lock:
            return self.kept.setdefault((made.statement.tenant, made.statement.name), made) is made

    def get(self, tenant: str, name: str) -> Seal | None:
        """The seal."""
        return self.kept.get((tenant, name))

    def names(self, tenant: str, *, after: str = "", limit: int) -> list[str]:
        """At most *limit* names above *after*, in order."""
        return sorted(name for owner, name in self.kept if owner == tenant and name > after)[:limit]

    def last(self, tenant: str, *, now: int) -> Seal | None:  # noqa: ARG002 -- where to begin to look, which memory need not know
        """The newest seal."""
        names = self.names(tenant, limit=len(self.kept))
        return self.kept[tenant, names[-1]] if names else None

    def tenant_after(self, tenant: str) -> str | None:
        """The first tenant above *tenant* that has seals."""
        return min((owner for owner, _ in self.kept if not tenant or folder(owner) > folder(tenant)), key=folder, default=None)


class MemoryKey:
    """A double of the signing key: a real one on P-256, in this process's memory."""

    def __init__(self, key: str = "arn:aws:kms:local:000000000000:key/double") -> None:
        self.key = key
        self._private = ec.generate_private_key(ec.SECP256R1())

    def sign(self, statement: bytes) -> bytes:
        """The signature."""
        return self._private.sign(statement, ec.ECDSA(hashes.SHA256()))

    def pem(self) -> tuple[str, str]:
        """The key's name and the public key."""
        public = self._private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return self.key, public.decode()


class MemoryUnsealed:
    """A double of the list of unsealed runs, over a double of the run records."""

    def __init__(self, runs: MemoryRuns) -> None:
        self._runs = runs

    def tenant_after(self, tenant: str) -> str | None:
        """The first tenant above *tenant* that is on the list."""
        owners = {owner for owner, _ in self._runs.unsealed}
        return min((owner for owner in owners if not tenant or folder(owner) > folder(tenant)), key=folder, default=None)

    def runs(self, tenant: str, *, after: str = "", limit: int) -> list[Listed]:
        """At most *limit* of the tenant's, with ids above *after*, in order."""
        found = sorted(run for owner, run in self._runs.unsealed if owner == tenant and run > after)
        return [Listed(run=self._runs.records[tenant, run], mark=self._runs.unsealed[tenant, run]) for run in found[:limit]]

    def sealed(self, listed: Listed, name: str) -> None:
        """Take the run from the list, if it is there as it was read."""
        place = listed.run.tenant, listed.run.run
        now = self._runs.records[place]
        if (now.status, now.ended_at, self._runs.unsealed.get(place)) == (listed.run.status, listed.run.ended_at, listed.mark):
            del self._runs.unsealed[place]
            self._runs.records[place] = replace(now, sealed=name)

    def again(self, tenant: str, run: str) -> None:
        """Put a run on the list."""
        if (tenant, run) in self._runs.records:
            self._runs.unsealed[tenant, run] = secrets.token_hex(8)
