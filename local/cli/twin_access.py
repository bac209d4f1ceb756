"""How the commands reach the platform that runs on the twin."""

from local.cli.access import Identity
from local.cli.outcomes import CommandFailed
from local.cli.surroundings import Twin
from local.doubles import issuer
from local.twin import deployed


class TwinDoor:
    """URL and tokens of a twin, both from its state folder."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin

    def url(self) -> str | None:
        """Where the deployed API listens; None while nothing is deployed."""
        found = deployed.read(self._twin.layout.deployed)
        return found.api if found else None

    def mint(self, identity: Identity, *, seconds: int) -> str:
        """A token of the twin's issuer, which is a double of an identity provider."""
        try:
            return issuer.mint(
                self._twin.layout.home,
                issuer=f"{self._twin.doubles}/issuer",
                tenant=identity.tenant,
                subject=identity.principal,
                roles=identity.roles,
                seconds=seconds,
            )
        except issuer.DamagedKeys as damaged:
            raise CommandFailed(
                f"no token can be made: {damaged.path} is damaged", fix=f"rm -r {damaged.path}, and a new key is made"
            ) from damaged
        except (OSError, ValueError) as error:
            raise CommandFailed(f"no token can be made: {error}", fix="septet down, then septet up") from error
