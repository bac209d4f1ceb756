"""What counts as a quote of a document that was read."""

import pytest

from septet.execution.quotes import problems, texts


def wrong(text: str, quote: str, title: str = "T") -> str:
    """What is wrong with *quote* of a document with *text*; empty for nothing."""
    read = texts({"read_document": [{"id": "d", "title": title, "text": text, "found": True}]})
    return " ".join(problems("x", [{"id": "d", "quote": quote}], read))


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("Paid within 14 days, to all.", "paid WITHIN 14 days"),
        ("cafe\u0301 au lait", "caf\u00e9 au lait"),
        ("\ufb01ne print here", "fine print"),
        ("नमस्ते दुनिया", "नमस्ते दुनिया"),
        ("退款將在十四天內完成", "十四天內"),
        ("คืนเงินภายในสิบสี่วัน", "สิบสี่วัน"),
    ],
)
def test_words_that_stand_there_are_a_quote_however_they_are_set(text: str, quote: str) -> None:
    assert wrong(text, quote) == ""


def test_what_stands_across_a_title_and_its_text_is_none() -> None:
    assert "do not stand" in wrong("granted to all", "refund granted", title="No refund")
    assert wrong("granted to all", "no refund", title="No refund") == ""


@pytest.mark.parametrize(("text", "quote"), [("granted to all", "granted"), ("退款將在十四天內完成", "退"), ("नमस्ते दुनिया", "नमस्ते")])
def test_one_word_is_too_little(text: str, quote: str) -> None:
    assert "less than 2 words" in wrong(text, quote)


@pytest.mark.parametrize("quote", ["granted to none", "ranted to all", "to granted"])
def test_other_words_are_none(quote: str) -> None:
    assert "do not stand" in wrong("granted to all", quote)
