"""Finds, reads and reports what the library says about one question."""

from septet.entry.agent import serve

handler = serve(__file__)
