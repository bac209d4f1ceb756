"""Writes down which verdict stands and why, with the documents that say so."""

from septet.entry.agent import serve

handler = serve(__file__)
