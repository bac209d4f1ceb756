"""Draws the state machines, and writes what each of their failures does: docs/workflows.md."""
