"""Write docs/metrics.md from the list of metrics: ``python -m local.metrics``."""

from collections.abc import Iterable
from pathlib import Path

from septet.observability.measures import METRICS, Metric

PAGE = Path(__file__).parents[1] / "docs" / "metrics.md"
_HEAD = """\
# Metrics

Made by `python -m local.metrics` from `septet/observability/measures.py`; a test fails when it is out of date. Do not edit it.

All are in CloudWatch's namespace `Septet/ENVIRONMENT` (on the twin `Septet/twin`), told as lines of the log in the embedded metric format:
no function makes a call for it. What is told apart by more than one dimension is one series for each combination, and there is no series
over all of them: sum them up with metric math. No dimension is a tenant, a person or a run: for those there are cost records
([costs](costs.md)), run records and traces.

Metrics of runs, models, tools and people are projected from the journal, with the journal's times, a few seconds after it; a projector that
is killed right between its checkpoint and its log loses those of one portion, and none is ever told twice. A replay tells none. Alarms use
them by `policies/slo.toml`.

The end of a run is told once for each of its attempts, with what that attempt took: a run that was restarted ends more than once, and
its costs add up. What replies of the platform's own cache saved is not told: the journal has what was paid, and no price of an equal reply
([decision 28](decisions/0028-what-the-cache-saved-is-not-told.md)).

What stands at a moment (open runs and approvals, what waits to be delivered, models that are taken out) is told each minute by the step
`observe`.
"""
_UNITS = {"Milliseconds": "ms", "Percent": "%", "Count": "count", "None": "dollars"}


def page(metrics: Iterable[Metric] = tuple(METRICS.values())) -> str:
    """The whole page about *metrics*. Raises KeyError for a dimension of which nobody says what values it has."""
    metrics = tuple(metrics)
    rows = [_row(metric) for metric in metrics]
    dimensions = [f"| `{name}` | {_DIMENSIONS[name]} |" for name in sorted({name for metric in metrics for name in metric.dimensions})]
    return "\n".join(
        [
            _HEAD,
            "| metric | unit | told apart by | what it is |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
            "| dimension | values |",
            "| --- | --- |",
            *dimensions,
            "",
        ]
    )


def _row(metric: Metric) -> str:
    named = ", ".join(f"`{name}`" for name in metric.dimensions) or "nothing"
    return f"| `{metric.name}` | {_UNITS[metric.unit]} | {named} | {metric.means} |"


_DIMENSIONS = {
    "decision": "`allowed`, `asked`, `denied`",
    "error": "a class of error ([architecture](architecture.md#errors-a-state-machine-can-catch)), `Unnamed`, or `other`",
    "kind": "`cost`, `steps`",
    "model": "the id of a model in `policies/models.toml`, or `other`",
    "purpose": "`model` (another one was called after a failure), `take_over`, `degrade` ([routing](routing.md))",
    "queue": "`decisions`, `answers`: what people have said and the waiting execution was not told yet",
    "to": "the agent that goes on",
    "tool": "a folder in `functions/tools`, or `other`",
    "workflow": "a file in `state_machines`",
}


if __name__ == "__main__":
    PAGE.write_text(page())
