"""Seals and erasures as they are sent and answered."""

from typing import Annotated, Any, Literal

from pydantic import Field

from septet.integration.http.models import WHOLE, Strict


class SealsQuery(Strict):
    """Which seals."""

    after: Annotated[str, Field(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}-[0-9]{3})?$", description="`next` of the page before")] = ""
    limit: Annotated[int, Field(ge=1, le=50), WHOLE] = 20


class KeptSeal(Strict):
    """A seal as it is kept; `septet audit verify` checks it. Nothing but a name where what is kept is no seal."""

    name: Annotated[str, Field(description="the hour in UTC, and which of the hour's seals it is")]
    statement: Annotated[dict[str, Any] | None, Field(description="what is signed, in canonical JSON")]
    signature: Annotated[str | None, Field(description="DER, in hexadecimal")]
    leaves: Annotated[list[list[Any]] | None, Field(description="run, branch, number and hash of its last entry")]


class SealPage(Strict):
    """Some seals, oldest first."""

    seals: list[KeptSeal]
    next: Annotated[str | None, Field(description="`after` of the next page; null when there is no more now")]


class SealProof(Strict):
    """That a branch is in a seal, without the seal's other branches."""

    statement: dict[str, Any]
    signature: str
    leaf: list[Any]
    place: int
    path: Annotated[list[str], Field(description="of the Merkle tree (RFC 6962), the lowest first")]


class ProofPage(Strict):
    """What some seals have of a run, oldest first. A page may hold none and still have a `next`."""

    proofs: list[SealProof]
    next: str | None


class SealKey(Strict):
    """What verifies signatures of seals."""

    key: Annotated[str, Field(description="ARN")]
    algorithm: str
    pem: Annotated[str, Field(description="the public key")]


class ErasureRequest(Strict):
    """Whose content to erase. Ask again with what is answered, as long as there is more."""

    of: Literal["run", "person", "tenant"]
    subject: Annotated[
        str, Field(min_length=1, max_length=255, description="the run, the subject that submitted the runs, or the token's own tenant")
    ]
    erasure: Annotated[str, Field(max_length=100, description="of the answer before")] = ""
    cursor: Annotated[str, Field(min_length=1, max_length=500, description="`next` of the answer before")] | None = None


class Erasure(Strict):
    """What was erased by this request."""

    erasure: Annotated[str, Field(description="its name, in the record of erasures")]
    erased: Annotated[list[str], Field(description="runs whose content is gone now")]
    kept: Annotated[dict[str, str], Field(description="why a run was not erased: ask again later")]
    more: bool
    next: str | None
