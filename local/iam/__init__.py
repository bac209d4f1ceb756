"""The proof of who may do what: our own statements, evaluated as IAM would, for calls that the twin recorded. IAM is not asked."""
