"""Making one answer of what agents in parallel branches found: pure rules, each with a rationale that a person can recompute."""
