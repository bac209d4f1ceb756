"""What every store of inquiries promises."""

from copy import replace
from typing import Any

import pytest

from septet.aws.inquiries import DynamoInquiries
from septet.core.inquiries import Inquiries, Inquiry, inquiry_id
from septet.local.inquiries import MemoryInquiries


@pytest.fixture(params=["memory", pytest.param("aws", marks=pytest.mark.twin)])
def inquiries(request: pytest.FixtureRequest) -> Inquiries:
    if request.param == "memory":
        return MemoryInquiries()
    dynamodb: Any = request.getfixturevalue("aws").dynamodb
    return DynamoInquiries(dynamodb, "contracts-inquiries")


def asked(tenant: str, step: str = "ask", at: int = 1) -> Inquiry:
    return Inquiry(
        tenant=tenant,
        inquiry=inquiry_id(tenant, "run-1", "main", step),
        run="run-1",
        name="date",
        to="supplier",
        roles=("responder", "operator"),
        question={"text": "When?", "about": ["P-1001", 2]},
        answer_schema={"type": "object"},
        asked_at=at,
        expires_at=100,
    )


def test_an_id_is_of_one_step_of_one_branch_of_one_run() -> None:
    ids = {
        inquiry_id(*place) for place in (("a", "r", "main", "s"), ("b", "r", "main", "s"), ("a", "q", "main", "s"), ("a", "r", "x", "s"))
    }
    assert len(ids | {inquiry_id("a", "r", "main", "t")}) == 5


def test_asking_again_changes_nothing(inquiries: Inquiries, tenant: str) -> None:
    first = inquiries.ask(asked(tenant))
    assert inquiries.ask(replace(first, question="another", asked_at=5)) == first == inquiries.get(tenant, first.inquiry)
    assert inquiries.get(f"{tenant}-2", first.inquiry) is None


def test_of_two_ends_the_first_stands(inquiries: Inquiries, tenant: str) -> None:
    one = inquiries.ask(asked(tenant))
    ended = inquiries.end(tenant, one.inquiry, outcome="answered", at=99, by="supplier-7", answer={"days": 3})
    assert ended == replace(one, status="answered", answer={"days": 3}, by="supplier-7", ended_at=99)
    assert inquiries.end(tenant, one.inquiry, outcome="expired", at=200) is None
    assert inquiries.end(tenant, one.inquiry, outcome="cancelled", at=99, by="boss") is None
    assert inquiries.get(tenant, one.inquiry) == ended


def test_an_answer_after_the_expiry_is_none(inquiries: Inquiries, tenant: str) -> None:
    one = inquiries.ask(asked(tenant))
    assert inquiries.end(tenant, one.inquiry, outcome="answered", at=100, by="late", answer={}) is None
    expired = inquiries.end(tenant, one.inquiry, outcome="expired", at=100)
    assert expired is not None
    assert expired.status == "expired"


def test_what_ended_is_in_the_outbox_until_it_is_delivered_and_an_expiry_never(inquiries: Inquiries, tenant: str) -> None:
    first, second, third, fourth = (inquiries.ask(asked(tenant, step)) for step in ("1", "2", "3", "4"))
    inquiries.end(tenant, second.inquiry, outcome="cancelled", at=9, by="boss")
    inquiries.end(tenant, first.inquiry, outcome="answered", at=8, by="s", answer={"days": 1})
    inquiries.end(tenant, third.inquiry, outcome="expired", at=7)
    assert _outbox(inquiries, tenant) == {first.inquiry, second.inquiry}
    inquiries.delivered(tenant, first.inquiry)
    inquiries.delivered(tenant, first.inquiry)
    inquiries.delivered(tenant, "inq-none")
    assert _outbox(inquiries, tenant) == {second.inquiry}
    assert fourth.inquiry not in _outbox(inquiries, tenant)


def test_a_tenant_lists_its_own_newest_first(inquiries: Inquiries, tenant: str) -> None:
    old, new = inquiries.ask(asked(tenant, "old", at=1)), inquiries.ask(asked(tenant, "new", at=2))
    inquiries.ask(asked(f"{tenant}-2", "other"))
    assert inquiries.listed(tenant) == [new, old]


def _outbox(inquiries: Inquiries, tenant: str) -> set[str]:
    return {one.inquiry for one in inquiries.undelivered() if one.tenant == tenant}
