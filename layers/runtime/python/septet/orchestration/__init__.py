"""What a state machine needs beside agents: closing a run's record when its execution has ended. Pure."""
