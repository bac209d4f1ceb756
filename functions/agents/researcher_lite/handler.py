"""Takes a question over from a specialist who could not answer it, with another model and fewer steps."""

from septet.entry.agent import serve

handler = serve(__file__)
