"""Checking a tenant's journals, or an exported run, against their seals."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from itertools import groupby
from pathlib import Path
from typing import Any

from local.cli.api import Api, Document
from local.cli.audit_keys import Trusted
from local.cli.exporting import FORMAT
from local.cli.outcomes import BadUsage, Refused
from septet.core.auditing import Chain, Checked, Finding, Point, check, check_proof
from septet.core.entries import Damaged, Entry, ErasureOrdered
from septet.core.journal import MAIN, from_json
from septet.core.seals import proven, seal

BUDGET, ERASURES = "budget", "erasures"
"""What stands for a run in the names of the tenant's own branches: of limits, and of erasures."""

_FIX = "give a run's id, as septet runs shows it, or a file that septet export made"


@dataclass(frozen=True, kw_only=True, slots=True)
class Audit:
    """What was checked, and what was found."""

    of: str
    seals: int
    last: str
    """Name of the newest seal; empty without any."""
    last_hash: str
    branches: tuple[Checked, ...]
    findings: tuple[Finding, ...]
    trusted: Trusted
    exported: bool = False
    """Whether it is a file, whose first line no seal covers."""

    def document(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "of": self.of,
            "verified": not self.findings,
            "seals": self.seals,
            "last_seal": self.last,
            "last_seal_hash": self.last_hash,
            "keys": list(self.trusted.fingerprints),
            "keys_given": self.trusted.given,
            "branches": [_branch(one) for one in self.branches],
            "findings": [{"where": one.where, "what": one.what, "since": one.since} for one in self.findings],
        }


def _branch(one: Checked) -> dict[str, Any]:
    return {
        "run": one.run,
        "branch": one.path,
        "entries": one.entries,
        "head": one.head,
        "sealed": one.sealed,
        "unsealed": one.unsealed,
        "erased": one.erased,
        "findings": [str(finding) for finding in one.findings],
    }


def audit(api: Api, trusted: Trusted, *, now: int, run: str = "", kept: str = "") -> Audit:
    """Check all seals of the tenant, its own branches, and one *run* or every one.

    *kept* is the hash of a seal that was noted earlier: it has to be among the seals still.
    """
    chain, hashes = _chain(api, trusted)
    findings = list(chain.findings)
    if kept and kept not in hashes:
        findings.append(Finding(where="seals", what=f"the seal whose hash you kept, {kept}, is not among them: seals were taken away"))
    orders = list(_readable(api.erasures(sealed=True)))
    erased = {name for entry in orders if isinstance(entry.body, ErasureOrdered) for name in entry.body.runs}
    known = set()
    checked = [_own(ERASURES, orders, chain, now), _own(BUDGET, _readable(api.budget_history(sealed=True)), chain, now)]
    for name in [run] if run else _runs(api):
        known.add(name)
        checked += _checked(api, name, chain, erasure=name in erased, now=now)
    if not run:
        gone = {name for name, _ in chain.points} - known - {BUDGET, ERASURES}
        checked += [check(name, path, [], chain.points[name, path], erasure=False, now=now) for name, path in chain.points if name in gone]
    findings += [finding for one in checked for finding in one.findings]
    last = chain.last
    return Audit(
        of=run or chain.tenant or "the tenant",
        seals=chain.seals,
        last=last.name if last else "",
        last_hash=last.hash if last else "",
        branches=tuple(checked),
        findings=tuple(findings),
        trusted=trusted,
    )


def audit_file(path: Path, trusted: Callable[[str], Trusted], now: int) -> Audit:
    """Check an exported run, with nothing but the file; *trusted* tells whom to trust, by the key in the file. Raises BadUsage."""
    lines = _lines(path)
    head = next(lines, {})
    if head.get("format") != FORMAT or not isinstance(head.get("run"), dict):
        raise BadUsage(f"{path} is no exported run", fix=_FIX)
    keys = trusted(str(head.get("key", {}).get("pem", "")))
    run = str(head["run"].get("id"))
    file = _File(run=run, trusted=keys, erased=head["run"].get("erased_at") is not None)
    checked = []
    for (kind, branch), group in groupby(lines, key=lambda line: (next(iter(line), ""), str(line.get("branch", "")))):
        if kind == "branch":
            entries = _readable(file.entry(line) for line in group)
            checked.append(check(run, branch, entries, file.points.get(branch, []), erasure=file.erased, now=now))
        else:
            for line in group:
                file.take(line)
    missing = set(file.points) - {one.path for one in checked}
    checked += [check(run, branch, [], file.points[branch], erasure=False, now=now) for branch in sorted(missing)]
    findings = [*file.findings, *file.ended(), *(finding for one in checked for finding in one.findings)]
    return Audit(
        of=run,
        seals=file.seals,
        last=file.last,
        last_hash=file.last_hash,
        branches=tuple(checked),
        findings=tuple(findings),
        trusted=keys,
        exported=True,
    )


