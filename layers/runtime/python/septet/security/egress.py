"""Where something may go: every URL and address of mail among a call's arguments, against the deployment's own list."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from septet.core.frozen import frozen
from septet.security.disguises import visible
from septet.security.hosts import inside, one_spelling

_HOST = r"(?:[^\W_](?:[\w-]{0,62})\.){1,8}(?:xn--[0-9A-Za-z-]{2,59}|[^\W\d_]{2,63})"
_URL = re.compile(
    r"(?<![a-z0-9+.-])(?P<scheme>(?:https?|ftp|wss?|file)(?=:)|[a-z][a-z0-9+.-]{1,31}(?=:[/\\]{2})):[/\\]*(?=[^\s<>\"'`])"
    r"|(?<![:/\\])[/\\]{2}(?=[^\s/\\]{0,253}[.\[])",
    re.IGNORECASE,
)
"""What stands before the host of a URL."""
_REST = re.compile(r"[^\s<>\"'`]{1,2048}")
_BARE = re.compile(rf"(?<![\w@/\\.:%-])(?:www\.)?{_HOST}(?=[/:?#\\])|(?<![\w.])(?:[0-9]{{1,3}}\.){{3}}[0-9]{{1,3}}(?=[/:])")
_ALONE = re.compile(
    r"(?:0[xX][0-9A-Fa-f]+|(?:[0-9xXA-Fa-f]{1,10}\.){1,3}[0-9xXA-Fa-f]{1,10}|\[?[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]?|localhost)"
)
"""A whole value that is nothing but an address, or this machine's name."""
_MAIL = re.compile(rf"(?<=[^\s@/(<>,;:])@(?P<domain>{_HOST}|\[[^\]\s]{{1,64}}\])")
_ROUTED = re.compile(r"[%!][^\s,;<>()@]{0,64}@")
_DOTS = str.maketrans("\u3002\uff0e\uff61", "...")
_CLIMBS = re.compile(r"(?i)(?:^|/|%2f)(?:\.|%2e){1,2}(?:/|%2f|$)|%2f|%5c|\\")
_PORTS = {"https": ":443", "http": ":80"}
_UNQUOTED = 3
"""How many times escapes are taken off, for a URL within a URL."""
_END = ".,;:!?)]}"
"""What ends a sentence rather than a URL."""


@frozen
class Egress:
    """Whether all of a call's addresses are where something may go."""

    allowed: bool
    reasons: tuple[str, ...] = ()
    """What is wrong with them, without naming one."""


@frozen
class Rules:
    """A deployment's list. A list that is there and empty lets nothing out; addresses inside a network are refused by any, and by none."""

    listed: bool = False
    """Whether there is a list at all."""
    hosts: frozenset[str] = frozenset()
    """Hosts over ``https``, with a port where it is another than 443; ``*.example.com`` for the names below it."""
    prefixes: tuple[str, ...] = ()
    """URLs whose continuations are allowed; each ends with a slash."""
    mail_domains: frozenset[str] = frozenset()
    """Domains of mail; ``*.example.com`` for the names below it."""

    def check(self, arguments: Any) -> Egress:
        """Every URL and address in the texts of *arguments*, a JSON value. Never raises."""
        reasons = {reason for text in _texts(arguments) for reason in self._wrong(text)}
        return Egress(allowed=not reasons, reasons=tuple(sorted(reasons)))

    def _wrong(self, text: str) -> Iterator[str]:
        for one in _readings(text):
            if _ALONE.fullmatch(one) and _inside(one):
                yield "an address inside a network"
            for scheme, rest in _urls(one):
                yield from self._url(scheme, rest)
            for found in _MAIL.finditer(one):
                yield from self._mail(found["domain"])
            if self.listed and _ROUTED.search(one):
                yield "an address of mail with a route in it"
        # A browser leaves out what ends a line within a URL; whether it is one is uncertain, so only what is never allowed counts here.
        if any(_inside(_host(_authority(rest))[0]) for _, rest in _urls(re.sub(r"[\t\r\n]", "", text))):
            yield "an address inside a network"

    def _url(self, scheme: str, rest: str) -> Iterator[str]:
        authority = _authority(rest)
        host, port = _host(authority)
        name = one_spelling(host)
        if scheme == "file" or not name:
            yield "a URL of a host that is none"
        elif inside(name):
            yield "an address inside a network"
        elif self.listed and ("@" in authority or "\\" in rest[: len(authority) + 1] or "%" in authority):
            yield "a URL that programs read differently"
        elif self.listed and not self._listed(scheme, name + port.removesuffix(_PORTS.get(scheme, "?")), rest[len(authority) :]):
            yield "a URL that is not on the list"

    def _listed(self, scheme: str, place: str, path: str) -> bool:
        if scheme == "https" and _named(place, self.hosts):
            return True
        url = f"{scheme}://{place}{path or '/'}"
        return not _CLIMBS.search(path) and any(url.startswith(prefix) for prefix in self.prefixes)

    def _mail(self, domain: str) -> Iterator[str]:
        name = "" if domain.startswith("[") else one_spelling(domain)
        if self.listed and not (name and _named(name, self.mail_domains)):
            yield "an address of mail that is not on the list"


def rules(value: Mapping[str, Any]) -> Rules:
    """The rules that the synth wrote of ``policies/egress.toml``; an empty *value* is no list."""
    if not value:
        return Rules()
    return Rules(
        listed=True,
        hosts=frozenset(value["hosts"]),
        prefixes=tuple(value["prefixes"]),
        mail_domains=frozenset(value["mail_domains"]),
    )


def _named(name: str, names: frozenset[str]) -> bool:
    if name in names:
        return True
    labels = name.split(".")
    return any(f"*.{'.'.join(labels[place:])}" in names for place in range(1, len(labels)))


def _urls(text: str) -> Iterator[tuple[str, str]]:
    """Scheme and what follows it of each URL, also of one that lacks its scheme or lies within another."""
    for found in _URL.finditer(text):
        if rest := _REST.match(text, found.end()):
            yield (found["scheme"] or "https").lower(), rest[0]
    for bare in _BARE.finditer(text):
        yield "https", bare[0]


def _authority(rest: str) -> str:
    return re.split(r"[/\\?#]", rest, maxsplit=1)[0]


def _inside(host: str) -> bool:
    name = one_spelling(host)
    return bool(name) and inside(name)


def _host(authority: str) -> tuple[str, str]:
    """The host and, with its colon, the port: of whoever is behind the last ``@``."""
    place = unquote(authority.rpartition("@")[2]).rstrip(_END.replace("]", ""))
    host, colon, port = place.rpartition(":")
    return (host, colon + port) if colon and (port.isdecimal() or not port) and not host.endswith(":") else (place, "")


def _texts(value: Any) -> Iterator[str]:
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            left += [*one, *one.values()]
        elif isinstance(one, list | tuple):
            left += one


def _readings(text: str) -> Iterator[str]:
    """*text* as it is shown, and with escapes taken off."""
    text = text.translate(_DOTS)
    shown = visible(text)
    text = (shown.text if shown else text).translate(_DOTS)
    for _ in range(_UNQUOTED):
        yield text
        before, text = text, unquote(text)
        if text == before:
            return
