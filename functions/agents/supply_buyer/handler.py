"""Decides whether to wait for a late delivery or to order elsewhere."""

from septet.entry.agent import serve

handler = serve(__file__)
