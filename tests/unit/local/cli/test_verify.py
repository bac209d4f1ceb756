import json
from typing import Any

import pytest

from septet.core.entries import Answer, LimitSet, Request
from septet.core.journal import Branch, Head, Pen, to_json
from septet.local.journal import MemoryJournal
from tests.unit.local.cli.fake_api import RUN, FakeApi, moment, report
from tests.unit.local.cli.output import unwrapped

COST = 500


def journal(*, bodies: int = 7) -> list[dict[str, Any]]:
    """Entries as the API tells them sealed."""
    pen = Pen(journal=MemoryJournal(), branch=Branch(tenant="demo", run=RUN), clock=lambda: 1, head=Head(), agent="triage")
    entries = [pen.write(Request(workflow="support", input={"message": "Grüße 👋"}, submitter="customer-17"))]
    entries += [pen.write(Answer(value={"n": number, "x": 0.1 * number}), cost=COST) for number in range(1, bodies)]
    return [json.loads(json.dumps(to_json(entry))) for entry in entries]


@pytest.fixture
def stored(api: FakeApi) -> list[dict[str, Any]]:
    """What the platform has, in pages of three; the ledger charged what the entries cost."""
    api.sealed, api.page = journal(), 3
    charge(api, 6 * COST)
    return api.sealed


def charge(api: FakeApi, amount: int, *, status: str = "succeeded", left: int = 0) -> None:
    share = {"limit_microdollars": 10**6, "spent_microdollars": amount, "reserved_microdollars": 0, "available_microdollars": left}
    api.stages = [(report(status=status, ended_at=moment(9), budget=share), [])]


def test_a_journal_as_it_was_is_verified_over_all_pages(septet: Any, api: FakeApi, stored: list[Any]) -> None:
    result = septet("verify", RUN)
    assert result.exit_code == 0
    shown = unwrapped(result.stdout)
    assert "main 7 entries checked, $0.003000" in shown
    assert stored[-1]["hash"] in shown
    assert "the ledger charged $0.003000" in shown
    assert "verified: every entry is where and what it was" in shown
    asked = [request.url.params for request in api.asked if request.url.path.endswith("journal")]
    assert [(one["branch"], one["sealed"]) for one in asked] == [("main", "true")] * 3


def test_programs_get_what_was_checked(septet: Any, stored: list[Any]) -> None:
    assert json.loads(septet("verify", RUN, "--json").stdout) == {
        "of": RUN,
        "verified": True,
        "branches": [{"branch": "main", "entries": 7, "head": stored[-1]["hash"], "cost_microdollars": 3000, "findings": []}],
        "charged_microdollars": 3000,
        "findings": [],
    }


def change_body(stored: list[Any]) -> None:
    stored[2]["body"]["value"]["n"] = 5000


def change_cost(stored: list[Any]) -> None:
    stored[2]["header"]["cost"] = 0


def remove(stored: list[Any]) -> None:
    del stored[2]


def swap(stored: list[Any]) -> None:
    stored[2], stored[3] = stored[3], stored[2]


def insert(stored: list[Any]) -> None:
    stored.insert(3, json.loads(json.dumps(stored[2])))


def erase(stored: list[Any]) -> None:
    stored[2] |= {"body": {"type": "erased", "version": 1}, "salt": ""}


def damage(stored: list[Any]) -> None:
    nothing = {
        "number": 2,
        "at": 0,
        "agent": "",
        "turn": "",
        "bundle": "",
        "usage": None,
        "cost": 0,
        "labels": {},
        "previous": "",
        "digest": "",
    }
    stored[2] = {"header": nothing, "hash": stored[2]["hash"], "salt": "", "body": {"type": "damaged", "version": 1}}


def ruin(stored: list[Any]) -> None:
    stored[2]["body"] = {"type": "rumour"}


@pytest.mark.parametrize(
    ("tamper", "finding"),
    [
        (change_body, "the body of entry 2 was changed"),
        (change_cost, "entry 2 was changed"),
        (remove, "entry 2 is missing; 3 follows"),
        (swap, "entry 3 does not follow the entry before it"),
        (insert, "entry 3 is missing; 2 follows"),
        (erase, "the body of entry 2 is gone"),
        (damage, "entry 2 cannot be read"),
        (ruin, "what is stored in place 2 is no entry"),
    ],
)
def test_whatever_was_done_to_it_is_found(septet: Any, stored: list[Any], tamper: Any, finding: str) -> None:
    tamper(stored)
    result = septet("verify", RUN)
    assert result.exit_code == 1
    assert finding in unwrapped(result.stdout)
    assert "NOT verified" in result.stdout
    found = septet("verify", RUN, "--json")
    assert found.exit_code == 1
    document = json.loads(found.stdout)
    assert not document["verified"]
    assert any(finding in one for one in document["findings"])


def test_entries_cut_off_at_the_end_are_found_by_what_the_ledger_charged(septet: Any, stored: list[Any]) -> None:
    del stored[5:]
    result = septet("verify", RUN)
    assert result.exit_code == 1
    assert "the entries cost $0.002000, and the ledger charged $0.003000" in unwrapped(result.stdout)


@pytest.mark.parametrize(("status", "left"), [("running", 0), ("succeeded", 5)])
def test_what_is_not_charged_finally_is_not_compared(septet: Any, api: FakeApi, stored: list[Any], status: str, left: int) -> None:
    assert stored
    charge(api, 1, status=status, left=left)
    assert septet("verify", RUN).exit_code == 0
    assert json.loads(septet("verify", RUN, "--json").stdout)["charged_microdollars"] is None


def test_an_empty_branch_has_nothing_wrong(septet: Any, api: FakeApi) -> None:
    api.stages = [(report(status="refused", ended_at=moment(0)), [])]
    result = septet("verify", RUN)
    assert result.exit_code == 0
    assert "0 entries checked" in result.stdout
    assert "head none" in result.stdout


def test_the_history_of_limits_is_verified_too(septet: Any, api: FakeApi) -> None:
    pen = Pen(journal=MemoryJournal(), branch=Branch(tenant="demo", run="budget"), clock=lambda: 1, head=Head())
    api.sealed = [to_json(pen.write(LimitSet(name="day", before=1, after=2, by="boss")))]
    assert septet("verify", "budget").exit_code == 0
    api.sealed[0]["body"]["after"] = 3
    assert "the body of entry 0 was changed" in septet("verify", "budget").stdout
    assert {request.url.path for request in api.asked} == {"/live/v1/budget/history"}
