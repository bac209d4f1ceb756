"""Handlers' thin wrapper: what a function's folder calls to become a Lambda function."""
