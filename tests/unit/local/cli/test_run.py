import json
from typing import Any

import httpx
import pytest

from local.cli import inputs
from local.cli.plain import short
from local.doubles.answer import CAME, UNEXPECTED
from septet.integration import submitting
from tests.unit.local.cli.fake_api import APPROVAL, RUN, FakeApi, entry, problem, refund_run, report
from tests.unit.local.cli.output import unwrapped


def submitted(api: FakeApi) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(api.asked[0].content)
    return found


def test_a_run_is_submitted_with_its_message_and_shown_to_its_end(septet: Any, api: FakeApi) -> None:
    api.stages = refund_run()
    result = septet("run", "support", "I want my money back.")
    assert result.exit_code == 0
    assert submitted(api) == {"workflow": "support", "input": {"message": "I want my money back."}}
    for told in (
        "customer-17",
        "answers  route=refunds · $0.000412",
        "asks you",
        f"septet approve {APPROVAL}",
        "approves Checked the return",
        "Your money is on its way.",
        "succeeded  triage → refunds → writer",
        "4 model calls · 1 tool call · 1,234 tokens in, 210 out · $0.001612 · 6.2 s",
        RUN,
    ):
        assert unwrapped(told) in unwrapped(result.stdout), told


def test_each_entry_is_shown_once(septet: Any, api: FakeApi) -> None:
    api.stages = refund_run()
    assert septet("run", "support", "x").stdout.count("route=refunds") == 1


def test_nothing_is_wider_than_the_terminal_but_the_commands_to_copy(septet: Any, api: FakeApi) -> None:
    api.stages = refund_run()
    lines = septet("run", "support", "x").stdout.splitlines()
    assert max(len(line) for line in lines if "septet approve" not in line and "septet reject" not in line) <= 80


def test_output_that_no_terminal_gets_is_plain(septet: Any, api: FakeApi) -> None:
    api.stages = refund_run()
    assert "\x1b" not in septet("run", "support", "x").output


def test_colour_is_left_out_where_it_is_not_wanted(septet: Any, api: FakeApi) -> None:
    api.stages = refund_run()
    coloured = septet("run", "support", "x", FORCE_COLOR="1", TERM="xterm").stdout
    api.looks = 0
    plain = septet("run", "support", "x", FORCE_COLOR="1", TERM="xterm", NO_COLOR="1").stdout
    assert "\x1b[1m" in coloured
    assert "\x1b[1m" not in plain


def test_a_failed_run_says_why_and_ends_with_1(septet: Any, api: FakeApi) -> None:
    failure = {"class": "ModelUnavailable", "message": "nothing answers"}
    api.stages = [(report(status="failed", ended_at="2026-11-22T21:00:01.000Z", failure=failure), [])]
    result = septet("run", "support", "x")
    assert result.exit_code == 1
    assert "ModelUnavailable: nothing answers" in result.stdout


def test_a_run_that_is_not_watched_is_only_submitted(septet: Any, api: FakeApi) -> None:
    result = septet("run", "support", "x", "--no-watch")
    assert result.exit_code == 0
    assert f"septet watch {RUN}" in result.stdout
    assert len(api.asked) == 1


def test_json_is_one_document_and_nothing_else(septet: Any, api: FakeApi) -> None:
    api.stages = refund_run()
    result = septet("run", "support", "x", "--json")
    assert json.loads(result.stdout)["status"] == "succeeded"
    assert len(result.stdout.splitlines()) == 1
    assert "waits for a decision" in unwrapped(result.stderr)


def test_json_of_a_run_that_is_not_watched_is_what_was_accepted(septet: Any) -> None:
    assert json.loads(septet("run", "support", "x", "--json", "--no-watch").stdout)["id"] == RUN


def test_watch_prints_a_json_line_for_each_look_that_shows_something(septet: Any, api: FakeApi) -> None:
    api.stages = refund_run()
    lines = [json.loads(line) for line in septet("watch", RUN, "--json").stdout.splitlines()]
    assert [line["run"]["status"] for line in lines] == ["running", "waiting", "succeeded"]
    assert [one["number"] for line in lines for one in line["entries"]] == list(range(11))


def test_looks_come_further_apart_while_nothing_happens_and_close_again_when_something_does(
    septet: Any, api: FakeApi, waits: list[float]
) -> None:
    quiet: list[Any] = [(report(), [])] * 20
    news = entry(0, 0, "request", workflow="support", input={}, submitter="customer-17")
    api.stages = [*quiet, (report(), [news]), (report(), [news]), (report(status="succeeded", ended_at="2026-11-22T21:00:09.000Z"), [news])]
    septet("watch", RUN)
    assert waits[0] < 0.5
    assert max(waits) == waits[18] <= 2
    assert waits[20] < 0.5


def test_a_long_journal_is_read_page_by_page(septet: Any, api: FakeApi) -> None:
    api.stages, api.page = refund_run()[-1:], 3
    lines = septet("watch", RUN, "--json").stdout.splitlines()
    assert [one["number"] for one in json.loads(lines[0])["entries"]] == list(range(11))


