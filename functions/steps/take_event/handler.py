"""Takes events from their queue: each that is declared starts a run, every other ends where a person finds it."""

from septet.entry.events import serve

handler = serve(__file__)
