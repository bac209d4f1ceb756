"""Which rule decides: one function for all methods. Pure and total: it says what stands, or raises NoAnswer when there is nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from septet.core.errors import InputRejected, NoAnswer
from septet.core.frozen import frozen
from septet.orchestration.resolving.candidates import Candidate, Verdict
from septet.orchestration.resolving.gathering import Keys, together
from septet.orchestration.resolving.judging import judged
from septet.orchestration.resolving.racing import earliest
from septet.orchestration.resolving.voting import vote, weigh

METHODS = ("vote", "weighted", "judge", "first", "all")


@frozen
class Evidence:
    """What a rule knows besides the candidates."""

    shown: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What a judge was shown: by name, the branches whose answer it is."""
    choice: Any = None
    """The judge's."""
    claimed: str = ""
    """The branch that was the first to have a good answer."""


def check(method: Any) -> None:
    """Raise InputRejected when there is no such *method*."""
    if method not in METHODS:
        raise InputRejected(f"method must be one of {', '.join(METHODS)}, not {method!r}")


def decide(method: str, candidates: Sequence[Candidate], *, keys: Keys, evidence: Evidence) -> Verdict:
    """What stands of *candidates*, whose order makes no difference. Raises NoAnswer when there are none."""
    if not candidates:
        raise NoAnswer("none of the branches has an answer that can be used: the journal of each says why")
    match method:
        case "vote":
            return vote(candidates)
        case "weighted":
            return weigh(candidates)
        case "judge":
            return judged(candidates, evidence.shown, evidence.choice)
        case "first":
            return earliest(candidates, evidence.claimed)
        case _:
            return together(candidates, keys)
