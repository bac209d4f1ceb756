"""Splits a question into those that specialists answer at the same time."""

from septet.entry.agent import serve

handler = serve(__file__)
