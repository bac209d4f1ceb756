"""Files of a tenant: a person says what they will upload and gets a request for exactly that; whoever may see a file may download it."""

import hmac
from dataclasses import dataclass
from typing import Literal

from septet.core.canonical import canonical
from septet.core.files import File, MediaType, Transfer
from septet.integration.ports import Ports, Principal
from septet.integration.problems import Kind, Problem
from septet.integration.rights import AUDITORS, READERS, SUBMITTERS, require

PATTERN = r"^fil-[0-9a-f]{32}$"
"""What the id of a file looks like."""
State = Literal["awaiting", "ready", "erased"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What somebody wants to upload."""

    name: str
    media_type: MediaType
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Filed:
    """A file as it stands, and how its content is moved now, if it can be."""

    file: File
    state: State
    transfer: Transfer | None = None


def offer(offered: Offer, principal: Principal, ports: Ports) -> Filed:
    """Note the file, and tell how it is uploaded. The same offer of the same principal is the same file.

    Raises Problem ``FORBIDDEN`` without a role.
    """
    require(principal, SUBMITTERS, "upload a file")
    ids = [_id(offered, principal, secret) for secret in ports.id_keys()]
    held = next((found for one in ids if (found := ports.files.get(principal.tenant, one)) and found.erased_at is None), None)
    file = held or _new(ids[0], offered, principal, ports)
    if held is None:
        ports.files.put(file)
    if ports.contents.there(file):
        return Filed(file=file, state="ready")
    return Filed(file=file, state="awaiting", transfer=ports.contents.upload(file, now=ports.clock()))


def found(file: str, principal: Principal, ports: Ports) -> Filed:
    """The file as it stands, and how it is downloaded.

    Raises Problem: ``FORBIDDEN`` without a role, ``NOT_FOUND`` also for a file that is none of the principal's business.
    """
    require(principal, READERS, "see a file")
    record = ports.files.get(principal.tenant, file)
    if record is None or not may_read(principal, record):
        raise Problem(Kind.NOT_FOUND, f"there is no file {file}")
    if record.erased_at is not None:
        return Filed(file=record, state="erased")
    if not ports.contents.there(record):
        return Filed(file=record, state="awaiting")
    return Filed(file=record, state="ready", transfer=ports.contents.download(record, now=ports.clock()))


def may_read(principal: Principal, file: File) -> bool:
    """Whether *file* exists as far as *principal* can tell: whose it is, and those who see all that people of their tenant send."""
    if file.tenant != principal.tenant:
        return False
    return bool(principal.roles & AUDITORS) or (bool(principal.roles & SUBMITTERS) and file.owner == principal.subject)


def _id(offered: Offer, principal: Principal, secret: bytes) -> str:
    said = [principal.tenant, principal.subject, "file", offered.name, offered.media_type, offered.bytes, offered.sha256]
    return "fil-" + hmac.digest(secret, canonical(said), "sha256").hex()[:32]


def _new(file: str, offered: Offer, principal: Principal, ports: Ports) -> File:
    return File(
        tenant=principal.tenant,
        file=file,
        name=offered.name,
        media_type=offered.media_type,
        bytes=offered.bytes,
        sha256=offered.sha256,
        owner=principal.subject,
        created_at=ports.clock(),
        place=f"{file}/content",
    )
