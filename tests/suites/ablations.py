"""A monitor with a part taken out: what it then lets through, and then stops, says what the part was for."""

from collections.abc import Mapping
from copy import replace

from septet.core.frozen import frozen
from septet.security.manifests import Manifest
from septet.security.questions import Policies, Question, Verdict

CRITICAL = ("target", "selector")


@frozen
class ConstantLabels:
    """Policies that are told the same label of whatever a call holds."""

    policies: Policies
    label: int

    def decide(self, question: Question) -> Verdict:
        """What the policies say to that."""
        labels = dict.fromkeys(question.context["labels"], self.label)
        return self.policies.decide(replace(question, context={**question.context, "labels": labels}))


class PermitAll:
    """Policies that permit everything."""

    def decide(self, question: Question) -> Verdict:
        """Allow."""
        del question
        return Verdict(outcome="allow", reasons=("everything is permitted",), policies=("permit-all",))


def unlabelled(tools: Mapping[str, Manifest]) -> Mapping[str, Manifest]:
    """The tools, of each that acts the first target or selector without a label."""
    found = {name: next(iter(_critical(tool)), "") for name, tool in tools.items()}
    return {name: unlabelled_argument(tool, found[name]) if found[name] else tool for name, tool in tools.items()}


def unlabelled_argument(tool: Manifest, path: str) -> Manifest:
    """The tool with the argument at *path* declared to be a switch, so that no policy asks where its value comes from."""
    return replace(tool, arguments={**tool.arguments, path: replace(tool.arguments[path], role="flag")})


def _critical(tool: Manifest) -> list[str]:
    return [path for path, declared in tool.arguments.items() if declared.role in CRITICAL and not tool.reads]
