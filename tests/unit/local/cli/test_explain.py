"""A run explained in a terminal, wide, narrow and long, and as a page in which nothing of a model's can run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import stat
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.cli.step_groups import FEW, Group, grouped
from local.cli.time_axis import Axis
from local.cli.trace_page import STYLE, page
from tests.unit.local.cli.fake_api import RUN, FakeApi, explanation, moment, reason, step, traced
from tests.unit.local.cli.output import unwrapped
from tests.unit.strategies import quick

if TYPE_CHECKING:
    from pathlib import Path

ARGUMENTS = {"order_id": "A-1002", "amount_cents": 12900}
REFUND = (
    step(0, 0, "request", "support", given={"message": "my money"}, reasons=[reason("caller", "customer-17 asked for a run of support")]),
    step(1, 1, "model", "nova", "refunds", cost_microdollars=59, reasons=[reason("workflow", "refunds begins", certain=False)]),
    step(
        2,
        2,
        "tool",
        "issue_refund",
        "refunds",
        entries=[3, 2],
        given=ARGUMENTS,
        given_labels={"order_id": "prompt", "amount_cents": "unknown"},
        reasons=[reason("model", "refunds asked for it (entry 2)"), reason("policy", "the request names what it aims at")],
        effect=True,
    ),
    step(3, 3, "model", "nova", "refunds", fate="failed", error="ModelUnavailable", reasons=[reason("outside", "ModelUnavailable: busy")]),
    step(4, 4, "model", "haiku", "refunds", reasons=[reason("platform", "fallback: nova failed with ModelUnavailable")]),
    step(5, 5, "answer", "writer", "writer", entries=[9], result={"text": "Paid: r-77"}, end=moment(5)),
)  # fmt: skip


@pytest.fixture
def refund(api: FakeApi) -> FakeApi:
    """A platform that explains a refund."""
    api.explained = explanation(*REFUND, lineage={"answer": traced(), "effects": [], "complete": True})
    return api


def many(steps: int) -> list[dict[str, Any]]:
    """A turn of so many steps, with one denial in the middle."""
    found = [
        step(place, place, *(("model", "nova") if place % 2 else ("tool", "find_order")), "orders", cost_microdollars=place % 2)
        for place in range(steps)
    ]
    found[steps // 2] = step(steps // 2, steps // 2, "tool", "issue_refund", "orders", fate="denied", reasons=[reason("policy", "no")])
    return found


@pytest.mark.usefixtures("refund")
@pytest.mark.parametrize("columns", ["40", "60", "80", "100", "160"])
def test_each_step_is_told_with_when_who_what_why_and_how_much_at_any_width(septet: Any, columns: str) -> None:
    result = septet("explain", RUN, COLUMNS=columns)
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= int(columns)
    said = unwrapped(result.stdout)
    for words in (
        "2.0 s",
        "issue_refund",
        "250 ms",
        "policy: the request names what it aims at",
        "labels: order_id: prompt, amount_cents: unknown",
        "platform: fallback: nova failed with ModelUnavailable",
        "(inferred)",
        "$0.000059",
        "failed",
        "Where the answer comes from",
        "[record, entry 2]",
    ):
        assert words in said


def test_bars_are_drawn_where_there_is_room(septet: Any, refund: FakeApi) -> None:
    assert refund
    assert "█" in septet("explain", RUN, COLUMNS="100").stdout
    assert "█" not in septet("explain", RUN, COLUMNS="60").stdout


def test_all_reasons_are_there_when_everything_is_asked_for(septet: Any, refund: FakeApi) -> None:
    assert refund
    assert "asked for it" not in septet("explain", RUN).stdout
    assert "model: refunds asked for it (entry 2)" in unwrapped(septet("explain", RUN, "--all").stdout)


def test_it_says_in_what_a_run_took_more_than_usual(septet: Any, refund: FakeApi) -> None:
    assert "flagged" not in septet("explain", RUN).stdout
    refund.explained["run"]["flagged"] = ["steps"]
    assert "flagged: took far more than usual (steps)" in unwrapped(septet("explain", RUN).stdout)


def test_json_is_the_explanation_of_all_pages(septet: Any, refund: FakeApi) -> None:
    refund.page = 2
    found = json.loads(septet("explain", RUN, "--json").stdout)
    assert [one["place"] for one in found["steps"]] == list(range(6))
    assert found["lineage"]["answer"]["values"][0]["origins"][0]["places"][0]["entry"] == 2
    assert len(refund.asked) == 3


def test_a_thousand_steps_stay_readable_and_each_can_be_seen(septet: Any, api: FakeApi) -> None:
    api.explained = explanation(*many(1000))
    brief = septet("explain", RUN, COLUMNS="120").stdout
    assert len(brief.splitlines()) < 20
    assert "500 model calls" not in brief
    assert "250 model calls, 250 tool calls (find_order x250)" in unwrapped(brief)
    assert "denied" in brief
    assert "1,000 steps in 3 lines" in brief
    assert len(septet("explain", RUN, "--all", COLUMNS="120").stdout.splitlines()) > 1000


def test_what_was_decided_never_hides_in_a_group() -> None:
    steps = many(FEW * 4)
    steps[10] = step(10, 10, "tool", "pay", "orders", effect=True)
    steps[20] = step(20, 20, "model", "nova", "orders", reasons=[reason("platform", "fallback: haiku failed with ModelThrottled")])
    steps[30] = step(30, 30, "routed", "orders", reasons=[reason("routing", "the only one")])
    told = grouped(steps, every=False)
    alone = {one["place"] for one in told if not isinstance(one, Group)}
    assert alone == {10, 20, 30, len(steps) // 2}
    assert sum(len(one.steps) if isinstance(one, Group) else 1 for one in told) == len(steps)


def test_branches_that_work_at_once_have_a_group_each() -> None:
    steps = [step(place, place, "model", "nova", "expert", branch=f"b-{place % 3}") for place in range(120)]
    told = grouped(steps, every=False)
    assert [(one.step["branch"], len(one.steps)) for one in told if isinstance(one, Group)] == [("b-0", 40), ("b-1", 40), ("b-2", 40)]


def test_few_steps_are_told_one_by_one() -> None:
    assert len(grouped(many(FEW), every=False)) == FEW
    assert len(grouped(many(300), every=True)) == 300


def test_a_wait_of_days_leaves_room_for_what_worked() -> None:
    steps = [
        step(0, 0, "model", "nova", end=moment(1)),
        step(1, 1, "approval", "pay", end="2026-11-25T21:00:00.000Z"),
        step(2, 0, "tool", "pay", start="2026-11-25T21:00:00.000Z", end="2026-11-25T21:00:01.000Z"),
    ]
    axis = Axis.of(steps)
    (_, first), (_, waited), (again, last) = map(axis.span, steps)
    assert axis.cut
    assert first > 0.3
    assert last - again > 0.3
    assert waited - first < 0.3


@quick
@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e5), st.booleans()), min_size=1, max_size=8))
def test_the_line_goes_from_nothing_to_one_and_never_back(spans: list[tuple[float, float, bool]]) -> None:
    def at(second: float) -> str:
        return f"2026-11-{1 + int(second) // 86_400:02d}T{int(second) % 86_400 // 3600:02d}:{int(second) % 3600 // 60:02d}:00.000Z"

    steps = [
        step(place, 0, "approval" if waits else "tool", "t", start=at(start), end=at(start + long))
        for place, (start, long, waits) in enumerate(spans)
    ]
    axis = Axis.of(steps)
    assert all(0 <= start <= end <= 1 for start, end in map(axis.span, steps))
    places = [place for _, place in axis.points]
    assert places == sorted(places)


HOSTILE = (
    "<script>alert(1)</script>",
    "</style></title><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "<svg/onload=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<!-- -->]]><base href=//evil.example>",
    "\u202etxt.exe\u200b",
    "\ud800",
)
"""Words of a model that would like to be more than words."""
TAGS = frozenset(
    {"html", "head", "meta", "title", "style", "body", "header", "main", "section", "h1", "h2", "h3", "p", "a", "dl", "div", "dt", "dd"}
    | {"ul", "ol", "li", "details", "summary", "svg", "rect", "span", "small", "b", "pre", "table", "caption", "tr", "th", "td"}
    | {"code", "q", "mark"}
)
ATTRIBUTES = frozenset(
    {"lang", "charset", "name", "content", "http-equiv", "href", "class", "id", "aria-labelledby", "aria-hidden", "aria-label"}
    | {"viewbox", "preserveaspectratio", "x", "y", "width", "height", "tabindex", "scope"}
)


class Reader(HTMLParser):
    """Takes a page apart as a browser does: its elements, its attributes, its texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.texts: list[str] = []
        self.comments: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def everywhere(words: str) -> dict[str, Any]:
    """An explanation with these words wherever a model, a tool, a customer or a declaration may have put some."""
    value = {words: [words, {"text": words}]}
    labels = {words: words}
    place = {"branch": words, "entry": 1, "kind": "tool", "name": words, "field": words, "label": words, "asked_with": labels}
    origin = {"text": words, "alike": "within", "places": [place], "others": 1}
    one = {"field": words, "value": words, "label": words, "origins": [origin], "more": 1, "common": False}
    told = {"branch": words, "entry": 1, "who": words, "values": [one], "more": 1}
    kinds = ("request", "model", "tool", "approval", "answer", "failure", "stop", "routed", "inquiry", "note", words)
    steps = [
        step(
            place,
            place,
            kind,
            words,
            words,
            branch=words,
            turn=words,
            fate=("done", "failed", words)[place % 3],
            by=words,
            given=value,
            given_labels=labels,
            result=value,
            result_labels=labels,
            error=words,
            message=words,
            reasons=[reason(words, words)],
            copied=True,
        )
        for place, kind in enumerate(kinds)
    ]
    lineage = {"answer": {**told, "kind": "answer"}, "effects": [{**told, "kind": "effect"}], "complete": False}
    run = {**explanation()["run"], "id": words, "workflow": words, "status": words, "submitter": words, "parent": words}
    return explanation(*steps, lineage=lineage, run=run, origin=words, session=words, trace=words, attempt=2)


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_are_text_and_nothing_else(words: str) -> None:
    told = page(everywhere(words))
    read = Reader(told)
    assert read.tags <= TAGS
    assert {name for name, _ in read.attributes} <= ATTRIBUTES
    assert all(value.startswith("#") for name, value in read.attributes if name == "href")
    assert read.comments == []
    assert "\u202e" not in told
    shown = "".join(read.texts)
    assert words.encode("unicode_escape").decode() in shown or words in shown
    told.encode()


