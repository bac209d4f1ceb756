"""Reads a customer's message and says who should work on it."""

from septet.entry.agent import serve

handler = serve(__file__)