def test_interrupting_leaves_the_run_going_and_says_so(septet: Any, api: FakeApi) -> None:
    api.failures = [httpx.Response(202, json={"id": RUN, "links": {}}), KeyboardInterrupt()]
    result = septet("run", "support", "x")
    assert result.exit_code == 130
    assert f"septet watch {RUN}" in unwrapped(result.stderr)


def test_every_submission_carries_a_key_so_that_a_lost_answer_starts_no_second_run(septet: Any, api: FakeApi, waits: list[float]) -> None:
    api.failures = [httpx.ReadTimeout("lost")]
    assert septet("run", "support", "x", "--no-watch").exit_code == 0
    first, second = (request.headers["Idempotency-Key"] for request in api.asked)
    assert first == second
    assert len(waits) == 1


def test_the_key_can_be_chosen(septet: Any, api: FakeApi) -> None:
    septet("run", "support", "x", "--no-watch", "--idempotency-key", "order-7")
    assert api.asked[0].headers["Idempotency-Key"] == "order-7"


def test_inputs_come_from_a_file_and_from_pairs(septet: Any, api: FakeApi, tmp_path: Any) -> None:
    (tmp_path / "input.json").write_text('{"limit": 3}')
    septet("run", "report", "--input-file", str(tmp_path / "input.json"), "--input", "topic=a=b", "--no-watch")
    assert submitted(api)["input"] == {"limit": 3, "topic": "a=b"}


def test_inputs_come_from_standard_input(septet: Any, api: FakeApi) -> None:
    septet("run", "report", "--input-file", "-", "--no-watch", stdin='{"limit": 3}')
    assert submitted(api)["input"] == {"limit": 3}


def test_wrong_inputs_are_wrong_usage(septet: Any, api: FakeApi, tmp_path: Any) -> None:
    (tmp_path / "list.json").write_text("[1]")
    (tmp_path / "no.json").write_text("{")
    for name, text in {"nan.json": '{"limit": NaN}', "half.json": '{"message": "\\ud800"}', "deep.json": "[" * 100_000}.items():
        (tmp_path / name).write_text(text)
    for arguments, told in (
        ((), "the run has no input"),
        (("--input", "topic"), "has no name and value"),
        (("x", "--input", "message=y"), "message is given twice"),
        (("--input-file", "/nowhere.json"), "/nowhere.json cannot be read"),
        (("--input-file", str(tmp_path / "list.json")), "holds no JSON object"),
        (("--input-file", str(tmp_path / "no.json")), "is not JSON"),
        (("--input-file", str(tmp_path / "nan.json")), "is not JSON"),
        (("--input-file", str(tmp_path / "half.json")), "is not JSON"),
        (("--input-file", str(tmp_path / "deep.json")), "is not JSON"),
    ):
        result = septet("run", "support", *arguments)
        assert result.exit_code == 2
        assert told in unwrapped(result.stderr)
        assert "fix:" in unwrapped(result.stderr)
    assert api.asked == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "support", "\udcff\udcfe"),
        ("run", "\udcff", "x"),
        ("run", "support", "--input", "topic=\udcff"),
        ("watch", "\udcff"),
        ("approve", "\udcff"),
        ("runs", "--status", "\udcff"),
        ("token", "--tenant", "\udcff"),
    ],
)
def test_bytes_that_are_no_text_are_wrong_usage(septet: Any, api: FakeApi, arguments: tuple[str, ...]) -> None:
    result = septet(*arguments)
    assert result.exit_code == 2
    assert "is not UTF-8 fix: give it as UTF-8" in " ".join(result.stderr.split())
    assert api.asked == []


def test_a_refused_submission_names_every_field_and_ends_with_3(septet: Any, api: FakeApi) -> None:
    errors = [{"field": "input.message", "message": "is missing"}, {"field": "input.mesage", "message": "is not known; known are: message"}]
    api.failures = [problem(422, "the input does not fit the workflow support", errors=errors)]
    result = septet("run", "support", "--input", "mesage=x")
    assert result.exit_code == 3
    assert result.stdout == ""
    assert "the input does not fit the workflow support (422 Refused)" in unwrapped(result.stderr)
    assert "input.message: is missing" in unwrapped(result.stderr)
    assert "input.mesage: is not known; known are: message" in unwrapped(result.stderr)


def test_words_of_customers_and_models_cannot_steer_the_terminal(septet: Any, api: FakeApi) -> None:
    api.stages = [
        (
            report(
                status="succeeded", ended_at="2026-11-22T21:00:09.000Z", answer={"text": "\x1b[2Jgone [red]\u202e"}, path=["\x1b]0;x\x07"]
            ),
            [entry(0, 0, "request", workflow="s", input={"m": "\x1b[31m\x9b"}, submitter="\rroot")],
        )
    ]
    shown = septet("run", "support", "x").stdout
    assert not {"\x1b", "\x9b", "\r", "\x07", "\u202e"} & set(shown)
    assert "\\x1b[2Jgone [red]\\u202e" in shown


