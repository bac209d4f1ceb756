"""``policies/egress.toml``: where something may go. Without the file there is no list; what the file leaves out goes nowhere."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from stacks.catalog.declarations import Json
from stacks.catalog.fields import Fields, toml
from stacks.catalog.problems import Problems

FILE = "policies/egress.toml"
_NAME = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z](?:[a-z0-9-]{0,61}[a-z0-9])"
_HOST = re.compile(rf"(?:\*\.(?=[^.]+\.))?{_NAME}(?::(?!443$)[1-9][0-9]{{0,4}})?")
_DOMAIN = re.compile(rf"(?:\*\.(?=[^.]+\.))?{_NAME}")
_PATH = re.compile(r"/(?:[A-Za-z0-9._~-]+/)*")


def egress(root: Path, problems: Problems) -> Json:
    """The list as the gateway reads it; empty when there is none."""
    if not (root / FILE).exists():
        return {}
    fields = toml(root / FILE, FILE, problems)
    if fields is None:
        return {}
    found = {
        "hosts": _texts(
            fields, "hosts", _HOST.fullmatch, "a host in lower case, an international one as xn--…, with its port unless that is 443"
        ),
        "prefixes": _texts(fields, "prefixes", _is_prefix, "a URL as https://files.example.com/public/, which ends with a slash"),
        "mail_domains": _texts(fields, "mail_domains", _DOMAIN.fullmatch, "a domain in lower case, as example.com or *.example.com"),
    }
    fields.done()
    return found


def _texts(fields: Fields, key: str, fits: Callable[[str], object], what: str) -> list[str]:
    found = fields.names(key)
    for item in found:
        if not fits(item):
            fields.wrong(key, f"has {item!r}: give {what}")
    return list(found)


def _is_prefix(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    whole = f"{parts.scheme}://{parts.netloc}{parts.path}" == url
    path = _PATH.fullmatch(parts.path) and not {".", ".."} & set(parts.path.split("/"))
    return bool(whole and path and parts.scheme in {"https", "http"} and _HOST.fullmatch(parts.netloc) and "*" not in url)
