"""What tenants do to the API in the tenancy suite: what they may, and what they should not, with ids and cursors that are not theirs."""

import base64
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from threading import Lock
from typing import Any

from septet.integration.http.operation import Operation
from septet.integration.http.operations import OPERATIONS

PREFIXES = {"run": "run-", "session": "ses-", "approval": "apr-", "inquiry": "inq-", "stop": "stp-", "replay": "rpl-", "file": "fil-"}
"""Of the ids that stand in paths."""
ID = re.compile(r"(?:run|ses)-[0-9a-z]{26}|(?:apr|inq|stp|fil)-[0-9a-f]{32}")
SUBJECTS = ("ann", "bob", "boss")
"""The same names at every tenant: a subject alone is nobody."""
ROLES = ("submitter", "approver", "operator", "auditor", "admin", "responder")
_LETTERS = "0123456789abcdef"


@dataclass(frozen=True, kw_only=True)
class Request:
    """One call of the API."""

    tenant: str
    subject: str
    roles: tuple[str, ...]
    operation: str
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    stolen: bool = False
    """Whether the path names something of another tenant's."""

    @property
    def text(self) -> str:
        """All that the sender said, which an answer may repeat."""
        return f"{self.path} {self.query} {self.headers} {self.body}"


@dataclass(kw_only=True)
class Book:
    """What is whose."""

    markers: Mapping[str, str]
    """By tenant: a text that stands in all that is this tenant's and nowhere else."""
    owners: dict[str, str] = field(default_factory=dict)
    """Tenants by the ids of what is theirs."""
    cursors: list[tuple[str, str]] = field(default_factory=list)
    """With their tenants."""
    lock: Lock = field(default_factory=Lock)

    def learn(self, tenant: str, ids: Sequence[str], cursor: Any) -> None:
        """Note what an answer to *tenant* told."""
        with self.lock:
            for one in ids:
                self.owners.setdefault(one, tenant)
            if isinstance(cursor, str):
                self.cursors.append((tenant, cursor))

    def ids(self, kind: str, tenant: str, *, foreign: bool) -> list[str]:
        """Known ids of a *kind* that are, or are not, *tenant*'s."""
        with self.lock:
            return [one for one, owner in self.owners.items() if one.startswith(kind) and (owner != tenant) == foreign]


@dataclass(frozen=True, kw_only=True)
class Mover:
    """Makes up requests."""

    book: Book
    keys: Sequence[str | None]
    """Idempotency keys, the same for every tenant; None for a submission without."""
    submitters: Sequence[str] = SUBJECTS
    operations: Sequence[Operation] = OPERATIONS
    """Those that are tried."""
    lasting: Collection[str] = ()
    """Operations after which something goes on behind the API: these are only tried on what is another's."""

    def request(self, tenant: str, dice: Random, which: Random) -> Request:
        """Something that somebody of *tenant* asks for. *which* draws operations alone: the same, whatever is known."""
        operation, path, stolen = self._operation(tenant, dice, which)
        subject = dice.choice(self.submitters if operation.id == "submitRun" else SUBJECTS)
        roles = ROLES if dice.random() < 0.7 else tuple(dice.sample(ROLES, dice.randint(0, 2)))
        query = {**self._query(operation, tenant, dice), **self._lies(tenant, dice, ("tenant", "tenant_id"), 0.02)}
        headers = self._lies(tenant, dice, ("X-Tenant", "X-Tenant-Id", "Tenant"), 0.2)
        body = None
        if operation.keyed and (key := dice.choice(self.keys)):
            headers["Idempotency-Key"] = key
        if operation.body is not None:
            make = BODIES[operation.id]
            body = {**make(self, tenant, headers.get("Idempotency-Key", "once"), dice), **self._lies(tenant, dice, ("tenant",), 0.05)}
        return Request(
            tenant=tenant,
            subject=subject,
            roles=roles,
            operation=operation.id,
            method=operation.method,
            path=path,
            query=query,
            headers=headers,
            body=body,
            stolen=stolen,
        )

    def _operation(self, tenant: str, dice: Random, which: Random) -> tuple[Operation, str, bool]:
        while True:
            operation = which.choice(self.operations)
            path, stolen = self._path(operation, tenant, dice)
            if stolen or operation.id not in self.lasting:
                return operation, path, stolen

    def _path(self, operation: Operation, tenant: str, dice: Random) -> tuple[str, bool]:
        """With an id of the tenant's, of another's, or one that is a guess; and whether it is another's."""
        kind = next((kind for kind in PREFIXES if f"{{{kind}}}" in operation.path), "")
        if not kind:
            return operation.path, False
        prefix = PREFIXES[kind]
        foreign = dice.random() < 0.5
        known = self.book.ids(prefix, tenant, foreign=foreign)
        chosen = dice.choice(known) if known else prefix + "0" * (26 if kind in ("run", "session") else 32)
        if dice.random() < 0.2:
            place = dice.randrange(len(prefix), len(chosen))
            chosen = chosen[:place] + dice.choice(_LETTERS) + chosen[place + 1 :]
        with self.book.lock:
            stolen = self.book.owners.get(chosen, tenant) != tenant
        return operation.path.format(**{kind: chosen}), stolen

    def _query(self, operation: Operation, tenant: str, dice: Random) -> dict[str, str]:
        asked = operation.query.model_fields
        said: dict[str, str] = {}
        if "cursor" in asked and dice.random() < 0.6:
            said["cursor"] = self._cursor(tenant, dice)
        if "branch" in asked and dice.random() < 0.3:
            said["branch"] = dice.choice(["main", self.other(tenant, dice), "budget", "main.."])
        if "sealed" in asked and dice.random() < 0.4:
            said["sealed"] = "true"
        if "after" in asked and dice.random() < 0.3:
            said["after"] = str(dice.randint(-1, 5))
        if "limit" in asked:
            said["limit"] = str(dice.choice([1, 3, 100]))
        return said

    def _cursor(self, tenant: str, dice: Random) -> str:
        """One of the tenant's own, another's, or one made up to point into another's runs."""
        stolen = self.book.ids("run-", tenant, foreign=True)
        if stolen and dice.random() < 0.3:
            plain = dice.choice([f"{9**15:015d}#{dice.choice(stolen)}", f"{self.other(tenant, dice)}#{dice.choice(stolen)}"])
            return plain if dice.random() < 0.5 else base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")
        with self.book.lock:
            known = [cursor for _, cursor in self.book.cursors]
        return dice.choice(known) if known else "x"

    def other(self, tenant: str, dice: Random) -> str:
        """Another tenant."""
        return dice.choice([one for one in self.book.markers if one != tenant])

    def _lies(self, tenant: str, dice: Random, names: Sequence[str], often: float) -> dict[str, str]:
        """Sometimes: that the sender is of another tenant."""
        return {dice.choice(names): self.other(tenant, dice)} if dice.random() < often else {}


