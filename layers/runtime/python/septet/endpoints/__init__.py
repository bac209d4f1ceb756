"""Servers that speak an open protocol, reached by plain HTTP: no AWS, no packages."""
