"""The tables and the bucket, each as its port; who needs one loads that one."""

from functools import cache
from typing import TYPE_CHECKING

from septet.bootstrap.settings import pause, settings

if TYPE_CHECKING:
    from septet.aws.approvals import DynamoApprovals
    from septet.aws.choices import DynamoChoices
    from septet.aws.costs import DynamoCosts
    from septet.aws.file_contents import S3FileContents
    from septet.aws.files import DynamoFiles
    from septet.aws.inquiries import DynamoInquiries
    from septet.aws.progress import DynamoProgresses
    from septet.aws.replays import DynamoReplays
    from septet.aws.rows import DynamoRows
    from septet.aws.runs import DynamoRuns
    from septet.aws.sessions import DynamoSessions
    from septet.aws.stop_records import DynamoStopRecords
    from septet.aws.summaries import DynamoSummaries
    from septet.aws.unsealed import DynamoUnsealed
    from septet.aws.waits import DynamoWaits


@cache
def runs() -> "DynamoRuns":
    """The run records in DynamoDB."""
    from septet.aws.clients import client
    from septet.aws.runs import DynamoRuns

    return DynamoRuns(client("dynamodb"), settings().runs_table)


@cache
def costs() -> "DynamoCosts":
    """What runs have cost."""
    from septet.aws.clients import client
    from septet.aws.costs import DynamoCosts

    return DynamoCosts(client("dynamodb"), settings().costs_table)


@cache
def summaries() -> "DynamoSummaries":
    """What runs came to."""
    from septet.aws.clients import client
    from septet.aws.summaries import DynamoSummaries

    return DynamoSummaries(client("dynamodb"), settings().summaries_table)


@cache
def progresses() -> "DynamoProgresses":
    """How far the projector has come with each branch."""
    from septet.aws.clients import client
    from septet.aws.progress import DynamoProgresses

    return DynamoProgresses(client("dynamodb"), settings().projections_table)


@cache
def unsealed() -> "DynamoUnsealed":
    """The runs that may have entries no seal has."""
    from septet.aws.clients import client
    from septet.aws.unsealed import DynamoUnsealed

    return DynamoUnsealed(client("dynamodb"), settings().runs_table)


@cache
def stop_records() -> "DynamoStopRecords":
    """What was ordered to stop, and what became of it."""
    from septet.aws.clients import client
    from septet.aws.stop_records import DynamoStopRecords

    return DynamoStopRecords(client("dynamodb"), settings().stops_table)


@cache
def approvals() -> "DynamoApprovals":
    """The approvals in DynamoDB."""
    from septet.aws.approvals import DynamoApprovals
    from septet.aws.clients import client

    return DynamoApprovals(client("dynamodb"), settings().approvals_table)


@cache
def waits() -> "DynamoWaits":
    """The task tokens in DynamoDB."""
    from septet.aws.clients import client
    from septet.aws.waits import DynamoWaits

    return DynamoWaits(client("dynamodb"), settings().waits_table)


@cache
def inquiries() -> "DynamoInquiries":
    """The inquiries in DynamoDB."""
    from septet.aws.clients import client
    from septet.aws.inquiries import DynamoInquiries

    return DynamoInquiries(client("dynamodb"), settings().inquiries_table)


@cache
def sessions() -> "DynamoSessions":
    """The sessions in DynamoDB."""
    from septet.aws.clients import client
    from septet.aws.sessions import DynamoSessions

    return DynamoSessions(client("dynamodb"), settings().sessions_table, pause=pause)


@cache
def replays() -> "DynamoReplays":
    """The replays, with their checkpoints."""
    from septet.aws.clients import client
    from septet.aws.replays import DynamoReplays

    return DynamoReplays(client("dynamodb"), settings().replays_table, pause=pause)


@cache
def rows() -> "DynamoRows":
    """The rows of batches in DynamoDB."""
    from septet.aws.clients import client
    from septet.aws.rows import DynamoRows

    return DynamoRows(client("dynamodb"), settings().rows_table)


@cache
def files() -> "DynamoFiles":
    """The records of files in DynamoDB."""
    from septet.aws.clients import client
    from septet.aws.files import DynamoFiles

    return DynamoFiles(client("dynamodb"), settings().files_table)


@cache
def file_contents() -> "S3FileContents":
    """The contents of files, in the bucket of bodies."""
    from septet.aws.clients import client
    from septet.aws.file_contents import S3FileContents

    return S3FileContents(client("s3", signature="s3v4"), settings().bodies_bucket, settings().bodies_key)


@cache
def choices() -> "DynamoChoices":
    """What is remembered of agents that were chosen."""
    from septet.aws.choices import DynamoChoices
    from septet.aws.clients import client

    return DynamoChoices(client("dynamodb"), settings().choices_table)
