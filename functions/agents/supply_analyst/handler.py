"""Looks at a late purchase order, and reserves stock elsewhere."""

from septet.entry.agent import serve

handler = serve(__file__)
