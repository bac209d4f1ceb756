"""What policies are asked about a call, and what they say: labels and facts of the platform's, never a word of the model's."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from septet.core.frozen import frozen

Outcome = Literal["allow", "ask", "deny"]


@frozen
class Question:
    """May this agent make this call? ``context`` is the record that ``policies/schema.cedarschema`` declares."""

    agent: str
    tool: str
    effect: str
    """One of ``manifests.EFFECTS``, or ``manifests.UNDECLARED``."""
    tenant: str = ""
    context: Mapping[str, Any]


@frozen
class Verdict:
    """What the policies say."""

    outcome: Outcome
    reasons: tuple[str, ...] = ()
    """Sentences of the policies that decided."""
    policies: tuple[str, ...] = ()
    """Their ids."""
    binding: bool = False
    """Whether it holds in shadow mode as well."""


class Policies(Protocol):
    """A set of policies. Whatever goes wrong inside denies."""

    def decide(self, question: Question) -> Verdict:
        """What the policies say. Never raises."""
        ...

    def own(self, question: Question) -> Verdict:
        """What the tenant's own policies say by themselves: denied where one of them matches, allowed otherwise. Never raises."""
        ...
