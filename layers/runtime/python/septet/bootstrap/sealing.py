"""Seals over the journal."""

from functools import cache
from typing import TYPE_CHECKING

from septet.bootstrap.journals import journal
from septet.bootstrap.settings import now, settings
from septet.bootstrap.stores import unsealed

if TYPE_CHECKING:
    from septet.aws.seals import S3Seals
    from septet.aws.signing import KmsKey
    from septet.orchestration.sealing import Sealer


@cache
def sealer() -> "Sealer":
    """Whoever seals the journal; it reads where branches have come to, and no entries."""
    from septet.orchestration.sealing import Sealer

    return Sealer(
        heads=journal(),
        unsealed=unsealed(),
        seals=seals(),
        signer=seals_key(),
        clock=now,
    )


def seals() -> "S3Seals":
    """The bucket of seals."""
    from septet.aws.clients import client
    from septet.aws.seals import S3Seals

    return S3Seals(client("s3"), settings().seals_bucket)


def seals_key() -> "KmsKey":
    """The key that seals are signed with."""
    from septet.aws.clients import client
    from septet.aws.signing import KmsKey

    return KmsKey(client("kms"), settings().seals_key)
