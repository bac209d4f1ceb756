"""Keeps LocalStack on this machine: a connection to anywhere else, or asking for another machine's name, fails at once."""

import ipaddress
import logging
import os
import socket
import sys
from typing import Any, Final

LOG: Final = logging.getLogger(__name__)
_HERE: Final = frozenset({"", "localhost", "localhost.", "0.0.0.0", "::", socket.gethostname().lower()})  # noqa: S104 names of this machine


def enforce() -> None:
    """Refuse every connection that leaves this machine, for as long as this process lives. Functions' processes are not touched."""
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"  # boto3 would ask a cloud machine's own address for credentials
    sys.addaudithook(_audit)


def stays(host: object) -> bool:
    """Whether a host, by name or address, is this machine."""
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if host is None or not isinstance(host, str):
        return True  # a local socket's, or none at all
    name = host.lower().split("%")[0]
    try:
        return ipaddress.ip_address(name).is_loopback or name in _HERE
    except ValueError:
        return name in _HERE or name.endswith(".localhost")


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        if isinstance(address, tuple) and not stays(address[0]):
            raise _refusal(address[0])
    elif event == "socket.getaddrinfo" and not stays(arguments[0]):
        raise _refusal(arguments[0])


def _refusal(host: object) -> OSError:
    LOG.warning("Refused: LocalStack wanted to reach %s, and the twin stays on this machine", host)
    return socket.gaierror(f"the twin reaches nothing outside this machine: {host!r}")
