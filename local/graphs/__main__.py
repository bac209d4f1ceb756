"""Write docs/workflows.md and its drawings: ``python -m local.graphs``."""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.graphs.dot import dot
from local.graphs.page import page
from stacks.catalog import Catalog, CatalogError, read

ROOT = Path(__file__).parents[2]
FOLDER, PAGE = "docs/workflows", "docs/workflows.md"
SECONDS = 60


def files(catalog: Catalog) -> dict[str, str]:
    """What the page and each drawing is, by path. Raises OSError or CalledProcessError when Node cannot draw."""
    machines = {name: json.loads(workflow.definition) for name, workflow in catalog.workflows.items()}
    told = {name: (machines[name], workflow.description, workflow.worst) for name, workflow in catalog.workflows.items()}
    drawn = draw({name: dot(machine) for name, machine in machines.items()})
    return {PAGE: page(told)} | {f"{FOLDER}/{name}.svg": svg for name, svg in drawn.items()}


def draw(graphs: Mapping[str, str]) -> dict[str, str]:
    """The drawings of *graphs*, by name, as SVG."""
    command = [str(ROOT / ".venv" / "bin" / "node"), str(Path(__file__).with_name("draw.mjs"))]
    done = subprocess.run(command, input=json.dumps(graphs), capture_output=True, text=True, check=True, timeout=SECONDS, cwd=ROOT)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files; drawings of workflows that are gone are removed."""
    argparse.ArgumentParser(prog="python -m local.graphs", description=f"Write {PAGE} and its drawings.").parse_args(arguments)
    try:
        wanted = files(read(ROOT))
    except CatalogError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (OSError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"the drawings could not be made: {error}\nrun `make setup` first\n")
        return 1
    (ROOT / FOLDER).mkdir(exist_ok=True)
    for path in (ROOT / FOLDER).glob("*.svg"):
        if f"{FOLDER}/{path.name}" not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (ROOT / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
