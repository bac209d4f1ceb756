"""Effects happen once: the record that decides whether a call that changes the world may be made."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from septet.core.accounting import spendable
from septet.core.canonical import digest
from septet.core.errors import InputRejected
from septet.core.frozen import frozen
from septet.core.journal import Branch
from septet.core.ledger import Account
from septet.security.manifests import Manifest


@frozen
class Effect:
    """One effect of one run."""

    tenant: str
    run: str
    key: str
    tool: str
    status: Literal["intended", "done", "undone"]
    """``undone``: done, and then undone by what its tool declares for that."""
    deadline: int
    """Milliseconds since the epoch until which whoever intended it may still be at it."""
    by: str
    """Who intended it: unlike any other attempt at this or another effect."""
    by_run: str = ""
    """The run that made it, which may be a fork of *run*: that one, and no other, undoes it."""
    value: Any = None
    """The tool's result once it is done."""

    @property
    def maker(self) -> str:
        """The run that made it; of a record that does not say so, the one that it is recorded under."""
        return self.by_run or self.run


def effect_key(manifest: Manifest, run: str, arguments: Mapping[str, Any]) -> str:
    """The key of a call, made of platform facts and identity arguments only (docs/decisions/0007).

    So another agent that words the call differently meets the same record, and a model that repeats itself does as well.
    """
    return digest(run.encode(), manifest.name.encode(), manifest.identified(arguments))[:40]


def undo_key(key: str) -> str:
    """The key of the one call that undoes the effect with *key*."""
    return digest(b"undo", key.encode())[:40]


def again_key(key: str) -> str:
    """The key under which a call is made whose effect with *key* was undone: to its tool it is another call."""
    return digest(b"again", key.encode())[:40]


def check_account(branch: Branch, account: Account | None, agent: str = "") -> None:
    """Raise RunStopped when *account*, which is the one of *branch*, is stopped or its run has ended, AgentStopped when *agent* is halted.

    InputRejected when there is none.
    """
    if account is None:
        raise InputRejected(f"run {branch.run} has no account: start it through the API")
    spendable(account, agent)


class Effects(Protocol):
    """Storage of effects. Agents cannot write it; it alone decides."""

    def intend(self, branch: Branch, effect: Effect, *, over: Effect | None = None, agent: str = "") -> Effect | None:
        """Store the intent if there is none, or in place of *over* while that very intent stands, and if *agent* may still act: one write.

        None when stored, also when it was stored before and the answer was lost; else the record that stands in the way.
        Raises as ``check_account`` does, unless *branch* wants what is intended by this very intent, done, or undone.
        """
        ...

    def done(self, effect: Effect, value: Any) -> None:
        """Write the result, also when the intent was released meanwhile: it has happened. Writing it twice leaves the first."""
        ...

    def undone(self, effect: Effect) -> None:
        """Note that *effect*, which is done, was undone. Nothing changes that any more."""
        ...

    def release(self, effect: Effect) -> None:
        """Forget this very intent, whose call provably had no effect; another's, or a done effect, stays."""
        ...

    def get(self, tenant: str, run: str, key: str) -> Effect | None:
        """The record, read consistently."""
        ...
