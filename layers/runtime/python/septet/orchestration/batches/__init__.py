"""Batches: one run for each row of a file."""
