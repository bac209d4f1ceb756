"""Reading a journal without its large bodies: what it cost stands in every entry's header."""

from typing import Never

from septet.aws.bodies import S3Bodies
from septet.core.journal import Branch


class UnreadBodies(S3Bodies):
    """Bodies for a reader that may reach none: each is read as if it had been erased."""

    def __init__(self) -> None: ...

    def get(self, branch: Branch, digest: str) -> None:
        """Nothing."""

    def put(self, branch: Branch, digest: str, body: bytes) -> Never:
        """Raise ValueError: whoever reads no bodies writes none."""
        raise ValueError(f"the body of an entry of {branch.path} has {len(body)} bytes: this journal writes small ones alone ({digest})")