def _submission(mover: Mover, tenant: str, key: str, _: Random) -> dict[str, Any]:
    # The same text for the same key, so that a repeated key is a repeated submission.
    return {"workflow": "support", "input": {"message": f"{mover.book.markers[tenant]} {key}"}}


def _decision(mover: Mover, tenant: str, _: str, dice: Random) -> dict[str, Any]:
    return {"decision": dice.choice(["approve", "reject"]), "reason": f"{mover.book.markers[tenant]} says so"}


def _limits(_: Mover, __: str, ___: str, dice: Random) -> dict[str, Any]:
    return {"usual": dice.choice(["0.5", "0.25", "1"])}


def _erasure(mover: Mover, tenant: str, _: str, dice: Random) -> dict[str, Any]:
    """Of another's run, or of all that another has; of a person's, whose name everybody has; only seldom of what is the tenant's own."""
    runs = mover.book.ids("run-", tenant, foreign=dice.random() < 0.9)
    whole = mover.other(tenant, dice) if dice.random() < 0.95 else tenant
    of, subject = dice.choice([("run", dice.choice(runs or ["run-0"])), ("tenant", whole), ("person", dice.choice(SUBJECTS))])
    return {"of": of, "subject": subject}


def _answer(_: Mover, __: str, ___: str, dice: Random) -> dict[str, Any]:
    return {"answer": {"days": dice.randint(0, 9)}}


def _reason(mover: Mover, tenant: str, _: str, __: Random) -> dict[str, Any]:
    return {"reason": f"{mover.book.markers[tenant]} says so"}


def _stop(mover: Mover, tenant: str, _: str, dice: Random) -> dict[str, Any]:
    """Of an agent, mostly: a tenant that is stopped can do little."""
    scope = dice.choices(["agent", "tenant", "platform"], [90, 2, 8])[0]
    return {"scope": scope, "reason": mover.book.markers[tenant], **({"name": "refunds"} if scope == "agent" else {})}


def _session(_: Mover, __: str, ___: str, ____: Random) -> dict[str, Any]:
    return {"workflow": "support"}


def _message(mover: Mover, tenant: str, key: str, dice: Random) -> dict[str, Any]:
    said = {"message": f"{mover.book.markers[tenant]} {key}"}
    return {"input": said, "if_busy": dice.choice(["enqueue", "reject", "interrupt", "rollback"])}


def _nothing(_: Mover, __: str, ___: str, ____: Random) -> dict[str, Any]:
    return {}


def _fork(mover: Mover, tenant: str, key: str, dice: Random) -> dict[str, Any]:
    changed = {"input": {"message": f"{mover.book.markers[tenant]} {key} again"}} if dice.random() < 0.5 else {}
    return {"at": dice.choice([0, 0, 1]), **changed}


def _replay(mover: Mover, tenant: str, _: str, dice: Random) -> dict[str, Any]:
    """Of another's run, or all of another's runs; or of what is the tenant's own."""
    runs = mover.book.ids("run-", tenant, foreign=dice.random() < 0.7)
    made = [{"tenant": mover.other(tenant, dice)}, {"since": "2026-11-23"}, *({"run": dice.choice(runs)} for _ in runs[:1])]
    return dice.choice(made)


def _offer(mover: Mover, tenant: str, key: str, _: Random) -> dict[str, Any]:
    return {"name": f"{mover.book.markers[tenant]} {key}.csv", "media_type": "text/csv", "bytes": 8, "sha256": "ab" * 32}


BODIES: Mapping[str, Callable[[Mover, str, str, Random], dict[str, Any]]] = {
    "submitRun": _submission,
    "erase": _erasure,
    "setBudget": _limits,
    "decide": _decision,
    "answerInquiry": _answer,
    "stopRun": _reason,
    "cancelRun": _reason,
    "stop": _stop,
    "beginSession": _session,
    "say": _message,
    "restartRun": _nothing,
    "forkRun": _fork,
    "offerFile": _offer,
    "orderReplay": _replay,
}
"""How the body of an operation is made up. A new operation with a body needs a line here."""
