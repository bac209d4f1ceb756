"""Checking journals against their seals, with nothing but what was stored and a public key."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from septet.core.entries import Entry
from septet.core.frozen import frozen
from septet.core.journal import verify
from septet.core.seals import Proof, Seal, Statement, root

LATE = 2 * 3_600_000
"""Milliseconds after which an entry is in a seal, unless sealing is late or a seal was taken away."""
Signed = Callable[[bytes, bytes], bool]
"""Whether the second is a signature over the first by a key that is trusted."""


@frozen
class Finding:
    """Something that is not as it was."""

    where: str
    """A run and its branch, or the seals."""
    what: str
    since: str = ""
    """Between which seals it came about, as far as they tell."""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f" ({self.since})" if self.since else "")


@frozen
class Point:
    """What a seal says of a branch."""

    seal: str
    number: int
    hash: str


@dataclass(kw_only=True)
class Chain:
    """A tenant's seals, added in their order: what is wrong with them, and what they say of each branch."""

    tenant: str
    signed: Signed
    findings: list[Finding] = field(default_factory=list)
    points: dict[tuple[str, str], list[Point]] = field(default_factory=dict)
    """By run and branch, in the order of the seals; only what a sound seal says."""
    seals: int = 0
    last: Statement | None = None

    def add(self, name: str, seal: Seal | None) -> None:
        """Check the seal that is kept under *name*; None for what is no seal at all."""
        self.seals += 1
        if seal is None:
            self._wrong(name, "what is kept there is no seal")
            return
        statement = seal.statement
        problems = [*self._misplaced(name, statement), *problems_of(statement, seal.signature, self.signed)]
        if root(seal.leaves) != statement.root or len(seal.leaves) != statement.leaves:
            problems.append("its branches are not those that were signed")
        for problem in problems:
            self._wrong(name, problem)
        self.last = statement
        if not problems or problems == [_MISSING]:
            for leaf in seal.leaves:
                self.points.setdefault((leaf.run, leaf.path), []).append(Point(seal=name, number=leaf.number, hash=leaf.hash))

    def _misplaced(self, name: str, statement: Statement) -> list[str]:
        """What is wrong with where the seal stands."""
        if (statement.tenant, statement.name) != (self.tenant, name):
            return [f"it was made as {statement.name} of {statement.tenant}"]
        expected = (self.last.number + 1, self.last.hash) if self.last else (0, "")
        if statement.number == expected[0] and statement.previous != expected[1]:
            return ["it does not follow the seal before it: that one is another than was there when it was made"]
        if statement.number != expected[0]:
            return [_MISSING]
        return []

    def _wrong(self, name: str, problem: str) -> None:
        self.findings.append(Finding(where=f"seal {name}", what=problem))


_MISSING = "a seal before it is missing"


def problems_of(statement: Statement, signature: bytes, signed: Signed) -> list[str]:
    """What is wrong with a signature."""
    return [] if signed(statement.encoded(), signature) else ["its signature is not by a key that is trusted: it was forged, or changed"]


@frozen
class Checked:
    """What a check of one branch found."""

    run: str
    path: str
    entries: int
    head: str
    """Hash of the last entry; empty without any."""
    cost: int
    """Micro-dollars of all entries."""
    erased: int
    """Bodies that are gone because an erasure was ordered."""
    sealed: str
    """The newest seal that has the branch as it is; empty when none has."""
    unsealed: int
    """Entries that are newer than every seal."""
    findings: tuple[Finding, ...]


def check(run: str, path: str, entries: Iterable[Entry], points: Sequence[Point], *, erasure: bool, now: int) -> Checked:
    """Check a branch, read from its start, against what the seals say of it; *erasure* says whether its content was to be erased."""
    where = f"{run}/{path}"
    found = _Read()
    problems = verify(found.all(entries), erasure=erasure)
    findings = [Finding(where=where, what=problem, since=_since(points, found)) for problem in problems]
    findings += _contradicted(where, points, found)
    newest = max((point.number for point in points), default=-1)
    late = [number for number, at in found.times.items() if number > newest and at < now - LATE]
    if late:
        what = f"{_range(late[0], late[-1])} in no seal, though older than two hours: sealing is late, or a seal was taken away"
        findings.append(Finding(where=where, what=what))
    agreeing = [point.seal for point in points if found.hashes.get(point.number) == point.hash]
    return Checked(
        run=run,
        path=path,
        entries=len(found.hashes),
        head=found.last,
        cost=found.cost,
        erased=found.erased if erasure else 0,
        sealed=agreeing[-1] if agreeing else "",
        unsealed=sum(number > newest for number in found.hashes),
        findings=tuple(findings),
    )


def check_proof(proof: Proof, tenant: str, signed: Signed) -> list[str]:
    """What is wrong with the proof that a branch is in a seal."""
    problems = problems_of(proof.statement, proof.signature, signed)
    if proof.statement.tenant != tenant:
        problems.append(f"it is of {proof.statement.tenant}")
    if not proof.holds:
        problems.append("the branch is not among those that were signed")
    return problems


class _Read:
    """What is remembered of a branch while its entries pass by."""

    def __init__(self) -> None:
        self.hashes: dict[int, str] = {}
        self.times: dict[int, int] = {}
        self.last, self.cost, self.erased = "", 0, 0

    def all(self, entries: Iterable[Entry]) -> Iterable[Entry]:
        for entry in entries:
            self.hashes[entry.number] = self.last = entry.hash
            self.times[entry.number] = entry.at
            self.cost += entry.cost
            self.erased += entry.body.type == "erased"
            yield entry


def _contradicted(where: str, points: Sequence[Point], found: _Read) -> list[Finding]:
    """Where the journal is not what seals say."""
    wrong = [point for point in points if found.hashes.get(point.number) != point.hash]
    if not wrong:
        return []
    since = _since(points, found)
    least, most = wrong[0], max(wrong, key=lambda point: point.number)
    end = max(found.hashes, default=-1)
    findings = []
    if not found.hashes:
        return [Finding(where=where, what=f"all its entries are gone; seal {most.seal} has {most.number + 1}", since=since)]
    if most.number > end:
        gone = f"{_range(end + 1, most.number)} gone from its end: seal {most.seal} has {most.number + 1}"
        findings.append(Finding(where=where, what=gone, since=since))
    if least.number in found.hashes:
        findings.append(Finding(where=where, what=f"entry {least.number} is not the one that seal {least.seal} has", since=since))
    return findings


def _since(points: Sequence[Point], found: _Read) -> str:
    """After which seal, and before which, the branch became what it is."""
    wrong = [place for place, point in enumerate(points) if found.hashes.get(point.number) != point.hash]
    if not wrong:
        return "seals do not tell when" if points else ""
    after = points[wrong[-1]].seal
    before = next((point.seal for point in points[wrong[-1] + 1 :]), "")
    return f"done after seal {after}" + (f" and before seal {before}" if before else "")


def _range(first: int, last: int) -> str:
    return f"entry {first} is" if first == last else f"entries {first} to {last} are"
