"""Where everything of one twin lies: one folder, so that two twins never meet and removing it removes everything."""

import shutil
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The files and folders of a twin."""

    home: Path
    """The state folder, absolute."""

    @property
    def lock(self) -> Path:
        """Held by whoever starts or stops the twin."""
        return self.home / "lock"

    @property
    def deploying(self) -> Path:
        """Held by whoever deploys to it."""
        return self.home / "deploying"

    @property
    def parts(self) -> Path:
        """The record of what runs."""
        return self.home / "parts.json"

    @property
    def deployed(self) -> Path:
        """The record of what is deployed."""
        return self.home / "deployed.json"

    @property
    def unfinished(self) -> Path:
        """There while stacks are being brought, and after a deployment that did not end well."""
        return self.home / "unfinished"

    @property
    def assembly(self) -> Path:
        """What the CDK app made; kept between lives, for making it is slow."""
        return self.home / "cdk.out"

    @property
    def logs(self) -> Path:
        """What the parts print; kept until the next start."""
        return self.home / "logs"

    @property
    def rebuilt(self) -> tuple[Path, ...]:
        """What `down` removes: everything that the next start or deployment makes anew. Issuer keys and logs stay."""
        return (self.parts, self.deployed, self.unfinished, self.temporary, self.state, self.functions, self.recording)

    @property
    def temporary(self) -> Path:
        """The parts' TMPDIR."""
        return self.home / "tmp"

    @property
    def state(self) -> Path:
        """LocalStack's file system, and its HOME."""
        return self.home / "localstack"

    @property
    def functions(self) -> Path:
        """The unpacked functions and layers of the process executor."""
        return self.home / "functions"

    @property
    def recording(self) -> Path:
        """The record of every call that a role of ours made."""
        return self.home / "recording"

    def remove_rebuilt(self) -> None:
        """Remove what the next start makes anew."""
        for path in self.rebuilt:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
