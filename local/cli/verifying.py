"""Checking journals: the entries as the platform stores them, against their own hashes and against the ledger."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from local.cli.api import Api, Document
from local.cli.follow import ENDED
from septet.core.journal import from_json, verify
from septet.core.money import dollars


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """One branch."""

    branch: str
    entries: int
    head: str
    """Hash of the last entry; empty without any."""
    cost: int
    """Micro-dollars of all entries."""
    findings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """A run, or the history of limits."""

    of: str
    branches: tuple[Checked, ...]
    charged: int | None
    """Micro-dollars that the ledger charged; None while that is not final, or where there is no account."""

    @property
    def findings(self) -> tuple[str, ...]:
        """All that is wrong, a sentence each."""
        return (*(f"{one.branch}: {finding}" for one in self.branches for finding in one.findings), *self._money())

    def _money(self) -> Iterator[str]:
        cost = sum(one.cost for one in self.branches)
        if self.charged is not None and self.charged != cost:
            yield f"the entries cost {dollars(cost)}, and the ledger charged {dollars(self.charged)}"

    def document(self) -> dict[str, Any]:
        """The same for programs."""
        branches = [
            {"branch": one.branch, "entries": one.entries, "head": one.head, "cost_microdollars": one.cost, "findings": list(one.findings)}
            for one in self.branches
        ]
        found = {"of": self.of, "verified": not self.findings, "branches": branches}
        return found | {"charged_microdollars": self.charged, "findings": list(self.findings)}


def checked_run(api: Api, run: str) -> Verdict:
    """Every branch of a run, read to its end."""
    report = api.run(run)
    branches = tuple(_checked(branch, api.sealed(run, branch)) for branch in report["branches"])
    return Verdict(of=run, branches=branches, charged=_charged(report))


def checked_budget(api: Api) -> Verdict:
    """The history of the tenant's limits."""
    return Verdict(of="budget", branches=(_checked("main", api.budget_history(sealed=True)),), charged=None)


def _charged(report: Document) -> int | None:
    """What the run was charged, once it has ended and its account is closed."""
    budget = report.get("budget")
    if budget is None or report["status"] not in ENDED or budget["reserved_microdollars"] or budget["available_microdollars"]:
        return None
    return int(budget["spent_microdollars"])


def _checked(branch: str, sealed: Iterable[Document]) -> Checked:
    entries = []
    unreadable: list[str] = []
    for place, one in enumerate(sealed):
        try:
            entries.append(from_json(one))
        except (ValueError, KeyError, TypeError) as error:
            unreadable.append(f"what is stored in place {place} is no entry: {error}")
    return Checked(
        branch=branch,
        entries=len(entries) + len(unreadable),
        head=entries[-1].hash if entries else "",
        cost=sum(entry.cost for entry in entries),
        findings=(*unreadable, *verify(entries)),
    )
