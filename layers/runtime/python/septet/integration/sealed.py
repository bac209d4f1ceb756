"""Seals as auditors read them: a tenant's, in their order, and the part of each that one run is in."""

from dataclasses import dataclass

from septet.core.seals import Proof, Seal, hour, proof
from septet.integration.ports import Ports, Principal
from septet.integration.reading import record
from septet.integration.rights import AUDITORS, VERIFIERS, require


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What is kept under a seal's name: a seal, or something that is none."""

    name: str
    seal: Seal | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Seals:
    """Some of a tenant's seals, oldest first, and the name to go on after."""

    seals: tuple[Kept, ...]
    next: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Proofs:
    """Of some seals, those that have the run, and the name to go on after."""

    proofs: tuple[Proof, ...]
    next: str | None


def seals(principal: Principal, ports: Ports, *, after: str, limit: int) -> Seals:
    """At most *limit* seals of the principal's tenant, above the name *after*. Raises Problem ``FORBIDDEN``."""
    require(principal, AUDITORS, "read seals")
    names = ports.seals.names(principal.tenant, after=after, limit=limit + 1)
    kept = tuple(Kept(name=name, seal=_kept(principal.tenant, name, ports)) for name in names[:limit])
    return Seals(seals=kept, next=names[limit - 1] if len(names) > limit else None)


def proofs(run_id: str, principal: Principal, ports: Ports, *, after: str, limit: int) -> Proofs:
    """What *limit* seals, made since the run was and above the name *after*, have of it. Raises Problem ``FORBIDDEN``, ``NOT_FOUND``."""
    require(principal, VERIFIERS, "read what seals have of a run")
    run = record(run_id, principal, ports)
    names = ports.seals.names(run.tenant, after=max(after, hour(run.created_at)), limit=limit + 1)
    wanted = [name for name in names[:limit] if not run.sealed or name <= run.sealed]
    kept = [_kept(run.tenant, name, ports) for name in wanted]
    found = [proof(seal, place) for seal in kept if seal for place, leaf in enumerate(seal.leaves) if leaf.run == run.run]
    more = len(names) > limit and len(wanted) == limit
    return Proofs(proofs=tuple(found), next=names[limit - 1] if more else None)


def public_key(principal: Principal, ports: Ports) -> tuple[str, str]:
    """The ARN of the key that signs seals, and its public half as PEM. Raises Problem ``FORBIDDEN``."""
    require(principal, VERIFIERS, "read the key that verifies seals")
    return ports.keys.pem()


def _kept(tenant: str, name: str, ports: Ports) -> Seal | None:
    try:
        return ports.seals.get(tenant, name)
    except ValueError:
        return None
