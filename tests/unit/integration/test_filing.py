"""Files: who may upload, who sees one, and what goes when content is erased."""

import hashlib
from typing import Any

import pytest

from septet.core.files import File
from septet.integration import batching
from septet.integration.erasing import LINGERS, Wanted, erase
from septet.integration.filing import Offer, found, offer
from septet.integration.problems import Problem
from tests.unit.integration.conftest import principal

CONTENT = b"message\nhello\n"
OFFER = Offer(name="claims.csv", media_type="text/csv", bytes=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())
ADMIN = principal("root", "admin")


def uploaded(office: Any, who: str = "ann") -> File:
    file = offer(OFFER, principal(who), office.ports).file
    office.contents.held["acme", file.place] = CONTENT
    return file


def test_an_offer_is_answered_with_the_request_that_uploads_it_and_then_with_the_one_that_downloads_it(office: Any) -> None:
    offered = offer(OFFER, principal(), office.ports)
    assert offered.transfer is not None
    assert (offered.state, offered.transfer.method) == ("awaiting", "PUT")
    assert found(offered.file.file, principal(), office.ports).state == "awaiting"
    office.contents.held["acme", offered.file.place] = CONTENT
    ready = found(offered.file.file, principal(), office.ports)
    assert ready.transfer is not None
    assert (ready.state, ready.transfer.method) == ("ready", "GET")


def test_the_same_offer_of_the_same_person_is_the_same_file_and_is_not_uploaded_twice(office: Any) -> None:
    first = uploaded(office)
    again = offer(OFFER, principal(), office.ports)
    assert (again.file, again.state, again.transfer) == (first, "ready", None)
    assert offer(OFFER, principal("bob"), office.ports).file.file != first.file


def test_the_secret_may_change_between_two_offers(office: Any) -> None:
    first = uploaded(office)
    office.id_keys = (b"a new secret", *office.id_keys)
    assert offer(OFFER, principal(), office.ports).file == first


def test_a_content_of_another_size_is_not_there(office: Any) -> None:
    file = offer(OFFER, principal(), office.ports).file
    office.contents.held["acme", file.place] = CONTENT + b"more"
    assert found(file.file, principal(), office.ports).state == "awaiting"


@pytest.mark.parametrize("who", [principal("bob"), principal("bob", "approver"), principal("ann", "admin", tenant="other")])
def test_for_others_there_is_no_such_file(office: Any, who: Any) -> None:
    file = uploaded(office)
    with pytest.raises(Problem, match="there is no file"):
        found(file.file, who, office.ports)


@pytest.mark.parametrize("role", ["operator", "auditor", "admin"])
def test_who_sees_everything_of_the_tenant_sees_its_files(office: Any, role: str) -> None:
    assert found(uploaded(office).file, principal("eve", role), office.ports).state == "ready"


def erased(office: Any, of: Any, subject: str) -> None:
    office.clock.now += LINGERS
    assert not erase(Wanted(of=of, subject=subject), ADMIN, office.ports).more


def test_erasing_a_run_takes_what_it_read_and_wrote_and_no_other_file(office: Any) -> None:
    mine, other = uploaded(office), uploaded(office, "bob")
    run = office.start()
    office.files.used("acme", mine.file, run)
    office.contents.held["acme", f"{run}/results.csv"] = b"row\n"
    office.runs.close("acme", run, status="succeeded", ended_at=office.clock.now)
    erased(office, "run", run)
    assert office.contents.held.keys() == {("acme", other.place)}
    gone = found(mine.file, principal(), office.ports)
    assert (gone.state, gone.transfer, gone.file.name) == ("erased", None, "")
    assert offer(OFFER, principal(), office.ports).state == "awaiting", "it can be uploaded again"


def test_erasing_a_person_takes_what_they_uploaded_and_never_used(office: Any) -> None:
    mine, other = uploaded(office), uploaded(office, "bob")
    erased(office, "person", "ann")
    assert found(mine.file, principal(), office.ports).state == "erased"
    assert found(other.file, principal("bob"), office.ports).state == "ready"


def test_erasing_a_tenant_takes_what_anybody_uploaded(office: Any) -> None:
    uploaded(office)
    uploaded(office, "bob")
    erased(office, "tenant", "acme")
    assert office.contents.held == {}


def test_what_a_run_that_goes_on_reads_is_kept_with_it(office: Any) -> None:
    file = uploaded(office)
    office.files.used("acme", file.file, office.start())
    erase(Wanted(of="tenant", subject="acme"), ADMIN, office.ports)
    assert found(file.file, principal(), office.ports).state == "ready"


def test_a_run_that_is_no_batch_has_no_rows(office: Any) -> None:
    with pytest.raises(Problem, match="is no batch"):
        batching.report(office.start(), principal(), office.ports)
