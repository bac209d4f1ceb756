"""The demo: the twin started, the stacks deployed, three runs shown as they happen, and what came of them checked."""