class _File:
    """What the lines of an exported run say."""

    def __init__(self, *, run: str, trusted: Trusted, erased: bool) -> None:
        self.run, self.trusted, self.erased = run, trusted, erased
        self.points: dict[str, list[Point]] = {}
        self.findings: list[Finding] = []
        self.seals, self.last, self.last_hash, self.tenant = 0, "", "", ""
        self._entries = 0
        self._end: Document | None = None

    def entry(self, line: Document) -> Document:
        """The entry in *line*, counted."""
        self._entries += 1
        entry: Document = line.get("entry", {})
        return entry

    def take(self, line: Document) -> None:
        """Remember what a line says that is no entry."""
        if "end" in line:
            self._end = line["end"]
            return
        try:
            found = proven(line["proof"])
        except (ValueError, KeyError) as error:
            self.findings.append(Finding(where="file", what=f"a line is neither an entry nor a proof: {error}"))
            return
        self.seals += 1
        self.tenant = self.tenant or found.statement.tenant
        problems = check_proof(found, self.tenant, self.trusted.signed)
        if found.leaf.run != self.run:
            problems.append(f"it is about {found.leaf.run}")
        if problems:
            self.findings += [Finding(where=f"seal {found.statement.name}", what=problem) for problem in problems]
            return
        point = Point(seal=found.statement.name, number=found.leaf.number, hash=found.leaf.hash)
        self.points.setdefault(found.leaf.path, []).append(point)
        self.last, self.last_hash = found.statement.name, found.statement.hash

    def ended(self) -> Iterator[Finding]:
        """What is wrong with how the file ends."""
        if self._end is None or self._end.get("entries") != self._entries or self._end.get("proofs") != self.seals:
            yield Finding(where="file", what="it is not complete: lines are missing or were put in")


def _lines(path: Path) -> Iterator[Document]:
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                value = json.loads(line)
                if not isinstance(value, dict):
                    raise BadUsage(f"{path} is no exported run", fix=_FIX)
                yield value
    except FileNotFoundError as error:
        raise BadUsage(f"{path} is neither a run's id nor a file", fix=_FIX) from error
    except OSError as error:
        raise BadUsage(f"{path} cannot be read: {error.strerror}", fix=_FIX) from error
    except ValueError as error:
        raise BadUsage(f"{path} is no exported run: it is not JSON", fix=_FIX) from error


def _chain(api: Api, trusted: Trusted) -> tuple[Chain, set[str]]:
    chain, hashes = Chain(tenant="", signed=trusted.signed), set()
    for kept in api.seals():
        try:
            found = seal(kept)
        except ValueError:
            found = None
        if found:
            chain.tenant = chain.tenant or found.statement.tenant
            hashes.add(found.statement.hash)
        chain.add(str(kept.get("name")), found)
    return chain, hashes


def _runs(api: Api) -> Iterator[str]:
    return (str(one["id"]) for one in api.every_run())


def _own(name: str, entries: Iterable[Entry], chain: Chain, now: int) -> Checked:
    return check(name, MAIN, entries, chain.points.get((name, MAIN), []), erasure=False, now=now)


def _checked(api: Api, run: str, chain: Chain, *, erasure: bool, now: int) -> Iterator[Checked]:
    paths = dict.fromkeys([MAIN, *(path for name, path in chain.points if name == run)])
    for path in paths:
        points = chain.points.get((run, path), [])
        try:
            yield check(run, path, _readable(api.stored(run, path)), points, erasure=erasure, now=now)
        except Refused as refused:
            if refused.status != HTTPStatus.NOT_FOUND or not points:
                raise
            yield check(run, path, [], points, erasure=erasure, now=now)


def _readable(stored: Iterable[Document]) -> Iterator[Entry]:
    """The entries; something damaged in the place of what is none."""
    for place, one in enumerate(stored):
        try:
            yield from_json(one)
        except (ValueError, KeyError, TypeError):
            yield Entry(number=place, at=0, body=Damaged(), salt="", digest="", previous="", hash="")
