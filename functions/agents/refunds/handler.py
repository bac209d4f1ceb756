"""Works out a refund, and issues it when the rules allow."""

from septet.entry.agent import serve

handler = serve(__file__)
