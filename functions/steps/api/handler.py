"""The HTTP API."""

from septet.entry.api import serve

handler = serve(__file__)
