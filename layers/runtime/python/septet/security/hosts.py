"""Hosts of URLs: as one spelling, and which of them are inside rather than out in the internet."""

import re
import unicodedata
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address

_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]*|[0-9]+")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_INSIDE = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "in-addr.arpa", "ip6.arpa", "instance-data")
"""Names, and the ends of names, that are resolved inside a network."""
_MIRRORS = ("nip.io", "sslip.io", "xip.io", "localtest.me", "lvh.me", "vcap.me", "lacolhost.com")
"""Public names that answer with whatever address is written in front of them, or with the caller's own machine."""
_PARTS = 4
_NAT64, _SIX_TO_FOUR = bytes.fromhex("0064ff9b0000000000000000"), bytes.fromhex("2002")


def one_spelling(host: str) -> str:
    """*host* in lower case, without a trailing dot, its names as A-labels, an address as ``ipaddress`` spells it; empty when it is none.

    Also empty for a name that mixes scripts within a label: such a name is made to be taken for another one.
    """
    bare = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if number := _address(bare):
        return str(number)
    try:
        name = bare.rstrip(".").encode("idna").decode().lower() if bare.isascii() or not _mixed(bare) else ""
    except UnicodeError:
        return ""
    return name if len(name) <= 253 and all(map(_LABEL.fullmatch, name.split("."))) else ""  # noqa: PLR2004 -- RFC 1035


def inside(host: str) -> bool:
    """Whether *host*, in its one spelling, is this machine, a private network, a cloud's metadata service, or a name that leads to one."""
    if number := _address(host):
        return not _public(number)
    return "." not in host or any(host == name or host.endswith(f".{name}") for name in (*_INSIDE, *_MIRRORS))


def _public(number: IPv4Address | IPv6Address) -> bool:
    if isinstance(number, IPv6Address):
        packed = number.packed
        if number.ipv4_mapped or packed[:12] in (_NAT64, bytes(12)):
            return _public(IPv4Address(packed[12:]))
        if packed[:2] == _SIX_TO_FOUR:
            return _public(IPv4Address(packed[2:6]))
    return number.is_global and not number.is_multicast


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that *host* means to a browser or to ``inet_aton``: also as one number, in parts, in octal or hexadecimal digits."""
    if ":" in host:
        with suppress(ValueError):
            return ip_address(host.partition("%")[0])
        return None
    parts = host.rstrip(".").split(".")
    if len(parts) > _PARTS or not all(map(_NUMBER.fullmatch, parts)) or max(map(len, parts)) > 40:  # noqa: PLR2004 -- longer is no address
        return None
    *first, last = map(_whole, parts)
    number = sum(part << 8 * (3 - place) for place, part in enumerate(first)) + last
    fits = all(part <= 255 for part in first) and last < 256 ** (_PARTS - len(first))  # noqa: PLR2004 -- bytes
    return IPv4Address(number) if fits else None


def _whole(part: str) -> int:
    if part[:2].lower() == "0x":
        return int(part[2:] or "0", 16)
    return int(part, 8) if part[0] == "0" and not {"8", "9"} & set(part) else int(part)


def _mixed(host: str) -> bool:
    """Whether a label of *host* has letters of several scripts; Chinese, Japanese and Korean ones go together, and with Latin ones."""
    together = {"CJK": "LATIN", "HIRAGANA": "LATIN", "KATAKANA": "LATIN", "HANGUL": "LATIN", "BOPOMOFO": "LATIN"}
    for label in host.split("."):
        scripts = {unicodedata.name(letter, "?").split()[0] for letter in label if letter.isalpha()}
        if len({together.get(script, script) for script in scripts}) > 1:
            return True
    return False
