"""Looks an order up and reports what it found."""

from septet.entry.agent import serve

handler = serve(__file__)