def test_entries_of_a_newer_platform_are_shown_as_they_are(septet: Any, api: FakeApi) -> None:
    ended = report(status="succeeded", ended_at="2026-11-22T21:00:09.000Z")
    api.stages = [(ended, [entry(0, 0, "reservation", "orders", amount=3)])]
    assert "amount=3" in septet("watch", RUN).stdout


def test_what_a_person_decides_on_is_never_cut(septet: Any, api: FakeApi) -> None:
    arguments = {"order_id": "A-1002", "reason": "word " * 60, "amount_cents": 99999}
    asked = entry(0, 0, "approval_asked", "refunds", tool="issue_refund", arguments=arguments, approval=APPROVAL, reasons=["too much"])
    api.stages = [(report(status="succeeded", ended_at="2026-11-22T21:00:09.000Z"), [asked])]
    assert "amount_cents=99999: too much" in unwrapped(septet("watch", RUN).stdout)


def test_a_call_that_no_scenario_has_is_told_whole_and_without_botocores_words(septet: Any, api: FakeApi) -> None:
    said = f"{UNEXPECTED}no scenario holds 'hello there'; loaded: {'x ' * 200}the fix"
    cut = f"{said}{CAME}agent 'triage', last message: (user) 'hel"
    raw = f"An error occurred (ValidationException) when calling the Converse operation (reached max retries: 0): {cut}"
    failure = {"class": "ModelRejected", "message": raw}
    failed = entry(0, 0, "model_failed", "triage", model="m", error="ModelRejected", message=raw)
    api.stages = [(report(status="failed", ended_at="2026-11-22T21:00:01.000Z", failure=failure), [failed])]
    shown = unwrapped(septet("run", "support", "hello there").stdout)
    assert shown.count(unwrapped(f"m: ModelRejected: {said}")) == 1
    assert shown.count(unwrapped(f"ModelRejected: {said}")) == 2
    assert "An error occurred" not in shown
    assert "Came:" not in shown, "it breaks off"
    assert "septet deploy" in shown


def test_the_last_line_says_how_many_calls_failed_and_what_they_cost(septet: Any, api: FakeApi) -> None:
    failed = [entry(n, 0, "model_failed", "triage", cost=62_350, model="m", error="ModelUnavailable", message="x") for n in (0, 1)]
    api.stages = [(report(status="succeeded", ended_at="2026-11-22T21:00:01.000Z", model_calls=5, cost_microdollars=130_000), failed)]
    assert "5 model calls, 2 failed ($0.124700) · " in unwrapped(septet("watch", RUN).stdout)


def test_calls_that_failed_in_other_branches_are_counted_by_the_report(septet: Any, api: FakeApi) -> None:
    api.stages = [(report(status="succeeded", ended_at="2026-11-22T21:00:01.000Z", model_calls=5, model_calls_failed=8), [])]
    assert "5 model calls, 8 failed · " in unwrapped(septet("watch", RUN).stdout)


@pytest.mark.parametrize(
    ("message", "step"),
    [
        ("$0.072494 is left of the run's budget, $0.2 are needed", "septet run … --budget DOLLARS"),
        ("limits.tokens is 9; 9 used", "agent.toml"),
    ],
)
def test_a_run_without_money_says_where_more_comes_from(septet: Any, api: FakeApi, message: str, step: str) -> None:
    failure = {"class": "BudgetExhausted", "message": message}
    api.stages = [(report(status="failed", ended_at="2026-11-22T21:00:01.000Z", failure=failure), [])]
    assert step in unwrapped(septet("watch", RUN).stdout)


def test_a_long_value_is_cut_between_words() -> None:
    assert short("one two three", 9) == "one two…"
    assert short("x" * 20, 9) == "xxxxxxxx…"


@pytest.mark.parametrize("key", ["é", "two words", "x" * 256])
def test_a_key_that_the_api_would_not_take_is_wrong_usage(septet: Any, key: str) -> None:
    result = septet("run", "support", "x", "--no-watch", "--idempotency-key", key)
    assert result.exit_code == 2
    assert "--idempotency-key" in result.stderr
    assert "printable ASCII" in unwrapped(result.stderr)


def test_the_keys_taken_are_those_of_the_api() -> None:
    assert inputs.KEY == submitting.KEY


def test_the_last_line_says_what_a_run_is_part_of_and_where_it_comes_from(septet: Any, api: FakeApi) -> None:
    whence = {"parent": "run-batch", "session": "ses-1", "origin": "run-first", "attempt": 2}
    api.stages = [(report(status="succeeded", ended_at="2026-11-22T10:00:06.200Z", answer="Done.", **whence), [])]
    shown = unwrapped(septet("run", "support", "x").stdout)
    assert unwrapped(f"run {RUN} · for run-batch · of ses-1 · forked from run-first · restarted 2 times") in shown
