"""The sealer: once an hour, per tenant, signs where the journal's branches have come to.

What is left to do stands in the seals themselves and in the list of unsealed runs, so whoever comes next goes on where somebody stopped: a
seal is written once, and only then are its runs taken from the list. An hour that nobody sealed is caught up with by the next seal.
"""

import logging
import traceback
from collections.abc import Callable, Sequence

from septet.core.frozen import frozen
from septet.core.journal import Branch, Clock
from septet.core.runs import Run
from septet.core.seals import Heads, Leaf, Listed, Seal, Seals, Signer, Statement, Unsealed, folder, hour, root
from septet.integration.budgets import history
from septet.integration.erasing import record

LEAVES = 500
"""Runs that one seal looks at; an hour with more has several."""
PARTS = 1000
"""Seals that one hour may have."""
QUIET = 3_600_000
"""Milliseconds after a run's end for which something may still be written into its journal: no function lives a quarter as long."""
_log = logging.getLogger(__name__)


@frozen
class Sealed:
    """What a call of the sealer did."""

    seals: int = 0
    leaves: int = 0
    failed: int = 0
    """Tenants that could not be sealed now; the next call tries again."""
    left: bool = False
    """Whether it stopped before it had seen every tenant."""


@frozen
class Sealer:
    """What a sealer works with."""

    heads: Heads
    unsealed: Unsealed
    seals: Seals
    signer: Signer
    clock: Clock

    def seal(self, more: Callable[[], bool]) -> Sealed:
        """Seal every tenant that has not been in this hour, as long as there is time for *more*."""
        made: list[Seal] = []
        tenant, failed = "", 0
        while (following := self._tenant_after(tenant)) is not None:
            if not more():
                break
            tenant = following
            try:
                made += self._tenant(tenant, more)
            except Exception as error:  # noqa: BLE001 -- whatever is wrong with one tenant's, the others are sealed
                where = traceback.extract_tb(error.__traceback__)[-1]
                _log.warning("%s is not sealed: %s in %s, line %s", tenant, type(error).__name__, where.name, where.lineno)
                failed += 1
        return Sealed(seals=len(made), leaves=sum(len(one.leaves) for one in made), failed=failed, left=following is not None)

    def _tenant_after(self, tenant: str) -> str | None:
        found = (self.unsealed.tenant_after(tenant), self.seals.tenant_after(tenant))
        return min((one for one in found if one is not None), key=folder, default=None)

    def _tenant(self, tenant: str, more: Callable[[], bool]) -> list[Seal]:
        """The seals made for *tenant*: none, when somebody else has or nothing has changed."""
        made: list[Seal] = []
        now = self.clock()
        last = self.seals.last(tenant, now=now)
        while (place := _place(last, hour(now))) is not None and more():
            part, after = place
            listed = self.unsealed.runs(tenant, after=after, limit=LEAVES + 1)
            here, rest = listed[:LEAVES], listed[LEAVES:]
            leaves = self._leaves(tenant, [one.run for one in here])
            if rest or (leaves and not (last and last.leaves == leaves)):
                seal = self._made(tenant, f"{hour(now)}-{part:03d}", last, leaves, through=here[-1].run.run if rest else "")
                if not self.seals.put(seal):
                    break  # another sealer is at it
                made.append(seal)
                last = seal
            self._done(here, last.statement.name if last else "", now)
            if not rest:
                break
        return made

    def _leaves(self, tenant: str, runs: Sequence[Run]) -> tuple[Leaf, ...]:
        """Where the runs' branches, and the tenant's own, have come to."""
        branches = [history(tenant), record(tenant)]
        branches += [Branch(tenant=tenant, run=run.run, path=path) for run in runs for path in run.branches]
        heads = [(branch, self.heads.last(branch)) for branch in branches]
        return tuple(Leaf(run=branch.run, path=branch.path, number=head[0], hash=head[1]) for branch, head in heads if head)

    def _made(self, tenant: str, name: str, last: Seal | None, leaves: tuple[Leaf, ...], *, through: str) -> Seal:
        statement = Statement(
            tenant=tenant,
            name=name,
            at=self.clock(),
            number=last.statement.number + 1 if last else 0,
            previous=last.statement.hash if last else "",
            root=root(leaves),
            leaves=len(leaves),
            through=through,
            key=self.signer.key,
        )
        return Seal(statement=statement, signature=self.signer.sign(statement.encoded()), leaves=leaves)

    def _done(self, listed: Sequence[Listed], name: str, now: int) -> None:
        """Take from the list what ended long enough before its head was read."""
        for one in listed:
            if one.run.status != "running" and one.run.ended_at is not None and now - one.run.ended_at >= QUIET:
                self.unsealed.sealed(one, name)


def _place(last: Seal | None, now: str) -> tuple[int, str] | None:
    """Which of the hour's seals is next, and the run after which it goes on; None when the hour has all, or the clock went back."""
    if last is None or last.statement.name < now:
        return 0, ""
    before, _, part = last.statement.name.rpartition("-")
    if before != now or not last.statement.through or int(part) + 1 >= PARTS:
        return None
    return int(part) + 1, last.statement.through
