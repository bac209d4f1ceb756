"""Words of a language, written in a row."""


def listed(row: str) -> frozenset[str]:
    """The words of *row*, which spaces separate."""
    return frozenset(row.split())
