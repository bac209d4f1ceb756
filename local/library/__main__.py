"""``python -m local.library FILE --table TABLE --tenant TENANT``: puts a file of documents into a tenant's library.

It writes to AWS with the caller's own credentials, or to wherever ``AWS_ENDPOINT_URL`` says. docs/research.md shows it.
"""

import argparse
import sys
from pathlib import Path

import boto3

from local.library import UnfitDocument, archive, put, read


def main() -> int:
    """Write the documents; the exit status says whether all were."""
    parser = argparse.ArgumentParser(prog="python -m local.library", description="Put documents into a tenant's library.")
    parser.add_argument(
        "file", type=Path, nargs="?", help="one JSON object a line: id, title, date, text; the demo's archive when left out"
    )
    parser.add_argument("--table", required=True, help="as septet-prod-documents")
    parser.add_argument("--tenant", required=True)
    given = parser.parse_args()
    try:
        documents = list(read(given.file) if given.file else archive())
    except (UnfitDocument, OSError) as error:
        sys.stderr.write(f"{error}; nothing was written\n")
        return 1
    print(f"{put(boto3.client('dynamodb'), given.table, given.tenant, documents)} documents in the library of {given.tenant}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
