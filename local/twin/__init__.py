"""The twin's life cycle and deployment: start, look, stop, deploy. Nothing here prints; the command line does."""
