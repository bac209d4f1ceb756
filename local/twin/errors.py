"""How the twin fails: with a sentence that says what happened and one that says what to do."""


class TwinError(Exception):
    """The twin cannot do what was asked."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} {remedy}")
        self.what = what
        self.remedy = remedy
