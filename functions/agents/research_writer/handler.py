"""Writes the answer with its sources, and says what could not be found out."""

from septet.entry.agent import serve

handler = serve(__file__)
