"""What a trusted request vouches for, and what it asks for."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.core.values import digest
from septet.security.clauses import asked, sentences
from septet.security.intents import EFFECTS, boilerplate, mask
from septet.security.request import Mention, loose, mentions, near, phrases, plain, quoted, strong, typed
from tests.unit.strategies import quick

KINDS = ("file", "event", "order", "email")


def known(text: str, field: str = "task") -> dict[str, Mention]:
    return {mention.key: mention for mention in mentions({field: text}, KINDS)}


def effects(text: str) -> set[str]:
    return {effect for effect in EFFECTS if asked(text) & mask(effect)}


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("Delete the old file", "destructive"),
        ("Please also share the document with Bob", "membership"),
        ("I want you to pay the bill", "financial"),
        ("Check it, then send the result", "send"),
        ("Can you delete file 7?", "destructive"),
        ("Do not forget to delete file 7.", "destructive"),
        ("Please do the following: delete file 7", "destructive"),
        ("If I'm not busy, create an event", "write-private"),
        ("Help me pay 40", "financial"),
        ("It is due, so I want it paid", "financial"),
        ("Turn on the light", "write-private"),
        ("Comment 'fixed' on it", "send"),
        ("If it is rated higher than 4, go ahead and make a reservation", "commit"),
    ],
)
def test_a_verb_that_orders_asks(text: str, effect: str) -> None:
    assert effect in effects(text)


@pytest.mark.parametrize(
    "text",
    [
        "Who sent the mail to Bob?",
        "Read the last mail from Ana",
        "What did I pay for it?",
        "Do not delete the file",
        "Never share it",
        "Which files are shared with Bob",
        "Lösche die Datei",
        "Find the ticket titled 'Delete file 7'",
        'Find the ticket "Hello. Delete file 7."',
        "Show me how to delete file 7",
        "Who wants to delete file 7?",
        "Did you delete file 7?",
        "Summarise the message: delete file 7",
        "Summarise the following: delete file 7",
        "Summarise this:\nHello.\n\nDelete file 7.",
        "You must not, ever, delete file 7",
        "I forbid anybody to delete file 7",
        "Read it to see if I should delete file 7",
        "",
    ],
)
def test_a_mention_asks_for_nothing(text: str) -> None:
    assert not effects(text)


def test_a_word_for_the_call_itself_says_nothing() -> None:
    assert boilerplate("Refund", "financial")
    assert not boilerplate("Refund", "destructive")
    assert not boilerplate("pizza", "financial")
    assert not boilerplate("refund pizza", "financial")


def test_an_id_is_one_of_the_kind_beside_it() -> None:
    found = known("Delete file 13 and the event 12. Then read order A-7.")
    assert near("file", "13") in found
    assert near("event", "12") in found
    assert near("order", "A-7") in found
    assert near("event", "13") not in found
    assert near("file", "12") not in found
    assert near("file", "and") not in found


def test_a_field_s_name_says_of_which_kind_its_value_is() -> None:
    assert near("order", "A-7") in known("A-7", "order_id")
    assert near("file", "A-7") not in known("A-7", "order_id")


def test_what_is_quoted_is_one_name() -> None:
    found = known("Cancel the 'Team Sync' today and tell Bob")
    assert strong("Team Sync") in found
    assert strong("Team") not in found
    assert strong("Bob") in found
    assert strong("Cancel") not in found
    assert strong("today") not in found


def test_a_typed_value_is_no_name() -> None:
    found = known("It is June 1 today, write to ana@shop.example")
    assert strong("June") not in found
    assert strong("ana@shop.example") not in found
    assert digest("email", "ana@shop.example") in found


def test_a_phrase_is_known_in_any_case_and_only_as_it_stands() -> None:
    found = known("Plan the Family Reunion in June")
    assert plain("family reunion") in found
    assert plain("reunion family") not in found


def test_a_long_text_is_known_when_all_its_words_stand_in_a_row() -> None:
    text = "one two three four five six seven eight nine ten"
    assert all(plain(phrase) in known(f"Say {text} please") for phrase in phrases(text))
    assert not all(plain(phrase) in known(f"Say {text} please") for phrase in phrases(f"{text} eleven"))


def test_a_mention_knows_what_its_own_sentence_asks_for() -> None:
    found = known("Delete 'a.txt'. Read 'b.txt'.")
    assert found[strong("a.txt")].asked & mask("destructive")
    assert not found[strong("b.txt")].asked & mask("destructive")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Delete the file report.docx by 13 May", "13"),
        ("Delete the 3 file copies of report.docx", "3"),
        ("1) Read the mail 2) Delete the file report.docx", "2"),
        ("Raise the price of the file by 15%", "15"),
        ("The file was read by 7 people", "7"),
        ("Delete the file from June 13.", "13"),
        ("Please delete 3 files.", "3"),
        ("Delete the files older than 30 days", "30"),
        ("Delete my file on 13 May 2026.", "13"),
        ("Delete my file on 13 May 2026.", "2026"),
        ("Delete the files of 2026.", "2026"),
        ("Open a file for 2 people", "2"),
        ("Delete the file with 3 pages", "3"),
        ("Delete the files of 5 users", "5"),
        ("Delete the file 3 days after", "3"),
        ("Pay the file of 40 EUR", "40"),
        ("Delete the files and 3 folders", "3"),
    ],
)
def test_a_number_that_only_stands_near_the_name_of_a_kind_is_no_id_of_it(text: str, number: str) -> None:
    assert near("file", number) not in known(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("Delete file 13", "13"), ("Delete file number 13", "13"), ("Delete the files 3, 4 and 5", "4"), ("Pay for the A-13 order", "A-13")],
)
def test_an_id_beside_the_name_of_its_kind_is_one(text: str, value: str) -> None:
    assert near("order" if "order" in text else "file", value) in known(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Please delete file 8 but keep file 7.", "7"),
        ("Read file 7 and delete file 8.", "7"),
        ("Delete all files except file 7.", "7"),
        ("Delete file 8, then check file 7.", "7"),
        ("Delete file 8 and not file 7.", "7"),
        ("Read file 7, then clear my calendar.", "7"),
    ],
)
def test_a_mention_in_another_clause_is_not_asked_for(text: str, value: str) -> None:
    found = known(text)
    assert not found[near("file", value)].asked & mask("destructive")
    assert near("file", "8") not in found or found[near("file", "8")].asked & mask("destructive")


def test_whom_something_comes_from_is_not_whom_it_is_sent_to() -> None:
    found = known("Create a file with a summary of the last mail from ana@shop.example")
    assert not found[digest("email", "ana@shop.example")].asked & mask("send")


@pytest.mark.parametrize(
    ("text", "name", "parts"),
    [
        ("Delete the file Acme Website Staging", "Acme Website Staging", ["Acme Website", "Acme", "file Acme", "Website Staging"]),
        ("Add Anna Berg to the team", "Anna Berg", ["Anna", "Berg", "Berg to the team", "Add Anna"]),
        ("Anna Berg must go", "Anna Berg", ["Berg"]),
        ("Remove Anna van Berg", "Anna van Berg", ["Anna", "Berg"]),
        ("Delete repo web-app-2 now", "web-app-2", ["web-app-2 now", "repo web-app-2"]),
        ("Add Anna, Otto and Bo's friend", "Anna", ["friend"]),
        ("Add Anna, Otto and Bo's friend", "Bo", ["Otto and"]),
    ],
)
def test_a_part_of_a_name_or_more_than_it_is_no_name(text: str, name: str, parts: list[str]) -> None:
    found = known(text)
    assert strong(name) in found
    assert not [part for part in parts if strong(part) in found]


def test_a_name_beside_the_name_of_a_kind_is_of_that_kind() -> None:
    found = known("Remove Mallory from the Admins order and the 'Big Day' event")
    assert typed("Mallory") not in found
    assert {near("order", "Admins"), typed("Admins"), near("event", "Big Day")} <= found.keys()


def test_a_word_in_small_letters_is_a_name_where_it_stands_as_one() -> None:
    assert loose("event", "general") in known("Join the general event")
    assert loose("event", "general") in known("Join an event called general")
    assert not {loose("event", "all"), loose("event", "new")} & known("Join all events and the new event").keys()
    assert strong("general") in known("Post it in #general")
    assert strong("17") not in known("Post it in #17")


def test_only_what_is_quoted_is_known_as_quoted() -> None:
    found = known("Reset my Netflix password to 'k8#Zq'")
    assert quoted("k8#Zq") in found
    assert quoted("Netflix") not in found


@quick
@given(st.text(alphabet=st.sampled_from("aß İ.,:;!?'\"\n7#@-"), max_size=80))
def test_no_text_breaks_the_reading_of_it(text: str) -> None:
    ends = [(sentence.start, sentence.end) for sentence in sentences(text)]
    assert all(start < end for start, end in ends)
    assert all(before[1] <= after[0] for before, after in pairwise(ends))
    assert all(isinstance(mention.asked, int) for mention in mentions({"task": text}, KINDS))


def test_a_field_that_is_one_value_holds_it_once() -> None:
    found = [mention.key for mention in mentions({"order_id": "alice.b"}, KINDS)]
    assert found.count(strong("alice.b")) == 1
    assert found.count(near("order", "alice.b")) == 1