@quick
@given(st.text())
def test_no_text_at_all_becomes_markup(words: str) -> None:
    plain, hostile = Reader(page(everywhere("x"))), Reader(page(everywhere(words)))
    assert hostile.tags == plain.tags
    assert {name for name, _ in hostile.attributes} == {name for name, _ in plain.attributes}


def test_a_page_stands_by_itself_and_forbids_what_it_does_not_need() -> None:
    told = page(explanation(*REFUND, lineage={"answer": traced(), "effects": [], "complete": True}))
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', told)
    assert policy
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    assert policy[1] == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert re.findall(r"<style>(.*?)</style>", told, re.DOTALL) == [STYLE]
    assert not re.search(r"(?i)<script|https?:|//[a-z]|url\(|@import|\son\w+=", told)


def test_a_page_has_waterfall_decisions_and_lineage_that_lead_to_each_other() -> None:
    told = page(explanation(*REFUND, lineage={"answer": traced(), "effects": [], "complete": True}))
    read = Reader(told)
    ids = {value for name, value in read.attributes if name == "id"}
    links = {value.removeprefix("#") for name, value in read.attributes if name == "href"}
    assert len(re.findall("<details>", told)) == len(REFUND)
    assert len(re.findall("<rect ", told)) == len(REFUND)
    assert {"steps", "lineage", f"s-{b'main'.hex()}-3", f"s-{b'main'.hex()}-9"} == links & ids == links
    said = " ".join("".join(read.texts).split())
    for words in ("the request names what it aims at", "fallback: nova failed", "amount_centsunknown", "issue_refund → refund [record"):
        assert words in said
    for way in ("prefers-color-scheme:dark", "max-width:52rem", "focus-visible"):
        assert way in STYLE


