"""Marks in accounts: a run that is stopped, an agent that is halted, a look that is put off; and transactions over accounts."""

from typing import Any

from botocore.exceptions import ClientError

from septet.aws import accounts
from septet.aws.account_writes import Write
from septet.aws.accounts import halts, key
from septet.aws.branch_ledger import STORE, DynamoBranchLedger, unknown
from septet.aws.items import Item, attribute
from septet.aws.trouble import CONDITION, reaching, refused
from septet.core.journal import Branch
from septet.core.ledger import Account, of_branch, of_run


class AccountMarks(DynamoBranchLedger):
    """What is written into accounts without any money moving."""

    @reaching(STORE)
    def stop(self, tenant: str, run: str, why: str, *, attempt: int | None = None) -> None:
        """Write a stop into the run's account and its branches'. Under a stopped run no branch opens, so none is missed."""
        if found := self._stop(tenant, of_run(run), why, attempt):
            for name in accounts.branches(found, run):
                self._stop(tenant, name, why, attempt)

    @reaching(STORE)
    def stop_branch(self, branch: Branch, why: str) -> None:
        """Write a stop into one branch's account."""
        self._stop(branch.tenant, of_branch(branch.run, branch.path), why)

    @reaching(STORE)
    def halt(self, tenant: str, run: str, agent: str, why: str, *, attempt: int | None = None) -> None:
        """Halt one agent in the run's account and its branches'. A branch that opens later has it from the run's."""
        if found := self._halt(tenant, of_run(run), agent, why, attempt):
            for name in accounts.branches(found, run):
                self._halt(tenant, name, agent, why, attempt)

    @reaching(STORE)
    def look_again(self, tenant: str, run: str, *, at: int) -> None:
        """Put off when somebody has to look."""
        write = Write(key=key(tenant, of_run(run)))
        write.set("until", at)
        write.only("attribute_not_exists(closed)")
        self._updated(write)

    @reaching(STORE)
    def put_off(self, account: Account, *, at: int) -> None:
        """Put off when somebody has to look at an account that has not changed."""
        write = Write(key=key(account.tenant, account.name))
        write.same("until", account.until)
        write.set("until", at)
        self._updated(write)

    def _stop(self, tenant: str, name: str, why: str, attempt: int | None = None) -> Item | None:
        """Mark an account as stopped unless it is, and return its item; None when it is open for a later one than *attempt*."""
        write = Write(key=key(tenant, name))
        write.sets.append(f"{write.name('stopped')} = if_not_exists({write.name('stopped')}, {write.value(why)})")
        return self._marked(write, tenant, name, attempt)

    def _marked(self, write: Write, tenant: str, name: str, attempt: int | None) -> Item | None:
        """The item after *write*, which is of *attempt* and those before; None when the account is open for a later one."""
        if attempt is not None:
            write.until_attempt(attempt)
        found = self._updated(write)
        if found is None and (attempt is None or self._table.get(tenant, name) is None):
            raise unknown(name)
        return found

    def _halt(self, tenant: str, name: str, agent: str, why: str, attempt: int | None = None) -> Item | None:
        """Note *agent* in an account unless it is noted, and return the item; None when it is open for a later one than *attempt*.

        What is noted there first is a map of its own.
        """
        first = Write(key=key(tenant, name), conditions=["attribute_exists(account)", "attribute_not_exists(halted)"])
        first.sets.append("halted = :halted")
        first.values[":halted"] = {"M": {agent: attribute(why)}}
        if attempt is not None:
            first.until_attempt(attempt)
        if made := self._updated(first):
            return made
        further = Write(key=key(tenant, name))
        at = further.halting(agent)
        further.sets.append(f"{at} = if_not_exists({at}, {further.value(why)})")
        further.only("attribute_exists(halted)")
        return self._marked(further, tenant, name, attempt)

    def _done(self, writes: list[dict[str, Any]]) -> bool:
        """Whether all of *writes* were; none was when a condition did not hold."""
        return not self._failed(writes)

    def _failed(self, writes: list[dict[str, Any]]) -> frozenset[int]:
        """The places in *writes* of the conditions that did not hold; nothing was written then. Empty when all was."""
        try:
            self._table.transact(writes)
        except ClientError as error:
            if refused(error):
                return conditions(error)
            raise
        return frozenset()

    def _updated(self, write: Write) -> Item | None:
        """The item as it is after *write*; None when a condition did not hold."""
        try:
            return self._table.update(write.arguments(self._table.name))
        except ClientError as error:
            if refused(error):
                return None
            raise


def conditions(error: ClientError) -> frozenset[int]:
    """The places of the writes of a cancelled transaction whose condition did not hold."""
    reasons: Any = error.response.get("CancellationReasons", ())
    return frozenset(place for place, reason in enumerate(reasons) if reason.get("Code") == CONDITION)


def listing(table: str, branch: Branch, run: Account) -> dict[str, Any]:
    """The write that lists *branch* in its run's account, unless that is stopped or has ended, or another agent was halted since."""
    write = Write(key=key(branch.tenant, of_run(branch.run)))
    write.values[":path"] = {"SS": [branch.path]}
    write.only("attribute_not_exists(stopped) AND attribute_not_exists(ended)")
    if run.halted:
        write.values[":halted"] = halts(run)["halted"]
        write.only("halted = :halted")
    else:
        write.only("attribute_not_exists(halted)")
    return {"Update": {**write.arguments(table), "UpdateExpression": "ADD branches :path"}}
