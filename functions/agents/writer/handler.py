"""Writes the answer that the customer reads."""

from septet.entry.agent import serve

handler = serve(__file__)
