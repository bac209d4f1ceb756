"""The twin: one folder, two servers, and what is deployed in them."""

import os
from collections.abc import Mapping
from pathlib import Path

from local.doubles import issuer
from local.twin import deployed, files, not_emulated, processes, record, scenarios, status
from local.twin.deploy import Deployer, Deployment
from local.twin.errors import TwinError
from local.twin.layout import REPOSITORY, Layout
from local.twin.lifecycle import Down, Lifecycle, MakeParts, Say, Up
from local.twin.parts import HOST, LOCALSTACK, Part, Ports, twin_parts
from local.twin.record import Running
from local.twin.status import Status


class Twin:
    """The whole platform on this machine. Every method may be called from any process: what runs is recorded in *home*."""

    def __init__(
        self,
        home: Path,
        port: int = 4566,
        doubles_port: int = 4580,
        *,
        say: Say = lambda _: None,
        ambient: Mapping[str, str] = os.environ,
        make_parts: MakeParts | None = None,
        root: Path = REPOSITORY,
    ) -> None:
        """Describe a twin; nothing is started. *say* gets a line of progress at a time; *root* holds the CDK app and the scenarios."""
        self.layout = Layout(home=home.absolute())
        self.say = say
        self.ambient = ambient
        self.root = root
        self._lifecycle = Lifecycle(self.layout, Ports(localstack=port, doubles=doubles_port), make_parts or self._parts, say)

    @classmethod
    def chosen(cls, ambient: Mapping[str, str] = os.environ, *, say: Say = lambda _: None) -> "Twin":
        """Return the twin that SEPTET_TWIN_HOME, SEPTET_PORT and SEPTET_DOUBLES_PORT choose, by default the checkout's own."""
        home = Path(ambient.get("SEPTET_TWIN_HOME") or REPOSITORY / ".twin")
        usual = Ports()
        port = _port(ambient, "SEPTET_PORT", usual.localstack)
        return cls(home, port, _port(ambient, "SEPTET_DOUBLES_PORT", usual.doubles), say=say, ambient=ambient)

    @property
    def endpoint(self) -> str:
        """Where every AWS service of the twin answers."""
        return f"http://{HOST}:{self._lifecycle.ports().localstack}"

    @property
    def doubles(self) -> str:
        """Where the model server and the token issuer answer."""
        return f"http://{HOST}:{self._lifecycle.ports().doubles}"

    def up(self) -> Up:
        """Start what does not run and wait until it can be used. Raise TwinError when it cannot be, also for damaged keys of the issuer."""
        try:
            issuer.require_sound(self.layout.home)
        except issuer.DamagedKeys as damaged:
            raise TwinError(
                f"The token issuer's keys in {damaged.path} are damaged.", f"Remove them, and a new key is made: rm -r {damaged.path}"
            ) from damaged
        return self._lifecycle.up()

    def down(self) -> Down:
        """End everything; keep the issuer's keys and the logs."""
        return self._lifecycle.down()

    def deploy(self) -> Deployment:
        """Bring stacks and scenarios to what the repository says. Raise TwinError when the twin is not up, or on any failure."""
        if not all(status.part_status(part, self._running().get(part.name))[0].healthy for part in self._lifecycle.parts()):
            raise TwinError("The twin is not up.", "Start it: septet up")
        with files.locked(self.layout.deploying, waiting=lambda: self.say("another command deploys to this twin: waiting for it")):
            if self.layout.unfinished.exists():
                self.say("The last deployment did not finish, and the emulator cannot mend a stack that failed.")
                self._lifecycle.renew(LOCALSTACK)
            played = scenarios.bring(self._scenarios, self.doubles)
            if played:
                self.say(f"scenarios: {played} file{'' if played == 1 else 's'}")
            found = Deployer(self.layout, endpoint=self.endpoint, doubles=self.doubles, ambient=self.ambient, say=self.say, root=self.root)
            return found.deploy()

    def status(self) -> Status:
        """Look at everything; start and change nothing."""
        looked = [status.part_status(part, self._running().get(part.name)) for part in self._lifecycle.parts()]
        handlers = processes.handlers(self.layout.home)
        return Status(
            home=self.layout.home,
            parts=tuple(part for part, _ in looked),
            handlers=len(handlers),
            handlers_memory=status.memory(handlers),
            model=next((found for _, answer in looked if (found := status.model_status(answer))), None),
            deployed=deployed.read(self.layout.deployed),
            not_emulated=not_emulated.read(),
        )

    @property
    def _scenarios(self) -> Path:
        return self.root / "local" / "scenarios"

    def _running(self) -> dict[str, Running]:
        return record.read(self.layout.parts) or {}

    def _parts(self, layout: Layout, ports: Ports) -> tuple[Part, ...]:
        return twin_parts(layout, ports, tuple(sorted(self._scenarios.glob("*.yaml"))), self.ambient)


def _port(ambient: Mapping[str, str], name: str, usual: int) -> int:
    text = ambient.get(name) or str(usual)
    if not (text.isdecimal() and 0 < int(text) < 65536):  # noqa: PLR2004 the first number that is no port
        raise TwinError(f"{name} is {text!r}, which is no port.", "Set it to a number from 1 to 65535, or unset it.")
    return int(text)