def test_the_page_is_written_for_its_owner_alone(septet: Any, refund: FakeApi, tmp_path: Path) -> None:
    assert refund
    file = tmp_path / "run.html"
    file.write_text("older")
    file.chmod(0o644)
    result = septet("trace", RUN, "--html", str(file))
    assert result.exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().startswith("<!doctype html>")
    assert "6 steps" in result.stderr
    assert septet("trace", RUN, "--html", "-").stdout == file.read_text()


def test_it_says_what_is_wrong_with_where_to_write(septet: Any, refund: FakeApi, tmp_path: Path) -> None:
    assert refund
    assert "--html FILE" in septet("trace", RUN).stderr
    result = septet("trace", RUN, "--html", str(tmp_path / "none" / "run.html"))
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


def test_nobody_is_told_null_of_arguments(septet: Any, api: FakeApi) -> None:
    api.explained = explanation(
        step(0, 0, "tool", "issue_refund", "refunds", fate="denied", given=ARGUMENTS),
        *(step(place, place, kind, "thing", "refunds") for place, kind in enumerate(("tool", "approval", "inquiry", "request"), start=1)),
    )
    api.explained["steps"][4]["reasons"] = [reason("caller", "ann asked for a run of support")]
    said = unwrapped(septet("explain", RUN).stdout)
    assert "issue_refund order_id=A-1002 amount_cents=12900 · 250 ms · denied" in said
    assert "null" not in said
    assert "null" not in page(api.explained)


