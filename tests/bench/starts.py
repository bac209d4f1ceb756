"""What a cold start and a first turn cost beside a floor with the same clients."""

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from septet.bootstrap.settings import Configuration
from tests.bench.counting import UNIT, counted
from tests.bench.sheet import Sheet
from tests.bench.world import BUDGETS, BUNDLE, served

HEAVY = ("pydantic", "cedarpy", "opentelemetry", "fastjsonschema")
"""What an agent's cold path must not load."""
KINDS = ("empty", "floor", "septet")


@contextmanager
def surroundings() -> Iterator[tuple[str, dict[str, str]]]:
    """A folder with an agent's bundle, and an environment in which a turn of it meets the double of AWS."""
    with served() as url, tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bundle.json").write_text(json.dumps(BUNDLE))
        environment = {"AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "us-east-1", "POWERTOOLS_SERVICE_NAME": "agent-adder"}
        environment |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        environment |= {f"SEPTET_{name.upper()}": "any" for name in Configuration.__annotations__} | {"SEPTET_BUDGETS": BUDGETS}
        yield folder, environment


def measure(say: Callable[[str], None]) -> Sheet:
    """Count."""
    with surroundings() as (folder, environment):
        for kind in KINDS:
            counted("start", kind, folder, more=environment)  # so that every module has its bytecode
        spent = {}
        for kind in KINDS:
            say(kind)
            spent[kind] = counted("start", kind, folder, more=environment)
    sheet = Sheet(
        title="A cold start",
        about=(
            "The interpreter, the runtime client, three AWS clients, and a first turn that calls the model, one tool, and the model again: "
            "what is loaded late is counted too. Its AWS is a double that answers at once. The floor does the same by hand."
        ),
        head=("", f"million {UNIT}", "of the floor", "goal"),
    )
    for kind, (_, count) in spent.items():
        goal = "1.150" if kind == "septet" else ""
        sheet.rows.append((kind, f"{count / 1_000_000:,.1f}", f"{count / spent['floor'][1]:.3f}", goal))
    loaded = json.loads(spent["septet"][0])["modules"]
    found = [name for name in loaded if name.startswith(HEAVY)]
    sheet.notes.append(f"{len(loaded)} modules are loaded; of {', '.join(HEAVY)}: {', '.join(found) or 'none'}.")
    return sheet
