"""Every valid value is found, in every disguise; one whose check digits are broken is not; what is redacted holds none."""

import string
import time
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import septet
from septet.security.recognisers import DECODED, SECRETS, Finding, find, redacted
from septet.security.shapes import KINDS as RECOGNISED
from tests.unit.sensitive import DISGUISES, KINDS, cards, ibans, jwts, passports, secret_keys
from tests.unit.strategies import quick

MEGABYTE = 1_000_000
around = st.sampled_from(["", " ", "The value is: ", "(", "\n", '{"a": "'])


def kinds(text: str) -> set[str]:
    return {found.kind for found in find(text)}


def test_there_is_a_recogniser_for_every_kind_that_is_tried() -> None:
    assert RECOGNISED.keys() == KINDS.keys()
    assert RECOGNISED.keys() > SECRETS


@pytest.mark.parametrize("kind", KINDS)
@quick
@given(st.data())
def test_every_valid_one_is_found_where_it_is(kind: str, data: st.DataObject) -> None:
    value, before, after = data.draw(KINDS[kind]), data.draw(around), data.draw(st.sampled_from(["", " ", "\n", " and more", '"}', ")"]))
    found = [one for one in find(before + value + after) if one.kind == kind]
    assert Finding(kind=kind, start=len(before), end=len(before) + len(value)) in found, value


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("kind", KINDS)
@quick
@given(st.data())
def test_every_disguised_one_is_found(kind: str, disguise: str, data: st.DataObject) -> None:
    value = data.draw(KINDS[kind])
    hidden = DISGUISES[disguise](value)
    assert kind in kinds(f"see {hidden} there"), hidden


@quick
@given(cards(), st.integers(1, 9))
def test_a_card_with_another_check_digit_is_none(card: str, shift: int) -> None:
    broken = card[:-1] + str((int(card[-1]) + shift) % 10)
    assert "card" not in kinds(broken)


@quick
@given(ibans(), st.data())
def test_an_iban_with_a_digit_changed_is_none(iban: str, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from([at for at, letter in enumerate(iban) if letter.isdigit()]))
    other = data.draw(st.sampled_from([digit for digit in string.digits if digit != iban[place]]))
    assert "iban" not in kinds(iban[:place] + other + iban[place + 1 :])


@quick
@given(passports(), st.integers(1, 9), st.sampled_from([9, 19, 27, 43]))
def test_a_passport_with_another_check_digit_is_none(line: str, shift: int, place: int) -> None:
    assert "passport" not in kinds(line[:place] + str((int(line[place]) + shift) % 10) + line[place + 1 :])


@quick
@given(jwts)
def test_a_token_whose_header_names_no_algorithm_is_none(token: str) -> None:
    assert "jwt" not in kinds("eyJ0eXAiOiJKV1QifQ" + token[token.index(".") :])


@pytest.mark.parametrize(
    "text",
    [
        "Refund order A-1002 for 129.00: it came on 2026-03-04, and was broken.",
        "4111111111111112",  # no check digit of Luhn's
        "9111111111111111",  # no scheme's prefix
        "4111 11 1111 1111111",  # groups as nobody writes them
        "0.4111111111111111",  # a fraction
        "a4111111111111111f0",  # digits of a hash
        "2026-01-05 2026-02-06 2026-03-07 2026-04-08",
        "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17",
        "GB00NWBK60161331926819",
        "DE8937040044053201300",  # a character too few
        "someone at example.com, user@localhost, @handle",
        "+0123456789",
        "000-12-3456 and 666-12-3456 and 912-12-3456 and 123-00-4567 and 123-45-0000",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",  # a SHA-1
        "arn:aws:lambda:us-east-1:000000000000:function:septet-local-tool-find_order:live",
        "septet/security/recognisers/of/Some/Depth/v1",
        "internationalization-of-the-kernel-scheduler",
        "7ea8ab2c-0000-4000-8000-00000000beef",
        "sk-learn-is-a-library-for-machine-learning",
        "",
    ],
)
def test_what_only_looks_like_one_is_none(text: str) -> None:
    assert find(text) == ()


@quick
@given(secret_keys)
def test_forty_characters_without_the_randomness_of_a_key_are_none(key: str) -> None:
    assert "aws-secret-key" in kinds(key)
    assert "aws-secret-key" not in kinds(key.lower())
    assert "aws-secret-key" not in kinds("aB1/" * 10)


anything = st.lists(
    st.one_of(*KINDS.values(), st.text(max_size=10), st.sampled_from([" ", "-", "%", "\u200b", ".", "@"])), min_size=1, max_size=6
).map("".join)


@quick
@given(anything, st.sampled_from(sorted(DISGUISES)))
def test_nothing_is_found_in_what_was_redacted(text: str, disguise: str) -> None:
    for whole in (text, DISGUISES[disguise](text)):
        assert find(redacted(whole)) == ()


@quick
@given(st.sampled_from(sorted(KINDS)), st.data())
def test_redacting_leaves_what_is_around_and_says_the_kind(kind: str, data: st.DataObject) -> None:
    value = data.draw(KINDS[kind])
    assume({one.kind for one in find(value)} == {kind})
    assert redacted(f"before {value} after") == f"before [{kind}] after"


def test_values_that_overlap_are_redacted_as_one() -> None:
    assert redacted("see YUBiLmNvbSA0MTExMTExMTExMTExMTEx !") == "see [card email] !"


REPEATED = ["a", "4", "4 ", "41 ", "411-", "1234 ", "a@", "@a.", "a.b@c.", "eyJ", "eyJa.", "-----BEGIN PRIVATE KEY-----", "%41", "\u200b4"]
REPEATED += [
    "GB12 ",
    "AKIA",
    "+1",
    "+1(",
    "sk-a",
    "a ",
    "34 ",
    "34:",
    "\\u0041",
    "&#65;",
    "\xe9",
    "QUFB",
    "=",
    "A\n",
    "\x00",
    "\ud800",
    "<",
]


@pytest.mark.parametrize("piece", REPEATED, ids=ascii)
def test_a_megabyte_made_against_the_patterns_takes_linear_time(piece: str) -> None:
    spent = {}
    for size in (MEGABYTE // 8, MEGABYTE):
        text = (piece * (size // len(piece) + 1))[:size]
        begin = time.thread_time()
        find(text)
        spent[size] = time.thread_time() - begin
    # Eight times the text: eight times the time. The floor keeps the clock's grain out, and the factor the machine's moods.
    assert spent[MEGABYTE] <= 24 * max(spent[MEGABYTE // 8], 0.02), spent


@given(st.text(max_size=6), st.text(max_size=3))
@quick
def test_any_text_said_again_and_again_is_read_in_bounded_time(piece: str, joint: str) -> None:
    text = ((piece + joint) * 20_000)[:50_000]
    begin = time.thread_time()
    find(text)
    assert time.thread_time() - begin < 2


def test_what_is_decoded_is_bounded() -> None:
    assert "card" not in kinds("QUFB" * (DECODED // 3 + 1) + " 34313131313131313131313131313131")


def test_the_recognisers_weigh_little() -> None:
    folder, names = Path(septet.__path__[0]), ("security/recognisers", "security/shapes", "security/disguises", "core/checksums")
    assert sum((folder / f"{name}.py").stat().st_size for name in names) < MEGABYTE / 20
