"""Projections of the journal: what a person or a program wants to know of a run. Pure."""