@pytest.mark.parametrize("status", ["waiting", "running", "failed", "stopped"])
def test_only_a_run_that_succeeded_has_an_answer(septet: Any, refund: FakeApi, status: str) -> None:
    refund.explained["run"]["status"] = status
    said = unwrapped(septet("explain", RUN).stdout)
    assert "Where the answer comes from" not in said
    assert "What the last agent answered (entry 9, writer); the run has no answer" in said
    told = "".join(Reader(page(refund.explained)).texts)
    assert "The answer of" not in told
    assert "What the last agent answered (writer); the run has no answer" in told


@pytest.mark.parametrize(
    ("status", "failure", "end"),
    [
        ("failed", ("ModelUnavailable", "the provider is down"), "failed ModelUnavailable: the provider is down"),
        ("stopped", ("RunStopped", "the run was stopped by eve: enough"), "stopped RunStopped: the run was stopped by eve: enough"),
        ("succeeded", ("ModelUnavailable", "no"), "succeeded a prepared answer, for ModelUnavailable: no"),
    ],
)
def test_it_ends_with_what_went_wrong(septet: Any, refund: FakeApi, status: str, failure: tuple[str, str], end: str) -> None:
    refund.explained["run"]["status"] = status
    refund.explained["failure"] = {"class": failure[0], "message": failure[1]}
    assert unwrapped(septet("explain", RUN).stdout).rstrip().endswith(end)
    assert ": ".join(failure) in "".join(Reader(page(refund.explained)).texts)


def test_the_trace_and_the_calls_of_models_are_named_as_elsewhere(septet: Any, refund: FakeApi) -> None:
    for said in (unwrapped(septet("explain", RUN).stdout), "".join(Reader(page(refund.explained)).texts)):
        assert "6b0412dc091691ea2a7ac519d2ebd6a8" in said
        assert "2 model calls, 1 failed" in said


def test_a_terminal_without_room_for_bars_says_so(septet: Any, refund: FakeApi) -> None:
    assert refund
    assert "Bars need 84 columns, this is 80. septet trace RUN --html FILE" in unwrapped(septet("explain", RUN, COLUMNS="80").stdout)
    assert "Bars need" not in septet("explain", RUN, COLUMNS="84").stdout
