"""The label of an amount: named, shown by a record, passed between payer and payee before, or calculated from such numbers."""

from collections.abc import Iterable
from decimal import Decimal

from septet.core.values import digest, form, number, space, spelt
from septet.security.given import Labelled
from septet.security.labels import Label
from septet.security.records import Reading
from septet.security.request import typed
from septet.security.session import Session


def amount(session: Session, it: Labelled, targets: list[Labelled]) -> Label:
    """The label of an amount in a call with these *targets* that the request names."""
    if it.label == Label.CONSTANT:
        return it.label
    spelling = number(it.value)
    if spelling is None:
        return Label.UNKNOWN
    if digest("number", spelling) in session.mentioned and typed(spelling) not in session.mentioned:
        return Label.PROMPT
    key = digest(f"number:{it.declared.kind}", spelling)
    parties = {digest(space(target.declared.kind), form(target.value, space(target.declared.kind)) or "") for target in targets}
    held = [_held(session, reading, key, parties) for reading in session.records.holders(key)]
    best = min([*held, Label(session.seen.get(key, Label.UNKNOWN))])
    if best > Label.DERIVED and (_passed(session, it, Decimal(spelling), parties) or _derived(session, it, Decimal(spelling))):
        best = Label.DERIVED
    return best


def backed(it: Labelled, picked: Iterable[Reading]) -> bool:
    """Whether one of the *picked* records has the amount in a field of its own."""
    spelling = number(it.value)
    key = digest(f"number:{it.declared.kind}", spelling or "")
    return spelling is not None and any(reading.held.get(key, Label.UNKNOWN) <= Label.RECORD for reading in picked)


def _held(session: Session, reading: Reading, key: str, parties: set[str]) -> Label:
    """The label of an amount by one record that has it."""
    label = Label(reading.held[key])
    if label <= Label.COUNTERPARTY and _between(reading, parties):
        return min(label, Label.ANCHORED)
    return Label.ANCHORED if label <= Label.RECORD and session.records.vouches(reading) else label


def _between(reading: Reading, parties: set[str]) -> bool:
    """Whether a record shows one of the *parties*, in a field that no text from outside fills."""
    return any(reading.held.get(party, Label.UNKNOWN) <= Label.COUNTERPARTY for party in parties)


def _passed(session: Session, it: Labelled, value: Decimal, parties: set[str]) -> bool:
    """Whether the amount is at most the least that has passed between the payee whom the request names and the payer."""
    kind = it.declared.kind
    shown = [
        Decimal(reading.numbers[kind])
        for key in parties
        for reading in session.records.holders(key)
        if kind in reading.numbers and _between(reading, {key})
    ]
    return bool(kind) and 0 < value <= min(shown, default=Decimal(0))


def _derived(session: Session, it: Labelled, value: Decimal) -> bool:
    """Whether one operation on a number of the request, and another of it or of a record that it picks out, makes the amount."""
    for said in map(Decimal, session.numbers):
        others = [value - said, value + said, said - value, value * said]
        others += [value / said] if said else []
        others += [said / value] if value else []
        if any(other != said and _vouched(session, it, other) for other in others):  # twice the same number was said once
            return True
    return any(_vouched(session, it, value * 100 / Decimal(rate)) for rate in session.percents if Decimal(rate))


def _vouched(session: Session, it: Labelled, value: Decimal) -> bool:
    if value <= 0:
        return False
    spelling = spelt(value)
    if digest("number", spelling) in session.mentioned:
        return True
    key = digest(f"number:{it.declared.kind}", spelling)
    return any(reading.held[key] <= Label.RECORD and session.records.vouches(reading) for reading in session.records.holders(key))
