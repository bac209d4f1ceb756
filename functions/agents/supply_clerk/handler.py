"""Tells the customer what becomes of a late delivery."""

from septet.entry.agent import serve

handler = serve(__file__)
