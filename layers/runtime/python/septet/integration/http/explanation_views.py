"""Explanations as the API shows them."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

from septet.integration.explaining import Explained
from septet.integration.http import explanation_models as models
from septet.integration.http.pages import fitting
from septet.integration.http.views import failure, line, maybe, moment
from septet.observability.explaining.steps import Step
from septet.observability.lineage import Lineage, Origin, Told, Traced
from septet.observability.lineage.sources import Source
from septet.observability.places import Place as Home

TEXT = 2_000
"""Characters of a text that are shown."""
ITEMS = 50
"""Members of a list or an object that are shown."""
LEVELS = 8
"""Of values within each other that are shown."""


def explanation(found: Explained, *, after: int, limit: int) -> models.Explanation:
    """A page of a run's explanation, with the lineage if there is one."""
    run, summary, start = found.report.run, found.report.summary, after + 1
    wanted = found.steps[start : start + limit]
    steps = fitting(step(one, start + number) for number, one in enumerate(wanted))
    end = start + len(steps)
    return models.Explanation(
        run=line(run, found.report.status, flagged=found.report.flagged),
        attempt=run.attempt,
        origin=run.origin or None,
        session=run.session or None,
        failure=failure(found.report),
        trace=Home(run=run).context.trace,
        model_calls=summary.model_calls,
        model_calls_failed=summary.failed_calls,
        cost_microdollars=sum(one.cost for one in found.steps),
        steps_in_all=len(found.steps),
        steps=steps,
        next=end - 1 if steps and end < len(found.steps) else None,
        lineage=lineage(found.lineage) if found.lineage else None,
    )


def step(one: Step, place: int) -> models.ExplainedStep:
    """One step at its place."""
    return models.ExplainedStep(
        place=place,
        branch=one.path,
        entries=list(one.entries),
        kind=one.kind,
        what=one.what,
        agent=one.agent,
        turn=one.turn,
        start=moment(one.start),
        end=maybe(one.end),
        fate=one.fate,
        reasons=[models.Reason(by=why.by, text=brief(why.text), certain=why.certain) for why in one.why],
        by=one.by,
        given=brief(one.given),
        given_labels=dict(islice(one.given_labels.items(), ITEMS)),
        result=brief(one.result),
        result_labels=dict(islice(one.result_labels.items(), ITEMS)),
        error=one.error,
        message=brief(one.message),
        effect=bool(one.effect),
        cost_microdollars=one.cost,
        reserved_microdollars=one.reserved,
        input_tokens=one.input_tokens,
        output_tokens=one.output_tokens,
        copied=one.copied,
    )


def lineage(found: Lineage) -> models.RunLineage:
    """Where values come from."""
    answer = told(found.answer) if found.answer else None
    return models.RunLineage(answer=answer, effects=[told(one) for one in found.effects], complete=found.complete)


def told(one: Told) -> models.TracedValues:
    """Values that belong together."""
    kind: Any = one.kind
    values = [_value(value) for value in one.values]
    return models.TracedValues(branch=one.path, entry=one.number, kind=kind, who=one.who, values=values, more=one.more)


def _value(one: Traced) -> models.TracedValue:
    origins = [_origin(origin) for origin in one.origins]
    value = brief(one.value)
    return models.TracedValue(field=one.field, value=value, label=one.label, origins=origins, more=one.more, common=one.common)


def _origin(one: Origin) -> models.Origin:
    return models.Origin(text=brief(one.text), alike=one.how, places=[_place(it) for it in one.sources], others=one.others)


def _place(one: Source) -> models.Place:
    asked = dict(islice(one.asked.items(), ITEMS))
    return models.Place(branch=one.path, entry=one.number, kind=one.kind, name=one.name, field=one.place, label=one.label, asked_with=asked)


def brief(value: Any, level: int = 0) -> Any:
    """*value* with what is long in it cut, which says how long it was."""
    if isinstance(value, str):
        return value if len(value) <= TEXT else f"{value[:TEXT]}… (shortened: {len(value)} characters)"
    if isinstance(value, Mapping):
        shown = {name: brief(item, level + 1) for name, item in islice(value.items(), ITEMS)} if level < LEVELS else {}
        return shown | ({"…": f"shortened: {len(value)} fields"} if len(shown) < len(value) else {})
    if isinstance(value, (list, tuple)):
        kept = [brief(item, level + 1) for item in islice(value, ITEMS)] if level < LEVELS else []
        return [*kept, f"… (shortened: {len(value)} items)"] if len(kept) < len(value) else kept
    return value
