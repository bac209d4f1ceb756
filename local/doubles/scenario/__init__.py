"""The scenario back-end, a test double: files that say what each agent's model answers, and how they are played."""
