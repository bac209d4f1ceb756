"""A run's explanation as it is answered."""

from typing import Annotated, Any, Literal

from pydantic import Field

from septet.integration.http.models import WHOLE, Moment, Strict
from septet.integration.http.run_models import Failure, RunLine

CERTAIN = "it stands in the journal, or follows from it by a rule of the platform's; otherwise it is inferred"


class ExplanationQuery(Strict):
    """Which steps."""

    after: Annotated[int, Field(ge=-1, le=1_000_000_000, description="only steps with a higher place"), WHOLE] = -1
    limit: Annotated[int, Field(ge=1, le=1000), WHOLE] = 500


class Reason(Strict):
    """One reason for a step."""

    by: Literal["caller", "model", "policy", "person", "platform", "workflow", "routing", "tool", "outside"]
    text: str
    certain: Annotated[bool, Field(description=CERTAIN)]


class ExplainedStep(Strict):
    """One thing that happened, and why. Long values are shortened, and say so; the journal has them whole."""

    place: Annotated[int, Field(description="among the run's steps, by the time at which they began, from 0")]
    branch: str
    entries: Annotated[list[int], Field(description="numbers of the entries of the branch that tell of it")]
    kind: str
    what: Annotated[str, Field(description="the model, the tool, the agent or the branch that it is about")]
    agent: Annotated[str, Field(description="who worked; empty for the platform")]
    turn: str
    start: Moment
    end: Annotated[Moment | None, Field(description="null while it is open")]
    fate: Literal["done", "failed", "denied", "open", "gone"]
    reasons: list[Reason]
    by: Annotated[str, Field(description="who decided, where a person or somebody outside did")]
    given: Annotated[Any, Field(description="what went in: the input, the arguments, the question")]
    given_labels: Annotated[
        dict[str, str],
        Field(description="where each of `given` comes from, as the gateway wrote it; of a call that it did not make it wrote none"),
    ]
    result: Annotated[Any, Field(description="what came out: the value, the answer, the calls that a model asked for")]
    result_labels: Annotated[dict[str, str], Field(description="where each of `result` comes from, as the gateway wrote it")]
    error: str
    message: str
    effect: Annotated[bool, Field(description="it changes something, once")]
    cost_microdollars: int
    reserved_microdollars: Annotated[int, Field(description="held for a model call: the most it can cost")]
    input_tokens: int
    output_tokens: int
    copied: Annotated[bool, Field(description="it happened in the run that this one was forked from")]


class Place(Strict):
    """A place where a value stands. Certain are the place and its label."""

    branch: str
    entry: int
    kind: Annotated[
        Literal["request", "tool", "person", "outside", "session", "agent"],
        Field(description="whose words: the caller's, a tool's, a person's who decided, somebody's who was asked, of before, an agent's"),
    ]
    name: Annotated[str, Field(description="the tool, the person, the session or the agent")]
    field: str
    label: Annotated[str, Field(description="what the platform wrote of the field")]
    asked_with: Annotated[dict[str, str], Field(description="of a tool's result: where each argument of the call came from")]


class Origin(Strict):
    """A value, or a part of it, that stands in something the agent had been shown. That it was taken from there is inferred."""

    text: str
    alike: Literal["equal", "within", "hundredth", "passage"]
    places: list[Place]
    others: Annotated[int, Field(description="places besides those")]


class TracedValue(Strict):
    """One value and where it comes from."""

    field: str
    value: Any
    label: Annotated[str, Field(description="what the platform wrote of it")]
    origins: Annotated[list[Origin], Field(description="none for what stands nowhere: the model's own words, or worked out by it")]
    more: Annotated[int, Field(description="parts of it that are left out")]
    common: Annotated[bool, Field(description="too common to tell anything by it: a truth value, a small number")]


class TracedValues(Strict):
    """Values that belong together."""

    branch: str
    entry: int
    kind: Literal["answer", "effect"]
    who: Annotated[str, Field(description="the agent that answered, or the tool; empty for the workflow's own text")]
    values: list[TracedValue]
    more: Annotated[int, Field(description="values that are left out")]


class RunLineage(Strict):
    """Where the values of the answer, and of what was done, come from."""

    answer: Annotated[TracedValues | None, Field(description="what the last agent answered: the run's answer once the run has succeeded")]
    effects: list[TracedValues]
    complete: Annotated[bool, Field(description="whether all that was shown was searched")]


class Explanation(Strict):
    """A run explained."""

    run: RunLine
    attempt: int
    origin: str | None
    session: str | None
    failure: Annotated[Failure | None, Field(description="why it failed, or who stopped it and why; null for a run of which neither is so")]
    trace: Annotated[str, Field(description="the id of the trace that it belongs to: 32 hexadecimal digits, as collectors have it")]
    model_calls: Annotated[int, Field(description="replies of models, those from the platform's cache left out, as in the run's report")]
    model_calls_failed: Annotated[int, Field(description="calls that brought no reply; they are steps of their own")]
    cost_microdollars: int
    steps_in_all: int
    steps: list[ExplainedStep]
    next: Annotated[int | None, Field(description="`after` of the next page; null when there is no more now")]
    lineage: Annotated[RunLineage | None, Field(description="on the first page; null on those after it")]
