"""The degraded path: when nobody can answer, the workflow's own declared text does. No model is called, and everybody is told."""

from collections.abc import Mapping, Sequence

from septet.core.entries import Answer, Body, Entry, Routed
from septet.core.errors import NoAnswer
from septet.orchestration.mainline import Mainline
from septet.orchestration.routes import Flow
from septet.orchestration.since import present, workflow

PURPOSE = "degrade"
_LABELS = {"text": "record"}
"""The text is the platform's own."""


def degrade(line: Mainline, flows: Mapping[str, Flow], *, agent: str, error: str) -> None:
    """Answer with the text that the run's workflow declares, because *agent* failed with *error*. Asked again, nothing more is written.

    Raises NoAnswer when the workflow declares none.
    """

    def why(entries: Sequence[Entry]) -> tuple[Body, Mapping[str, str]]:
        name = workflow(entries)
        if not text(entries):
            raise NoAnswer(f"workflow {name} declares no degraded answer")
        rationale = {"text": f"state_machines/{name}.degraded.md"}
        return Routed(purpose=PURPOSE, of=agent, to="", error=error, rationale=rationale), {}

    def text(entries: Sequence[Entry]) -> str:
        return flows.get(workflow(entries), Flow()).degraded

    line.once(_degraded, why)
    line.once(_answered, lambda entries: (Answer(value={"text": text(entries)}), _LABELS))


def _degraded(entries: Sequence[Entry]) -> Entry | None:
    return next((one for one in present(entries) if isinstance(one.body, Routed) and one.body.purpose == PURPOSE), None)


def _answered(entries: Sequence[Entry]) -> Entry | None:
    why = _degraded(entries)
    after = why.number if why else -1
    return next((one for one in entries if one.number > after and isinstance(one.body, Answer) and not one.agent), None)
