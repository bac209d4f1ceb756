"""The conditional writes that take one account from one state to another."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from septet.aws.accounts import AMOUNTS, FLAGS, key
from septet.aws.items import Item, attribute
from septet.core.ledger import Account


@dataclass(kw_only=True, slots=True)
class Write:
    """One conditional update of one account, put together piece by piece."""

    key: Item
    sets: list[str] = field(default_factory=list)
    removes: list[str] = field(default_factory=list)
    conditions: list[str] = field(default_factory=lambda: ["attribute_exists(account)"])
    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def name(self, name: str) -> str:
        """The placeholder of an attribute; most of them are words that DynamoDB keeps to itself."""
        self.names[f"#{name}"] = name
        return f"#{name}"

    def value(self, value: str | bool | int) -> str:  # noqa: FBT001 -- a value to convert, not a switch
        """The placeholder of a value."""
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = attribute(value)
        return placeholder

    def set(self, name: str, value: str | bool | int) -> None:  # noqa: FBT001 -- a value to convert, not a switch
        """Set an attribute."""
        self.sets.append(f"{self.name(name)} = {self.value(value)}")

    def add(self, name: str, delta: int) -> None:
        """Change an amount; one that shrinks must be large enough."""
        if delta:
            self.sets.append(f"{self.name(name)} = {self.name(name)} + {self.value(delta)}")
        if delta < 0:
            self.only(f"{self.name(name)} >= {self.value(-delta)}")

    def only(self, condition: str) -> None:
        """Write only if *condition* holds as well."""
        self.conditions.append(condition)

    def same(self, name: str, amount: int) -> None:
        """Write only if an amount is *amount*; one that is not there is 0."""
        known = self.name(name)
        self.only(f"({known} = {self.value(amount)}{'' if amount else f' OR attribute_not_exists({known})'})")

    def until_attempt(self, attempt: int) -> None:
        """Write only if the account was opened for *attempt* of its run, or for one before."""
        known = self.name("attempt")
        self.only(f"(attribute_not_exists({known}) OR {known} <= {self.value(attempt)})")

    def unmoved(self, seen: Account) -> None:
        """Write only if no money of the account has moved, and no limit was set, since it was *seen*."""
        for name in ("limit", "spent", "reserved"):
            self.same(name, getattr(seen, name))

    def holds(self, entry: int, amount: int | None) -> str:
        """Write only if *amount* is held for *entry* (None: nothing is); the placeholder of that reservation."""
        at = f"{self.name('reservations')}.{self.name(f'e{entry}')}"
        self.names[f"#e{entry}"] = str(entry)
        self.only(f"attribute_not_exists({at})" if amount is None else f"{at} = {self.value(amount)}")
        return at

    def halting(self, agent: str) -> str:
        """The placeholder of where it stands that *agent* is halted."""
        self.names["#agent"] = agent
        return f"{self.name('halted')}.#agent"

    def acting(self, agent: str) -> None:
        """Write only if *agent* (empty: nobody in particular) is not halted."""
        if agent:
            self.only(f"attribute_not_exists({self.halting(agent)})")

    def transacted(self, table: str) -> dict[str, Any]:
        """What a transaction takes: an update, or a check when nothing changes."""
        arguments = self.arguments(table)
        if self.sets or self.removes:
            return {"Update": arguments}
        return {"ConditionCheck": {name: value for name, value in arguments.items() if name != "UpdateExpression"}}

    def arguments(self, table: str) -> dict[str, Any]:
        """What an update takes."""
        update = ("SET " + ", ".join(self.sets) if self.sets else "") + (" REMOVE " + ", ".join(self.removes) if self.removes else "")
        return {
            "TableName": table,
            "Key": self.key,
            "UpdateExpression": update.strip(),
            "ConditionExpression": " AND ".join(self.conditions),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **({"ExpressionAttributeNames": self.names} if self.names else {}),
            **({"ExpressionAttributeValues": self.values} if self.values else {}),
        }


def change(seen: Account, new: Account) -> Write:
    """The write that makes *new* of *seen*, if what has changed between them still is as it was seen.

    Amounts change by their differences, so writers that hold money for different entries do not get in each other's way.
    """
    write = Write(key=key(seen.tenant, seen.name))
    for name in AMOUNTS:
        write.add(name, getattr(new, name) - getattr(seen, name))
    if new.over != seen.over:
        write.set("over", new.over)
    for flag in FLAGS:
        if getattr(new, flag) and not getattr(seen, flag):
            write.set(flag, value=True)
    _reservations(write, seen.reservations, new.reservations)
    if new.charged > seen.charged:
        write.set("charged", new.charged)
        write.only(f"{write.name('charged')} < {write.value(new.charged)}")
    _lease(write, seen, new)
    return write


def _reservations(write: Write, seen: Mapping[int, int], new: Mapping[int, int]) -> None:
    for entry in seen.keys() - new.keys():
        write.removes.append(write.holds(entry, seen[entry]))
    for entry in new.keys() - seen.keys():
        write.sets.append(f"{write.holds(entry, None)} = {write.value(new[entry])}")
    for entry in seen.keys() & new.keys():
        if seen[entry] != new[entry]:
            write.sets.append(f"{write.holds(entry, seen[entry])} = {write.value(new[entry])}")


def _lease(write: Write, seen: Account, new: Account) -> None:
    if not (new.until or seen.until):  # DynamoDB refuses a placeholder that is not used
        return
    if new.until:
        until = write.name("until")
        write.only(f"(attribute_not_exists({until}) OR {until} <= {write.value(new.until)})")
        write.set("until", new.until)
    else:  # nothing is held any more, as far as was seen: nobody may have come in between
        write.removes.append(write.name("until"))
        if seen.reservations:
            write.only(f"size({write.name('reservations')}) = {write.value(len(seen.reservations))}")
