"""What functions load: OpenTelemetry is in no agent, no tool and not in the gateway."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from septet.bootstrap.settings import Configuration

ROOT = Path(__file__).parents[3]
HANDLERS = {
    "agents": sorted((ROOT / "functions/agents").glob("*/handler.py")),
    "tools": sorted((ROOT / "functions/tools").glob("*/handler.py")),
    "gateway": [ROOT / "functions/steps/gateway/handler.py"],
}
LOAD = """
import json, runpy, sys
for path in sys.argv[1:]:
    runpy.run_path(path)
print(json.dumps([name for name in sys.modules if name.startswith(("opentelemetry", "aws_lambda_powertools.logging"))]))
"""


@pytest.mark.parametrize("kind", HANDLERS)
def test_no_function_in_the_way_of_a_run_loads_opentelemetry(kind: str) -> None:
    paths = [str(path) for path in HANDLERS[kind]]
    assert paths
    environment = {f"SEPTET_{name.upper()}": "any" for name in Configuration.__annotations__} | {"AWS_DEFAULT_REGION": "us-east-1"}
    environment |= {"PYTHONPATH": str(ROOT / "layers/runtime/python"), "PATH": os.environ["PATH"], "POWERTOOLS_SERVICE_NAME": "x"}
    command = [sys.executable, "-c", LOAD, *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert [name for name in loaded if name.startswith("opentelemetry")] == []
    if kind == "tools":
        assert loaded == [], "a tool has no logger before it fails: its cold start has no room"
