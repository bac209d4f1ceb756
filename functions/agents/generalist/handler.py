"""Looks into what nobody else has the skill for."""

from septet.entry.agent import serve

handler = serve(__file__)
