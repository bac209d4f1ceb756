"""Takes over a refund when the first refunds agent cannot finish it."""

from septet.entry.agent import serve

handler = serve(__file__)
