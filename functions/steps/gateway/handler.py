"""The only way to a tool: validates, decides, performs once, records."""

from septet.entry.gateway import serve

handler = serve(__file__)
