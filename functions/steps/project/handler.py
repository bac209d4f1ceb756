"""Projects what journals and runs came to; the streams of their tables say where to look."""

from septet.entry.streams import serve

handler = serve(__file__)
