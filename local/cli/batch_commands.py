"""Commands about batches: a file of rows becomes runs."""

import hashlib
import uuid
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from local.cli.api import Api, Document
from local.cli.consoles import err, print_json, show
from local.cli.follow import ENDED
from local.cli.inputs import checked_amount, checked_key
from local.cli.options import Json
from local.cli.outcomes import BadUsage, Exit, Refused
from local.cli.platform import CUSTOMER, on_platform
from local.cli.run_views import to_type
from local.cli.surroundings import Surroundings

_PAUSE = 1.0
"""Seconds between two looks."""
_TYPES = {".csv": "text/csv", ".jsonl": "application/x-ndjson", ".ndjson": "application/x-ndjson"}


def add(septet: typer.Typer) -> None:
    """Add this command."""
    septet.command(rich_help_panel="Runs")(batch)


@on_platform(CUSTOMER)
def batch(
    outside: Surroundings,
    api: Api,
    what: Annotated[
        str, typer.Argument(metavar="FILE|RUN", help="A .csv with a header, or a .jsonl; or a batch to follow.", show_default=False)
    ],
    *,
    workflow: Annotated[str, typer.Option(metavar="WORKFLOW", help="What each row is given to, e.g. support.")] = "",
    columns: Annotated[
        list[str] | None, typer.Option("--column", metavar="FIELD=COLUMN", help="The column of a field; default: of the same name.")
    ] = None,
    row_key: Annotated[str, typer.Option("--row-key", metavar="COLUMN", help="The column that tells rows apart.")] = "",
    concurrency: Annotated[int, typer.Option(min=1, max=40, help="Rows that are worked on at once.")] = 10,
    row_budget: Annotated[str, typer.Option(metavar="DOLLARS", help="For each row. Default: what is usual.", show_default=False)] = "",
    tolerated: Annotated[float, typer.Option(min=0, max=100, metavar="PERCENT", help="Rows that may fail.")] = 0,
    attended: Annotated[bool, typer.Option("--attended/--unattended", help="Whether people answer questions of rows.")] = False,
    retry: Annotated[bool, typer.Option("--retry-failed", help="When it is started again, do rows that failed once more.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Start a batch that has ended again: what is left is done.")] = False,
    key: Annotated[str, typer.Option("--idempotency-key", metavar="KEY", help="The same key is the same batch.")] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="For the results. Default: FILE.results.csv.")
    ] = None,
    watching: Annotated[bool, typer.Option("--watch/--no-watch", help="Follow it until it has ended, and download the results.")] = True,
    as_json: Json = False,
) -> None:
    """Give each row of a file to a workflow, follow them, and download what became of them.

    A result that ends in .jsonl is downloaded as JSON lines. Exit status 1 when more rows failed than are tolerated.
    """
    if what.startswith("run-"):
        run = what
        if again:
            api.restart(run)
    else:
        asked = _asked(workflow, columns or [], row_key=row_key, row_budget=row_budget)
        asked |= {"concurrency": concurrency, "tolerated_percent": tolerated, "attended": attended, "retry": "failed" if retry else "left"}
        given = {"file": _uploaded(api, Path(what)), **asked}
        run = api.submit("batch", given, key=checked_key(key or str(uuid.uuid4())))["id"]
    if not watching and as_json:
        print_json({"run": run})
        return
    if not watching:
        show(to_type(f"septet batch {run}", before="The batch is accepted. Follow it: "))
        return
    place = output or Path(f"{what}.results.csv")
    raise typer.Exit(_followed(api, run, place, outside, as_json=as_json))


def _asked(workflow: str, columns: list[str], *, row_key: str, row_budget: str) -> dict[str, Any]:
    if not workflow:
        raise BadUsage("nobody is named to give the rows to", fix="add --workflow, e.g. --workflow support")
    pairs = [pair.partition("=") for pair in columns]
    if wrong := [field for field, equals, column in pairs if not (field and equals and column)]:
        raise BadUsage(f"--column {wrong[0]} names no column", fix="give --column FIELD=COLUMN, e.g. --column message=text")
    asked: dict[str, Any] = {"workflow": workflow}
    asked |= {"columns": [{"field": field, "column": column} for field, _, column in pairs]} if pairs else {}
    asked |= {"key": row_key} if row_key else {}
    return asked | ({"row_budget": checked_amount("--row-budget", row_budget)} if row_budget else {})


def _uploaded(api: Api, path: Path) -> str:
    """The id of the file, uploaded if it is not."""
    if path.suffix.lower() not in _TYPES:
        raise BadUsage(f"{path} is no file of rows", fix=f"give one that ends in {', '.join(_TYPES)}")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadUsage(f"{path} cannot be read: {error.strerror}", fix="give a file that is there") from error
    sha256 = hashlib.sha256(content).hexdigest()
    offered = {"name": path.name, "media_type": _TYPES[path.suffix.lower()], "bytes": len(content), "sha256": sha256}
    file = api.offer(offered)
    if file["transfer"]:
        api.move(file["transfer"], content)
    return str(file["id"])


def _followed(api: Api, run: str, place: Path, outside: Surroundings, *, as_json: bool) -> Exit:
    """Follow the batch, say how far it is, and keep its results."""
    told = ""
    while (found := api.run(run))["status"] not in ENDED:
        if (line := _progress(api, run)) != told:
            told = line
            err().print(Text(line))
        outside.wait(_PAUSE)
    batch = _rows(api, run) or {}
    if files := batch.get("files"):
        name = "results.jsonl" if place.suffix == ".jsonl" else "results.csv"
        place.write_bytes(api.move(api.file(files[name])["transfer"]))
    if as_json:
        print_json({**found, "results": str(place) if files else None})
    else:
        show(Text(_summary(found, batch, place)))
    return Exit.OK if found["status"] == "succeeded" else Exit.FAILED


def _progress(api: Api, run: str) -> str:
    found = _rows(api, run)
    return f"{run}: {found['rows']} rows; {_counts(found) or 'none begun'}" if found else f"{run}: its file is being read"


def _rows(api: Api, run: str) -> Document | None:
    """How the batch stands; None while its file is not read."""
    try:
        return api.rows(run)
    except Refused as refused:
        if refused.status != HTTPStatus.NOT_FOUND:
            raise
        return None


def _counts(batch: Document) -> str:
    return ", ".join(f"{number} {status}" for status, number in sorted(batch["counts"].items()))


def _summary(found: Document, batch: Document, place: Path) -> str:
    why = (found["failure"] or {}).get("message", "")
    said = f"{found['id']}: {found['status']}" + (f": {why}" if why else "")
    results = f"\nresults: {place}" if batch.get("files") else ""
    return f"{said}\n{batch['rows']} rows: {_counts(batch)}{results}" if batch else said
