"""Chooses between verdicts that assessors gave, without knowing whose they are."""

from septet.entry.agent import serve

handler = serve(__file__)
