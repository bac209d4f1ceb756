"""The HTTP API: one table of operations, which the router serves and the OpenAPI document describes."""
