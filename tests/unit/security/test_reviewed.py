"""Ways that a reviewer found through what the request and the records vouch for, each closed by a rule of its own."""

from typing import Any

import pytest

from septet.security.labels import Label
from septet.security.manifests import manifest
from septet.security.monitor import Monitor
from tests.unit.security.office import ANA, EVE, IBAN, NOW, RULES, Office

USERS: dict[str, Any] = {"label": "record", "kind": "email"}


def catalogue(request: dict[str, str] | str, **tables: dict[str, Any]) -> Monitor:
    """A monitor over tools of one test."""
    found = Monitor({name: manifest(name, table) for name, table in tables.items()}, RULES, agent="clerk", tenant="acme")
    fields = {"task": request} if isinstance(request, str) else request
    found.request(fields, dict.fromkeys(fields, "trusted"))
    return found


def outcome(monitor: Monitor, tool: str, **arguments: Any) -> str:
    return monitor.decide(tool, arguments, now=NOW).outcome


def people(label: str) -> dict[str, Any]:
    return {"effect": "sensitive-read", "output": {"kind": "user", "key": "name", "fields": {"name": {"label": label}, "email": USERS}}}


SEND = {"effect": "send", "arguments": {"to": {"role": "target", "kind": "email"}, "text": {"role": "content"}}}


def test_a_key_that_somebody_else_has_chosen_vouches_for_nothing_else_of_its_record() -> None:
    found = catalogue("Send 'hello' to Anna Berg.", find=people("counterparty"), send=SEND)
    found.record("find", {}, {"name": "Anna Berg", "email": EVE}, at=NOW, number=1)
    assert outcome(found, "send", to=EVE, text="hello") == "ask"


def test_two_records_of_one_key_vouch_for_nothing() -> None:
    found = catalogue("Send 'hello' to Anna Berg.", find=people("record"), send=SEND)
    found.record("find", {}, [{"name": "Anna Berg", "email": ANA}], at=NOW, number=1)
    assert outcome(found, "send", to=ANA, text="hello") == "allow"
    found.record("find", {}, [{"name": "Anna Berg", "email": ANA}, {"name": "Anna Berg", "email": EVE}], at=NOW, number=2)
    assert outcome(found, "send", to=EVE, text="hello") == "ask"


def test_a_record_that_others_have_named_is_not_paid_for_its_name() -> None:
    fields = {"id": {"label": "record"}, "title": {"label": "counterparty"}}
    found = catalogue(
        "Please pay the invoice 'March Rent'.",
        get={"effect": "sensitive-read", "output": {"kind": "invoice", "key": "id", "fields": fields}},
        settle={"effect": "financial", "arguments": {"id": {"role": "selector", "kind": "invoice"}}},
    )
    found.record("get", {}, {"id": "inv_99", "title": "March Rent"}, at=NOW, number=1)
    assert outcome(found, "settle", id="inv_99") == "ask"


def test_a_name_is_none_of_another_kind() -> None:
    user, group = {"role": "target", "kind": "user"}, {"role": "target", "kind": "group"}
    found = catalogue("Remove Mallory from the Admins group.", drop={"effect": "destructive", "arguments": {"user": user, "group": group}})
    assert outcome(found, "drop", user="Mallory", group="Admins") == "allow"
    assert outcome(found, "drop", user="Admins", group="Admins") == "deny"


def test_a_word_of_the_request_is_no_secret_to_be() -> None:
    tool = {"effect": "credential", "arguments": {"password": {"role": "target", "kind": "password"}}}
    found = catalogue("Please reset my Netflix password to 'k8#Zq'.", change=tool)
    assert outcome(found, "change", password="k8#Zq") == "allow"
    assert outcome(found, "change", password="Netflix") == "deny"


@pytest.mark.parametrize("effect", ["destructive", "financial"])
def test_a_word_in_small_letters_is_no_name_of_what_is_deleted_or_paid(effect: str) -> None:
    place = {"channel": {"role": "target", "kind": "channel"}}
    found = catalogue("Join, delete and pay the general channel", act={"effect": effect, "arguments": place})
    assert outcome(found, "act", channel="general") != "allow"
    joins = catalogue("Join the general channel", join={"effect": "membership", "arguments": place})
    assert outcome(joins, "join", channel="general") == "allow"


def test_who_is_read_about_and_paid_once_is_paid_once() -> None:
    office = Office(f"Show me what I paid to {IBAN} last year. Then pay 40 to {IBAN}.")
    call = {"account": IBAN, "amount": 40}
    office.monitor.intended("pay", call, NOW)
    assert office.asks("pay", **call).policies == ("effect-again",)


def test_a_field_that_is_one_value_is_used_once() -> None:
    found = catalogue({"to": ANA, "task": "send hello"}, send=SEND)
    call = {"to": ANA, "text": "hello"}
    found.intended("send", call, NOW)
    assert found.decide("send", call, now=NOW).policies == ("effect-again",)


@pytest.mark.parametrize("written", [98765, 98765.0, "98,765", "98,765 a month"])
def test_a_number_that_the_agent_wrote_is_no_better_when_it_is_read_back(written: Any) -> None:
    money = {"label": "record", "kind": "money"}
    found = catalogue(
        f"Update my budget Rent, then pay it to {IBAN}.",
        budget={"effect": "write-private", "arguments": {"name": {"role": "title"}, "monthly": {"role": "content"}}},
        budgets={"effect": "read", "output": {"kind": "budget", "key": "name", "fields": {"name": {"label": "record"}, "monthly": money}}},
    )
    found.record("budget", {"name": "Rent", "monthly": written}, "done", at=NOW, number=1)
    assert found.record("budgets", {}, [{"name": "Rent", "monthly": 98765}], at=NOW, number=2)["[].monthly"] is Label.UNKNOWN
    assert found.record("budgets", {}, [{"name": "Rent", "monthly": "98765"}], at=NOW, number=3)["[].monthly"] is Label.UNKNOWN
    assert found.record("budgets", {}, [{"name": "Rent", "monthly": 40}], at=NOW, number=4)["[].monthly"] is Label.RECORD
