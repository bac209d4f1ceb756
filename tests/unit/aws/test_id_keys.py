from typing import Any

import pytest
from botocore.exceptions import ClientError

from septet.aws.id_keys import LIFESPAN_MS, SecretIdKeys
from septet.core.errors import StoreUnavailable


class Manager:
    """A double of Secrets Manager's client."""

    class exceptions:  # noqa: N801 -- boto3's name for it
        class ResourceNotFoundException(ClientError):  # noqa: N818 -- boto3's name for it
            pass

    def __init__(self, *values: str) -> None:
        self.values = values
        """The present one first."""
        self.asked: list[tuple[str, str]] = []

    def get_secret_value(self, SecretId: str, VersionStage: str = "AWSCURRENT") -> Any:  # noqa: N803 -- boto3's names
        self.asked.append((SecretId, VersionStage))
        place = ("AWSCURRENT", "AWSPREVIOUS").index(VersionStage)
        if place >= len(self.values):
            error = self.exceptions.ResourceNotFoundException if self.values else ClientError
            raise error({"Error": {"Code": "AccessDeniedException"}}, "GetSecretValue")
        return {"SecretString": self.values[place]}


class Clock:
    now = 1_000

    def __call__(self) -> int:
        return self.now


def keys(manager: Manager, clock: Clock | None = None) -> SecretIdKeys:
    return SecretIdKeys(lambda: manager, "septet-dev-ids", clock or Clock())


def test_a_secret_that_was_never_changed_is_the_only_one() -> None:
    assert keys(Manager("one"))() == (b"one",)


def test_after_a_change_the_one_before_is_there_too() -> None:
    assert keys(Manager("two", "one"))() == (b"two", b"one")


def test_it_is_read_once_in_a_while_and_then_anew() -> None:
    manager, clock = Manager("one"), Clock()
    found = keys(manager, clock)
    assert [found(), found()] == [(b"one",), (b"one",)]
    assert manager.asked == [("septet-dev-ids", "AWSCURRENT"), ("septet-dev-ids", "AWSPREVIOUS")]
    manager.values = ("two", "one")
    clock.now += LIFESPAN_MS
    assert found() == (b"two", b"one")


def test_without_it_nothing_is_submitted_under_a_key() -> None:
    with pytest.raises(StoreUnavailable, match="secret of ids"):
        keys(Manager())()
