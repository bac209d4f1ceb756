"""The demo from its first line to its last."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from local.cli import run_views
from local.cli.access import Identity
from local.cli.api import Api
from local.cli.outcomes import CommandFailed
from local.cli.style import LABEL
from local.cli.surroundings import Twin
from local.cli.twin_access import TwinDoor
from local.demo import views
from local.demo.cases import APPROVER, CASES, TENANT, Case
from local.demo.payments import Tables
from local.demo.phases import Phases
from local.demo.play import Stage, play
from local.demo.verdict import Played, money, wrong

if TYPE_CHECKING:
    from local.twin.status import Status

SCRIPTED_PATIENCE = 60.0
"""Seconds that a run is waited for when a scenario answers."""
REAL_PATIENCE = 900.0
"""The same when a real model does."""


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Everything the demo needs."""

    twin: Twin
    seed: Callable[[str, str], int]
    tables: Callable[[str, str], Tables]
    client: Callable[[str, str], Api]
    """A client for a URL and a token."""
    console: Console
    phases: Phases
    sleep: Callable[[float], None] = time.sleep

    def run(self) -> None:
        """Play everything. Raises CommandFailed when a run did not end as it should, or TwinError."""
        with self.phases.phase("up", "The twin starts: the whole platform on this machine"):
            if self.twin.up().found:
                self.phases.say("It runs already.")
        with self.phases.phase("deploy", "The CDK app is deployed to it, as it would be to AWS"):
            self.phases.say(self.twin.deploy().said)
        with self.phases.phase("orders", "Orders are written into its table"):
            self.phases.say(f"{self.seed(self.twin.endpoint, TENANT)} orders of the tenant {TENANT}")
        status = self.twin.status()
        scripted = status.model is None or status.model.backend == "scenario"
        with self.phases.phase("runs", "Three customers write"):
            played = self._play(CASES, scripted=scripted)
        self._close(played, status, scripted=scripted)

    def _play(self, cases: Sequence[Case], *, scripted: bool) -> list[Played]:
        if not scripted:
            self.phases.say("A real model answers: what it says and does may differ from what is announced, and that is no failure.")
        door = TwinDoor(self.twin)

        def client(principal: str, role: str) -> Api:
            identity = Identity(tenant=TENANT, principal=principal, roles=(role,))
            return self.client(door.url() or "", door.mint(identity, seconds=3600))

        with client(APPROVER, "approver") as desk:
            stage = Stage(
                customer=lambda principal: client(principal, "submitter"),
                desk=desk,
                tables=self.tables(self.twin.endpoint, TENANT),
                console=self.console,
                patience=SCRIPTED_PATIENCE if scripted else REAL_PATIENCE,
                sleep=self.sleep,
            )
            return [self._one(case, stage, scripted=scripted) for case in cases]

    def _one(self, case: Case, stage: Stage, *, scripted: bool) -> Played:
        self.console.print(Text(f"\n({case.name}) {case.title}", style="bold"))
        played = play(case, stage)
        self.console.print(run_views.ending(played.run, played.failed))
        if played.failed.cost:
            self.console.print(Text(views.charged(played.failed), style=LABEL))
        problems = wrong(played, scripted=scripted)
        for problem in problems:
            self.console.print(Text(f"✗ {problem}", style="red"))
        if not problems:
            self.console.print(Text(f"✓ {money(played)}", style="green"))
        return played

    def _close(self, played: Sequence[Played], status: "Status", *, scripted: bool) -> None:
        failed = [one.case.name for one in played if wrong(one, scripted=scripted)]
        self.console.print()
        self.console.print(views.runs(played), crop=False)
        self.console.print()
        self.console.print(views.doubles(status))
        self.console.print()
        self.console.print(views.next_steps(), crop=False)
        self.console.print(Text(f"\n{self.phases.summary()}"))
        if failed:
            raise CommandFailed(
                f"{' and '.join(failed)} did not end as it should",
                fix="the lines marked ✗ say why; the twin stays up to look at, the logs are in .twin/logs, make down ends it",
            )


def began(environment: Mapping[str, str]) -> float | None:
    """When `make` started, in Unix seconds, from SEPTET_DEMO_BEGAN; None when it does not say."""
    text = environment.get("SEPTET_DEMO_BEGAN", "")
    return float(text) if text.isdecimal() else None
