import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.local.cli.fake_api import RUN, FakeApi, problem, report
from tests.unit.local.cli.output import unwrapped

FILE, RESULTS = "fil-" + "1" * 32, "fil-" + "2" * 32
CONTENT = b"message\nhello\n"
ENDED = {"rows": 2, "counts": {"succeeded": 1, "rejected": 1}, "files": {"results.csv": RESULTS, "results.jsonl": "fil-" + "3" * 32}}


@dataclass
class FilingApi(FakeApi):
    """The fake, with files and rows, and the storage that its requests name."""

    there: bool = False
    held: dict[str, bytes] = field(default_factory=lambda: {RESULTS: b"row,status\n"})

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != "storage.example":
            return super().__call__(request)
        assert "Authorization" not in request.headers, "a token is nobody else's business"
        name = request.url.path.strip("/")
        if request.method == "GET":
            return httpx.Response(200, content=self.held[name])
        assert request.headers["x-agreed"] == "yes"
        self.held[name] = request.content
        return httpx.Response(200)

    def _answer(self, request: httpx.Request) -> httpx.Response:  # noqa: PLR0911 -- one for each route
        match request.method, request.url.path.partition("/live/v1/")[2].split("/"):
            case "POST", ["files"]:
                return httpx.Response(201, json={"id": FILE, "transfer": None if self.there else _moved("PUT", FILE)})
            case "GET", ["files", name]:
                return httpx.Response(200, json={"id": name, "transfer": _moved("GET", name)})
            case "GET", ["runs", _, "rows"] if self._stage[0]["status"] != "running":
                return httpx.Response(200, json=ENDED)
            case "GET", ["runs", _, "rows"] if self.looks < 2:
                return problem(404, "has not read its file yet")
            case "GET", ["runs", _, "rows"]:
                return httpx.Response(200, json={"rows": 2, "counts": {"running": 1, "rejected": 1}, "files": {}})
            case "POST", ["runs", _, "restart"]:
                return httpx.Response(202, json={"id": RUN})
        return super()._answer(request)


def _moved(method: str, name: str) -> dict[str, Any]:
    return {"method": method, "url": f"https://storage.example/{name}", "headers": {"x-agreed": "yes"}, "expires_at": ""}


@pytest.fixture
def api() -> FilingApi:
    stages: list[Any] = [(report(workflow="batch"), [])] * 3 + [(report(workflow="batch", status="succeeded"), [])]
    return FilingApi(stages=stages)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "claims.csv"
    path.write_bytes(CONTENT)
    return path


def sent(api: FilingApi, path: str) -> list[Any]:
    return [json.loads(request.content) for request in api.asked if request.method == "POST" and request.url.path.endswith(path)]


def test_a_file_is_uploaded_its_batch_followed_and_the_results_downloaded(septet: Any, api: FilingApi, file: Path) -> None:
    result = septet("batch", str(file), "--workflow", "support", "--column", "message=text", "--row-key", "id", "--tolerated", "50")
    assert result.exit_code == 0, result.stderr
    (offered,) = sent(api, "/files")
    assert (offered["name"], offered["media_type"], offered["bytes"]) == ("claims.csv", "text/csv", len(CONTENT))
    assert api.held[FILE] == CONTENT
    (submitted,) = sent(api, "/runs")
    asked = {"file": FILE, "workflow": "support", "columns": [{"field": "message", "column": "text"}], "key": "id"}
    assert submitted["workflow"] == "batch"
    assert submitted["input"].items() >= (asked | {"concurrency": 10, "tolerated_percent": 50, "attended": False, "retry": "left"}).items()
    assert "its file is being read" in result.stderr
    assert "2 rows; 1 rejected, 1 running" in unwrapped(result.stderr)
    assert "2 rows: 1 rejected, 1 succeeded" in unwrapped(result.stdout)
    assert Path(f"{file}.results.csv").read_bytes() == b"row,status\n"


def test_what_is_there_is_not_uploaded_again(septet: Any, api: FilingApi, file: Path) -> None:
    api.there = True
    assert septet("batch", str(file), "--workflow", "support", "--no-watch", "--json").stdout == json.dumps({"run": RUN}) + "\n"
    assert FILE not in api.held


def test_a_batch_that_failed_says_so_keeps_its_results_and_is_started_again(septet: Any, api: FilingApi, tmp_path: Path) -> None:
    api.stages = [(report(workflow="batch", status="failed", failure={"message": "1 of 2 rows"}), [])]
    place = tmp_path / "out.csv"
    result = septet("batch", RUN, "--again", "--output", str(place))
    assert result.exit_code == 1
    assert sent(api, "/restart") == [{}]
    assert f"{RUN}: failed: 1 of 2 rows" in unwrapped(result.stdout)
    assert place.read_bytes() == b"row,status\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.csv", "--workflow", "support"], "cannot be read"),
        (["claims.xlsx", "--workflow", "support"], "is no file of rows"),
        (["missing.csv"], "nobody is named"),
        (["missing.csv", "--workflow", "support", "--column", "message"], "names no column"),
    ],
)
def test_wrong_usage_is_told_and_nothing_is_sent(septet: Any, api: FilingApi, arguments: list[str], said: str) -> None:
    result = septet("batch", *arguments)
    assert (result.exit_code, api.asked) == (2, [])
    assert said in unwrapped(result.stderr)
