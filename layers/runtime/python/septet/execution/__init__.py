"""The turn: one agent working inside a run, as a pure decision and a small driver that performs it."""
