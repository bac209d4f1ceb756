"""Starting and stopping the twin."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import psutil

from local.twin import files, health, ports, processes, record, synth
from local.twin.errors import TwinError
from local.twin.layout import Layout
from local.twin.parts import DOUBLES, LOCALSTACK, Part, Ports
from local.twin.record import Running
from local.twin.survey import Survey, survey

GRACE = 1.5
"""Seconds that servers get to end by themselves. LocalStack would take five, to save nothing that we keep."""
_ROUNDS = 5
"""How often `down` looks again for handlers that started while it was ending others."""

type MakeParts = Callable[[Layout, Ports], tuple[Part, ...]]
type Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Up:
    """What `up` did."""

    found: bool
    """It was running already, and nothing was done."""
    repaired: tuple[str, ...]
    """What an earlier life had left behind and what was done about it."""
    ports: Ports
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Down:
    """What `down` did."""

    ended: tuple[str, ...]
    """The parts, and the number of handler processes, that were ended."""
    seconds: float


class Lifecycle:
    """Starts and stops the parts of one twin. One process at a time does so; others wait."""

    def __init__(self, layout: Layout, wanted: Ports, make_parts: MakeParts, say: Say) -> None:
        self._layout = layout
        self._wanted = wanted
        self._make_parts = make_parts
        self._say = say

    def ports(self) -> Ports:
        """Return the ports of the twin that runs, else those wanted."""
        running = record.read(self._layout.parts) or {}
        alive = any(one.process() for one in running.values())
        if not alive:
            return self._wanted
        recorded = {name: one.port for name, one in running.items()}
        return Ports(localstack=recorded.get(LOCALSTACK, self._wanted.localstack), doubles=recorded.get(DOUBLES, self._wanted.doubles))

    def parts(self) -> tuple[Part, ...]:
        """Return the parts on the ports they have or would get."""
        return self._make_parts(self._layout, self.ports())

    def up(self) -> Up:
        """Start what does not run. Raise TwinError when it cannot be; what was started by then is ended."""
        begun = monotonic()
        self._make_home()
        with self._alone():
            at = self.ports()
            parts = self._make_parts(self._layout, at)
            found = survey(self._layout, parts)
            for repair in found.repairs:
                self._say(repair)
            missing = [part for part in parts if part.name not in found.running]
            if missing:
                self._clean(found)
                self._start(missing, dict(found.running))
        return Up(found=not missing, repaired=found.repairs, ports=at, seconds=monotonic() - begun)

    def down(self) -> Down:
        """End everything of this twin and remove what the next start rebuilds. Raise TwinError when something cannot be ended."""
        begun = monotonic()
        if not self._layout.home.exists():
            return Down(ended=(), seconds=0.0)
        self._make_home()
        with self._alone():
            app = processes.marked(self._layout.home, synth.PART)
            processes.end(app, grace=0)
            ended = (*self._end_parts(), *((synth.PART,) if app else ()))
            handlers = self._end_handlers()
            self._layout.remove_rebuilt()
        more = (f"{handlers} handler process{'es' if handlers > 1 else ''}",) if handlers else ()
        return Down(ended=ended + more, seconds=monotonic() - begun)

    def renew(self, name: str) -> Up:
        """Start one part anew, without what was in it."""
        with self._alone():
            processes.end(processes.marked(self._layout.home, name), grace=0)
        return self.up()

    def _make_home(self) -> None:
        try:
            self._layout.home.mkdir(parents=True, exist_ok=True)
            self._layout.lock.touch()
        except OSError as error:
            raise TwinError(
                f"The twin's state folder {self._layout.home} cannot be used: {error.strerror}.",
                "Remove what is in its place, or choose another: SEPTET_TWIN_HOME=/path septet up",
            ) from error

    def _alone(self) -> files.Lock:
        return files.locked(self._layout.lock, waiting=lambda: self._say("another command starts or stops this twin: waiting for it"))

    def _clean(self, found: Survey) -> None:
        """End what belongs to no running part, and remove what a dead LocalStack left."""
        processes.end(found.strays, grace=0)
        if LOCALSTACK not in found.running:
            self._end_handlers()
            self._layout.remove_rebuilt()
        record.write(self._layout.parts, found.running)

    def _start(self, parts: list[Part], running: dict[str, Running]) -> None:
        for part in parts:
            ports.require_free(part)
        for folder in (self._layout.logs, self._layout.temporary, self._layout.state, self._layout.functions):
            folder.mkdir(exist_ok=True)
        begun = monotonic()
        try:
            started = [self._launch(part, running) for part in parts]
            for part, process in zip(parts, started, strict=True):
                health.wait_until_healthy(part, process)
                self._say(f"{_told(part)} after {monotonic() - begun:.1f} s")
        except BaseException:
            self._take_back(parts)
            raise

    def _launch(self, part: Part, running: dict[str, Running]) -> psutil.Process:
        """Start a part and note it."""
        part.log.unlink(missing_ok=True)
        for link, target in part.links.items():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(target)
        self._say(f"starting {_article(part)}{part.name} on {part.address}")
        try:
            process = processes.start(part)
        except OSError as error:
            raise TwinError(f"{part.name} cannot be started: {part.arguments[0]}: {error.strerror}.", "Run: make setup") from error
        running[part.name] = Running(pid=process.pid, started=process.create_time(), port=part.port)
        record.write(self._layout.parts, running)
        return process

    def _take_back(self, parts: list[Part]) -> None:
        """End what a start has got to, found by mark: the one that came last may not have been noted."""
        kept = record.read(self._layout.parts) or {}
        for part in parts:
            processes.end(processes.marked(self._layout.home, part.name), grace=0)
            kept.pop(part.name, None)
        if kept:
            record.write(self._layout.parts, kept)
        else:
            self._end_handlers()
            self._layout.remove_rebuilt()

    def _end_parts(self) -> tuple[str, ...]:
        """End the parts, recorded or not; return their names. Raise TwinError when a port stays open."""
        recorded = record.read(self._layout.parts) or {}
        every: list[psutil.Process] = []
        names: list[str] = []
        for part in self.parts():
            noted = recorded[part.name].process() if part.name in recorded else None
            found = {*processes.marked(self._layout.home, part.name), *([noted] if noted else [])}
            if found:
                self._say(f"ending {_article(part)}{part.name}")
                names.append(part.name)
                every += found
        processes.end(every, grace=GRACE)
        for name in set(names) & recorded.keys():
            if not ports.becomes_free(recorded[name].port):
                raise TwinError(f"Port {recorded[name].port} is still open after {name} was ended.", "Look who listens there.")
        return tuple(names)

    def _end_handlers(self) -> int:
        """End handler processes, and those that came while others were ended; return how many there were."""
        ended = 0
        for _ in range(_ROUNDS):
            found = processes.handlers(self._layout.home)
            if not found:
                return ended
            processes.end(found, grace=0)
            ended += len(found)
        raise TwinError("Handler processes keep coming back.", f"Find who starts them: their LAMBDA_TASK_ROOT lies in {self._layout.home}.")


def _article(part: Part) -> str:
    return "the " if part.name == DOUBLES else ""


def _told(part: Part) -> str:
    return f"{_article(part)}{part.name} {'are' if part.name == DOUBLES else 'is'} ready"
