import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.doubles.bootstrap import running
from local.doubles.forward.client import Upstream
from local.doubles.scenario.library import Library
from local.twin.errors import TwinError
from local.twin.scenarios import bring


def scenario(name: str) -> str:
    return f"scenario: {name}\nwhen: {{contains: {name}}}\nagents: {{triage: [{{text: hello}}]}}\n"


@pytest.fixture
def library() -> Library:
    return Library()


@pytest.fixture
def url(tmp_path: Path, library: Library) -> Iterator[str]:
    with running(home=tmp_path, port=0, library=library, upstream=None) as doubles:
        yield doubles.url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "scenarios"
    found.mkdir()
    (found / "one.yaml").write_text(scenario("one"))
    return found


def loaded(library: Library) -> list[tuple[str, str]]:
    return [(one.source, one.scenario.scenario) for one in library.loaded]


def test_a_file_put_beside_another_is_played_and_a_changed_one_replaces_its_earlier_version(
    library: Library, url: str, folder: Path
) -> None:
    library.put(scenario("one"), source="one.yaml")
    (folder / "one.yaml").write_text(scenario("changed"))
    (folder / "two.yaml").write_text(scenario("two"))
    assert bring(folder, url) == 2
    assert sorted(loaded(library)) == [("one.yaml", "changed"), ("two.yaml", "two")]


def test_a_bad_file_is_told_with_its_line_and_leaves_what_was_played(library: Library, url: str, folder: Path) -> None:
    bring(folder, url)
    (folder / "one.yaml").write_text("scenario: one\nwhen: {contains: one}\nagens: {}\n")
    with pytest.raises(TwinError, match=re.compile(r"one\.yaml, line 3.*agens", re.DOTALL)):
        bring(folder, url)
    assert loaded(library) == [("one.yaml", "one")]


def test_nothing_is_brought_where_a_real_model_answers(tmp_path: Path, folder: Path) -> None:
    upstream = Upstream.from_environment({"SEPTET_MODEL_URL": "http://127.0.0.1:9/v1", "SEPTET_MODEL": "m"})
    with running(home=tmp_path, port=0, library=Library(), upstream=upstream) as doubles:
        assert bring(folder, doubles.url) is None


def test_doubles_that_do_not_answer_are_told(folder: Path) -> None:
    with pytest.raises(TwinError, match="cannot be brought"):
        bring(folder, "http://127.0.0.1:9")
