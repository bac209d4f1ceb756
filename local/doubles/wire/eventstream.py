"""The binary framing application/vnd.amazon.eventstream, encoding only.

A message is a prelude (total length, headers' length, CRC32 of the two), headers, payload, and a CRC32 of all before it; numbers
are big-endian. A header is a length byte, the name, a type byte (7 = string), two length bytes and the value.
Source: Smithy 2.0, "Amazon Event Stream Specification".
"""

import json
from binascii import crc32
from struct import pack
from typing import Any

CONTENT_TYPE = "application/vnd.amazon.eventstream"
_STRING = 7
_AROUND_HEADERS_AND_PAYLOAD = 16
"""Bytes of the prelude with its checksum, and of the message's checksum."""


def encode(headers: dict[str, str], payload: bytes) -> bytes:
    """Frame one message. A name is at most 255 bytes of UTF-8, a value 65,535."""
    head = b"".join(_header(name.encode(), value.encode()) for name, value in headers.items())
    prelude = pack("!II", len(head) + len(payload) + _AROUND_HEADERS_AND_PAYLOAD, len(head))
    message = prelude + pack("!I", crc32(prelude)) + head + payload
    return message + pack("!I", crc32(message))


def event(name: str, payload: dict[str, Any]) -> bytes:
    """Frame an event of a stream."""
    headers = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    return encode(headers, json.dumps(payload).encode())


def payload(name: str, content: bytes) -> bytes:
    """Frame an event whose payload is bytes, not JSON."""
    return encode({":event-type": name, ":content-type": "application/octet-stream", ":message-type": "event"}, content)


def exception(name: str, body: dict[str, str]) -> bytes:
    """Frame an exception that ends a stream; *name* is the stream's member, such as throttlingException."""
    headers = {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}
    return encode(headers, json.dumps(body).encode())


def _header(name: bytes, value: bytes) -> bytes:
    return pack("!B", len(name)) + name + pack("!BH", _STRING, len(value)) + value
