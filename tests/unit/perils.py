"""Things that go wrong at a chosen moment: a fuse burns down with every call of a port, before and after it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from septet.core.entries import Answer, Entry, Failure, HandOver
from septet.core.errors import SeptetError
from septet.execution.driver import Outcome
from septet.execution.ports import Model
from septet.local.clock import ManualClock
from septet.local.platform import Platform
from tests.unit.shop import MANIFESTS, Shop, agent


class Killed(BaseException):
    """The whole process is gone; nothing may catch this."""


class Broke(Exception):  # noqa: N818 -- says what happened
    """One call failed in a way nobody expects."""


@dataclass
class Fuse:
    """Goes off once, at the burn numbered *at*."""

    at: int | None = None
    error: Callable[[], BaseException] = Killed
    burnt: int = 0

    def __post_init__(self) -> None:
        self._lock = Lock()

    def burn(self) -> None:
        with self._lock:
            here, self.burnt = self.burnt, self.burnt + 1
        if here == self.at:
            raise self.error()


class Perilous:
    """A port whose every call may end before it has done anything, or after it has done everything."""

    def __init__(self, port: Any, fuse: Fuse) -> None:
        self._port = port
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._port, name)

        def perilous(*arguments: Any, **named: Any) -> Any:
            self._fuse.burn()
            answer = call(*arguments, **named)
            self._fuse.burn()
            return answer

        return perilous


@dataclass(kw_only=True)
class Voyage:
    """One turn taken to its end through whatever goes wrong, as a state machine does: every invocation is a new process."""

    model: Any
    shop: Shop = field(default_factory=Shop)
    fuse: Fuse = field(default_factory=Fuse)
    next_fuse: Fuse = field(default_factory=Fuse)
    """Burns beside the first."""
    who: Any = field(default_factory=agent)
    decision: Any = "approved"
    invocations: int = 0

    def __post_init__(self) -> None:
        clock = ManualClock(tick=1)
        plain = Platform(agents={self.who.name: self.who}, model=self.model, tools=self.shop.tools, manifests=MANIFESTS, clock=clock)
        self.plain = plain

        def perilous(port: Any) -> Any:
            return Perilous(Perilous(port, self.next_fuse), self.fuse)

        self.platform = Platform(
            agents=plain.agents,
            model=perilous(self.model),
            tools=perilous(self.shop.tools),
            manifests=MANIFESTS,
            clock=clock,
            journal=perilous(plain.journal),
            runs=perilous(plain.runs),
            effects=perilous(plain.effects),
            approvals=perilous(plain.approvals),
            ledger=perilous(plain.ledger),
        )
        self.branch = plain.submit("run-1", {"message": "hello"})

    def sail(self, *, most: int = 60) -> "Voyage":
        """Invoke the agent until its turn has ended, deciding on whatever is asked. Fails when *most* invocations are not enough."""
        told = False
        while self.end is None or not told:
            self.invocations += 1
            assert self.invocations <= most, "the turn does not end"
            told = self._invoke()
        return self

    def _invoke(self) -> bool:
        """Whether the process lived to tell how it went."""
        self.platform.gateway = self.platform.fresh_gateway()
        try:
            outcome = self.platform.turn(self.branch, self.who.name)
        except (Killed, Broke):
            return False
        except SeptetError:
            return True
        if outcome.outcome == "approval":
            self._decide(outcome)
        return True

    def _decide(self, outcome: Outcome) -> None:
        approvals, at = self.plain.approvals, self.plain.clock()
        if self.decision == "expired":
            self.plain.clock.pause(outcome.seconds * 1000 + 1)
        else:
            approvals.decide("acme", outcome.approval, status=self.decision, by="boss", reason="as agreed", at=at)

    @property
    def entries(self) -> list[Entry]:
        return self.plain.entries(self.branch)

    @property
    def end(self) -> Answer | Failure | HandOver | None:
        bodies = [entry.body for entry in self.entries]
        return next((body for body in bodies if isinstance(body, Answer | Failure | HandOver)), None)


def sailed(model: Model, **more: Any) -> Voyage:
    """A finished voyage."""
    return Voyage(model=model, **more).sail()
