"""Who tells principals."""

from functools import cache
from typing import TYPE_CHECKING

from septet.bootstrap.settings import settings

if TYPE_CHECKING:
    from septet.integration.identity import Verifier


@cache
def verifier() -> "Verifier":
    """Whoever tells a principal from a token, by the issuer's published keys."""
    from septet.integration.identity import Verifier
    from septet.integration.keys import JwksKeys

    return Verifier(issuer=settings().issuer, audience=settings().audience, keys=JwksKeys(settings().jwks_url))
