"""A fake of the twin: nothing runs, and it says what it is told to say."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from local.cli.surroundings import Twin
from local.twin import deployed, status
from local.twin.deploy import Deployment
from local.twin.errors import TwinError
from local.twin.layout import Layout
from local.twin.lifecycle import Down, Say, Up
from local.twin.not_emulated import NotEmulated
from local.twin.parts import Ports

API = "http://127.0.0.1:4566/_aws/execute-api/fake/live"


@dataclass
class FakeTwin:
    home: Path
    running: bool = False
    failure: TwinError | None = None
    seeded: list[tuple[str, str]] = field(default_factory=list)
    endpoint: str = "http://127.0.0.1:4566"
    doubles: str = "http://127.0.0.1:4580"
    backend: str = "scenario"
    policies: str = "enforce"

    def __post_init__(self) -> None:
        self.layout = Layout(home=self.home)
        self.say: Say = lambda _: None

    def saying(self, say: Say) -> Twin:
        self.say = say
        return self

    def seed(self, endpoint: str, tenant: str) -> int:
        self.seeded.append((endpoint, tenant))
        return 36

    def up(self) -> Up:
        if self.failure:
            raise self.failure
        found, self.running = self.running, True
        self.say("starting LocalStack on http://127.0.0.1:4566")
        return Up(found=found, repaired=(), ports=Ports(), seconds=4.2)

    def down(self) -> Down:
        ended, self.running = ("LocalStack", "doubles") if self.running else (), False
        self.layout.deployed.unlink(missing_ok=True)
        return Down(ended=ended, seconds=1.0)

    def deploy(self) -> Deployment:
        now, outputs = datetime.now(tz=UTC), {"Septet-twin-Foundation": {"PoliciesMode": self.policies}}
        deployed.write(self.layout.deployed, deployed.Deployed(at=now, api=API, outputs=outputs))
        return Deployment(said="Deployed Septet-twin-Foundation.", stacks=("Septet-twin-Foundation",), api=API, seconds=9.1)

    def status(self) -> status.Status:
        part = status.PartStatus(
            name="LocalStack",
            address=self.endpoint,
            running=self.running,
            healthy=self.running,
            pid=7 if self.running else None,
            since=datetime(2026, 11, 22, 21, 0, tzinfo=UTC) if self.running else None,
            memory=300 * 1024 * 1024,
            detail="LocalStack 4.14.0, an emulator",
        )
        return status.Status(
            home=self.home,
            parts=(part,),
            handlers=3,
            handlers_memory=90 * 1024 * 1024,
            model=status.ModelStatus(backend=self.backend, detail="six scenarios") if self.running else None,
            deployed=deployed.read(self.layout.deployed),
            not_emulated=(NotEmulated(type="AWS::WAFv2::WebACL", reason="Nothing is filtered here."),),
        )
