"""Where an entry stands that is projected."""

from septet.core.entries import Entry, Restarted
from septet.core.frozen import frozen
from septet.core.journal import MAIN, Branch
from septet.core.runs import Run
from septet.core.traces import Context, from_header, of_run


@frozen
class Place:
    """A branch of a run, with the run's record as it is known by now."""

    run: Run
    path: str = MAIN
    told: int = 0
    """The first attempt of the run whose end may not have been told yet: what came before it need not be remembered."""

    @property
    def branch(self) -> Branch:
        """Where the entry lies."""
        return Branch(tenant=self.run.tenant, run=self.run.run, path=self.path)

    def copied(self, entry: Entry) -> bool:
        """Whether a fork took *entry* over: what it tells of happened in the fork's origin, and counts there."""
        return entry.number < dict(self.run.copied).get(self.path, 0)

    def attempt(self, entry: Entry, before: int) -> int:
        """The run's attempt in which *entry* was written; *before* is the one of the entry before it.

        That another has begun is said in the branch, or else, where nothing in it was taken up again, by the record.
        """
        number = max(before, entry.body.attempt) if isinstance(entry.body, Restarted) else before
        if self.run.restarted_at is not None and entry.at >= self.run.restarted_at:
            number = max(number, self.run.attempt)
        return number

    @property
    def context(self) -> Context:
        """The trace that the run belongs to, and its caller's span in it, if there is one."""
        return from_header(self.run.trace) or of_run(self.run.tenant, self.run.run, self.run.created_at)
