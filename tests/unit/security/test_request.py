"""What a trusted request vouches for, and what it asks for."""

import pytest

from septet.security.intents import EFFECTS, asked, boilerplate, mask
from septet.security.request import Mention, mentions, near, phrases, plain, strong
from septet.security.values import digest

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
