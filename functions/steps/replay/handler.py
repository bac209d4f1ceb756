"""Goes on with replays: a portion for each message of their queue, which then calls the next."""

from septet.entry.replays import serve

handler = serve(__file__)
