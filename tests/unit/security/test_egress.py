"""No spelling of an address gets past the list, and nothing inside a network is reached with or without one."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.security.egress import Egress, Rules, rules
from tests.unit.strategies import hostile, quick

LIST = rules(
    {
        "hosts": ["api.example.com", "*.docs.example.com", "api.example.com:8443", "xn--bcher-kva.example"],
        "prefixes": ["https://files.example.com/public/", "http://plain.example.com/a/"],
        "mail_domains": ["example.com", "*.partners.example"],
    }
)
NOTHING = rules({"hosts": [], "prefixes": [], "mail_domains": []})
NONE = rules({})

ALLOWED = [
    "https://api.example.com",
    "https://api.example.com/v1/orders?id=1#x",
    "HTTPS://API.EXAMPLE.COM./v1",
    "https://api.example.com:443/",
    "https://api.example.com:8443/",
    "https://a.b.docs.example.com/",
    "https://b\u00fccher.example/",
    "https://files.example.com/public/report.pdf",
    "http://plain.example.com/a/b",
    "See https://api.example.com/v1, and https://files.example.com/public/a.",
    "Write to someone@example.com or to a.b+c@sales.partners.example (https://api.example.com/help).",
    "a sum of 3//4, a ratio 1:2, https: as a word, and 12:30",
    "report.pdf and node.js and and/or",
    "",
]
UNLISTED = [
    "https://evil.example.net/",
    "http://api.example.com/",
    "https://api.example.com:8080/",
    "https://docs.example.com/",
    "https://evilapi.example.com/",
    "https://api.example.com.evil.net/",
    "https://api.example.com@evil.net/",
    "https://user:secret@api.example.com/",
    "https://api.example.com\\@evil.net/",
    "https:\\\\evil.net\\",
    "https:evil.net",
    "https:///evil.net/",
    "//evil.net/x",
    "evil.net/steal?data=1",
    "www.evil.net:443",
    "https://api.example.com%2eevil.net/",
    "https://api%2eexample.com/",
    "https://\u0430pi.example.com/",
    "https://ap\u0456.example.com/",
    "https://\uff45vil.net/",
    "https://evil\u3002net/",
    "https://ev\u200bil.net/",
    "https://files.example.com/private/x",
    "https://files.example.com/public/../private",
    "https://files.example.com/public/%2e%2e/private",
    "https://files.example.com/public/..%2fprivate",
    "https://files.example.com/publicly",
    "https://api.example.com/redirect?to=https://evil.net/",
    "https://api.example.com/redirect?to=https%3A%2F%2Fevil.net%2F",
    "https://api.example.com/redirect?to=https%253A%252F%252Fevil.net%252F",
    "https://api.example.com/redirect?to=//evil.net",
    "ftp://api.example.com/",
    "s3://bucket.name/key",
    "![x](https://evil.net/a.png)",
    '<a href="https://evil.net">api.example.com</a>',
    "<https://evil.net>",
    "https://8.8.8.8/",
    "https://[2001:4860:4860::8888]/",
    "someone@evil.net",
    "someone@example.com.evil.net",
    "someone@partners.example",
    "someone@ex\u0430mple.com",
    "Some One <someone@evil.net>, someone@example.com",
    "someone@example.com\nBcc: other@evil.net",
    "other%evil.net@example.com",
    "evil.net!other@example.com",
    "someone@[192.0.2.1]",
    '"a b"@evil.net',
    "mailto:someone@evil.net?cc=x",
]
INSIDE = [
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/latest/",
    "http://0xA9FEA9FE/",
    "http://0xa9.0xfe.0xa9.0xfe/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    "http://127.0.0.1:8080/",
    "http://127.1/",
    "http://017700000001/",
    "http://0/",
    "http://10.1.2.3/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://[::1]/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1%25eth0]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[::7f00:1]/",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://a.localhost/",
    "http://metadata.google.internal/",
    "http://printer.local/",
    "http://intranet/",
    "http://127.0.0.1.nip.io/",
    "http://user@127.0.0.1/",
    "http://169.254.169\u3002254/",
    "http://\uff11\uff12\uff17.0.0.1/",
    "http://\u2460\u2461\u2466.0.0.1/",
    "http://169.254.\n169.254/",
    "http://%31%32%37.0.0.1/",
    "169.254.169.254",
    "169.254.169.254/latest",
    "[::1]",
    "::1",
    "localhost",
    "0x7f000001",
    "https://api.example.com/?u=http://127.0.0.1/",
    "file:///etc/passwd",
]


@pytest.mark.parametrize("text", ALLOWED, ids=ascii)
def test_what_is_on_the_list_may_be_named(text: str) -> None:
    assert LIST.check({"a": [text]}) == Egress(allowed=True)


@pytest.mark.parametrize("text", UNLISTED, ids=ascii)
def test_what_is_not_on_the_list_may_not_however_it_is_spelt(text: str) -> None:
    assert LIST.check({"a": [text]}).reasons


@pytest.mark.parametrize("text", INSIDE, ids=ascii)
@pytest.mark.parametrize("known", [LIST, NOTHING, NONE], ids=["list", "empty list", "no list"])
def test_nothing_inside_a_network_is_reached(text: str, known: Rules) -> None:
    assert not known.check({"a": text}).allowed


@pytest.mark.parametrize("text", ["https://api.example.com", "someone@example.com", "https://8.8.8.8/"])
def test_an_empty_list_lets_nothing_out_and_no_list_all(text: str) -> None:
    assert not NOTHING.check(text).allowed
    assert NONE.check(text).allowed


@pytest.mark.parametrize(
    "text",
    ["Please pay 100 to the order A-1, 12.50 on 2026-01-02 at 10:30", "1.2.3", "a/b", "127", "2130706433", "C:\\Users", "x::y", "12:30:45"],
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert NOTHING.check({"a": text}).allowed
    assert NONE.check({"a": text}).allowed


def test_an_address_is_found_wherever_it_is() -> None:
    for arguments in ({"https://evil.net": 1}, {"a": {"b": [{"c": "https://evil.net"}]}}, [["https://evil.net"]]):
        assert not LIST.check(arguments).allowed


def test_reasons_name_no_address() -> None:
    said = LIST.check({"a": [*UNLISTED, *INSIDE]}).reasons
    assert len(said) == 6
    assert not any("evil" in reason or "169" in reason for reason in said)


@quick
@given(hostile)
def test_any_value_has_an_answer(value: Any) -> None:
    for known in (LIST, NOTHING, NONE):
        assert isinstance(known.check(value).allowed, bool)


@quick
@given(
    st.from_regex(r"[a-z]{1,8}(\.[a-z]{2,5}){1,3}", fullmatch=True),
    st.sampled_from(["https://", "HTTPS:/", "//", "x https:\\\\", "(https://"]),
)
def test_no_host_but_the_listed_ones_is_allowed(host: str, before: str) -> None:
    assert not NOTHING.check(f"{before}{host}/").allowed


@pytest.mark.parametrize(
    "piece", ["a", "a.", "http://", "//", "\\", "%25", "a@", "@a.", "%!@", "[:", "::", "1.", "a:/", "0x", "a%", "\u200b."], ids=ascii
)
def test_a_text_made_against_the_patterns_takes_linear_time(piece: str) -> None:
    spent = {}
    for size in (25_000, 200_000):
        begin = time.thread_time()
        LIST.check((piece * size)[:size])
        spent[size] = time.thread_time() - begin
    assert spent[200_000] <= 24 * max(spent[25_000], 0.02), spent
