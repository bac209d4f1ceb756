"""Examines a claim as the assessor does, with other models."""

from septet.entry.agent import serve

handler = serve(__file__)
