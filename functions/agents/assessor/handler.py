"""Examines a claim by what the library says, and gives a verdict with the words that it rests on."""

from septet.entry.agent import serve

handler = serve(__file__)
