"""Bedrock Runtime's wire protocol: pure translation between bytes and what a model call means."""
