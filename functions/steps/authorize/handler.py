"""The outer gate of the HTTP API: who has no valid token does not reach it."""

from septet.entry.authorizer import serve

handler = serve()
