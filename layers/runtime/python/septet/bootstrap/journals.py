"""The journal, and who reads or extends it how."""

from functools import cache
from typing import TYPE_CHECKING

from septet.bootstrap.settings import now, settings

if TYPE_CHECKING:
    from septet.aws.bodies import S3Bodies
    from septet.aws.journal import DynamoJournal
    from septet.core.journal import Branch
    from septet.orchestration.mainline import Mainline


@cache
def journal() -> "DynamoJournal":
    """The journal in DynamoDB, with its large bodies in S3."""
    from septet.aws.clients import client
    from septet.aws.journal import DynamoJournal

    return DynamoJournal(client("dynamodb"), settings().journal_table, bodies())


def gapped() -> "DynamoJournal":
    """The journal for a reader that goes on where content was erased."""
    from septet.aws.clients import client
    from septet.aws.journal import DynamoJournal

    return DynamoJournal(client("dynamodb"), settings().journal_table, bodies(), gaps=True)


def unread() -> "DynamoJournal":
    """The journal for a reader of what entries cost and where branches end: it reads no large bodies."""
    from septet.aws.clients import client
    from septet.aws.journal import DynamoJournal
    from septet.aws.unread import UnreadBodies

    return DynamoJournal(client("dynamodb"), settings().journal_table, UnreadBodies(), gaps=True)


def bodies() -> "S3Bodies":
    """The bodies in S3."""
    from septet.aws.bodies import S3Bodies
    from septet.aws.clients import client

    return S3Bodies(lambda: client("s3"), settings().bodies_bucket, settings().bodies_key)


def line(branch: "Branch") -> "Mainline":
    """A branch as steps read it and extend it."""
    from septet.orchestration.mainline import Mainline

    return Mainline(journal=journal(), branch=branch, clock=now)
