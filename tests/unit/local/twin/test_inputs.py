from pathlib import Path

import pytest

from local.twin import inputs, synth
from local.twin.errors import TwinError

CONTEXT = {"environment": "twin"}


def _quiet(_: str) -> None:
    pass


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path in (
        "app.py",
        "stacks/platform.py",
        "functions/agents/triage/prompt.md",
        "functions/tools/find/handler.py",
        "requirements/cdk.txt",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("1")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("app.py", "app.py"),
        ("stacks/platform.py", "stacks"),
        ("stacks/new.py", "stacks"),
        ("functions/agents/triage/prompt.md", "functions/agents/triage"),
        ("functions/tools/pay/tool.toml", "functions/tools/pay"),
        ("requirements/cdk.txt", "requirements"),
    ],
)
def test_a_change_is_named_by_its_function_or_folder(root: Path, path: str, named: str) -> None:
    before = inputs.fingerprints(root, CONTEXT)
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text("2")
    assert inputs.changes(before, inputs.fingerprints(root, CONTEXT)) == (named,)


def test_a_removed_file_a_renamed_one_and_another_context_are_changes(root: Path) -> None:
    before = inputs.fingerprints(root, CONTEXT)
    (root / "functions/tools/find/handler.py").rename(root / "functions/tools/find/other.py")
    (root / "stacks/platform.py").unlink()
    after = inputs.fingerprints(root, {"environment": "dev"})
    assert inputs.changes(before, after) == ("context", "functions/tools/find", "stacks")


def test_what_the_app_does_not_read_is_no_change(root: Path) -> None:
    before = inputs.fingerprints(root, CONTEXT)
    for path in ("README.md", "functions/tools/find/__pycache__/handler.pyc", "requirements/dev.txt", "tests/test_x.py"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("2")
    assert inputs.fingerprints(root, CONTEXT) == before


NOTES_ITS_CONTEXT = """
import os, pathlib
out = pathlib.Path(os.environ["CDK_OUTDIR"])
out.mkdir()
(out / "context.json").write_text(os.environ["CDK_CONTEXT_JSON"])
"""
REFUSES = """
class CatalogError(Exception):
    pass
raise CatalogError("2 problems in what is declared:\\nfunctions/tools/pay/: has no handler.py")
"""


def app(root: Path, source: str) -> None:
    (root / "app.py").write_text(source)
    (root / "cdk.json").write_text('{"context": {"region": "us-east-1", "environment": "dev"}}')


def test_the_app_sees_the_context_of_cdk_json_with_ours_on_top(root: Path) -> None:
    app(root, NOTES_ITS_CONTEXT)
    made = root / "cdk.out"
    made.mkdir()
    (made / "left over").write_text("")
    synth.synth(root, made, context=CONTEXT, inputs={"app.py": "1"}, ambient={}, say=_quiet)
    assert (made / "context.json").read_text() == '{"region": "us-east-1", "environment": "twin"}'
    assert not (made / "left over").exists()
    assert synth.is_current(made, {"app.py": "1"})
    assert not synth.is_current(made, {"app.py": "2"})


def test_an_app_that_refuses_is_quoted_without_its_traceback_and_leaves_nothing_to_deploy(root: Path) -> None:
    app(root, REFUSES)
    with pytest.raises(TwinError) as caught:
        synth.synth(root, root / "cdk.out", context=CONTEXT, inputs={}, ambient={}, say=_quiet)
    told = "CatalogError: 2 problems in what is declared:\nfunctions/tools/pay/: has no handler.py"
    assert caught.value.what == f"The CDK app refused:\n{told}"
    assert not synth.is_current(root / "cdk.out", {})


def test_the_app_and_what_it_starts_carry_the_mark_of_the_twin_in_a_group_of_their_own(root: Path) -> None:
    notes = "import os, pathlib\nout = pathlib.Path(os.environ['CDK_OUTDIR'])\nout.mkdir()\n"
    app(root, notes + "(out / 'noted').write_text(f\"{os.environ['SEPTET_TWIN_PART']} {os.getpgid(0) == os.getpid()}\")")
    synth.synth(root, root / "cdk.out", context=CONTEXT, inputs={}, ambient={}, say=_quiet)
    assert (root / "cdk.out" / "noted").read_text() == f"CDK app:{root} True"


def test_what_the_app_warns_of_is_told_and_its_other_words_are_not(root: Path) -> None:
    app(root, "import sys\n" + NOTES_ITS_CONTEXT + 'sys.stderr.write("noise\\nwarning: a model ends\\n")\n')
    assert synth.synth(root, root / "cdk.out", context=CONTEXT, inputs={}, ambient={}, say=_quiet) == ("warning: a model ends",)
