"""Decides which of several values stands, where specialists contradict each other."""

from septet.entry.agent import serve

handler = serve(__file__)
