"""What log and metrics add to a warm invocation, beside Powertools' own."""

from collections.abc import Callable
from importlib.metadata import version

from tests.bench.counting import UNIT, counted
from tests.bench.sheet import Sheet

BETWEEN = (20, 120)
"""Invocations."""
MOST = 550
"""Thousand instructions."""
ENVIRONMENT = {
    "POWERTOOLS_SERVICE_NAME": "agent-adder",
    "SEPTET_ENVIRONMENT": "dev",
    "_X_AMZN_TRACE_ID": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1",
}
OURS = {"septet": "an agent's line", "gateway": "the gateway's line", "api": "the API's line"}
ROWS = {**OURS, "logger": "powertools Logger", "powertools": "powertools Logger + Metrics"}


def each(kind: str) -> float:
    """What one more warm invocation takes."""
    counted("warm", kind, "1", more=ENVIRONMENT)  # so that every module has its bytecode
    few, many = (counted("warm", kind, str(count), more=ENVIRONMENT)[1] for count in BETWEEN)
    return (many - few) / (BETWEEN[1] - BETWEEN[0])


def measure(say: Callable[[str], None]) -> Sheet:
    """Count."""
    sheet = Sheet(
        title="A warm invocation",
        about=(
            "What an invocation takes above a handler that does nothing, with the line that an agent, the gateway or the API writes: "
            "redacted, with run, branch, tenant and trace. They write no metrics: those are projected from the journal elsewhere. "
            f"The rows beside are aws-lambda-powertools {version('aws-lambda-powertools')} as its manual has it, in the same run: "
            "an agent's line, which redacts nothing, and one metric."
        ),
        head=("", f"k {UNIT} above nothing", "goal"),
    )
    say("nothing")
    nothing = each("nothing")
    for kind, title in ROWS.items():
        say(title)
        thousands = (each(kind) - nothing) / 1000
        goal = f"at most {MOST}, {'met' if thousands <= MOST else 'missed'}" if kind in OURS else ""
        sheet.rows.append((title, f"{thousands:,.0f}", goal))
    return sheet
