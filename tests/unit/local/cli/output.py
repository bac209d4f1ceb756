"""Output as tests read it."""


def unwrapped(text: str) -> str:
    """What it says, whatever the width it was printed for."""
    return " ".join(text.split())
