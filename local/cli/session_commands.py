"""Commands about how work goes on: sessions, restarts and forks."""

import uuid
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from local.cli import run_views
from local.cli.api import Api, Document
from local.cli.consoles import print_json, show
from local.cli.inputs import checked_amount, checked_key
from local.cli.options import Json
from local.cli.outcomes import BadUsage, Exit
from local.cli.plain import counted, plain, short
from local.cli.platform import CUSTOMER, OPERATOR, on_platform
from local.cli.surroundings import Surroundings
from septet.core.money import dollars

_PANEL = "Going on"
_PAUSE = 0.5
"""Seconds between two looks at a run."""
_ENDED = ("succeeded", "failed", "stopped", "timed_out", "refused")
_ACTS = ("begin", "say", "show", "close", "delete")
_ANSWERS = ("enqueue", "reject", "interrupt", "rollback")
Key = Annotated[str, typer.Option("--idempotency-key", metavar="KEY", help="The same key again is the same.")]


def add(septet: typer.Typer) -> None:
    """Add these commands."""
    for command in (session, restart, fork):
        septet.command(rich_help_panel=_PANEL)(command)


@on_platform(CUSTOMER)
def session(
    outside: Surroundings,  # noqa: ARG001 -- every command gets its surroundings
    api: Api,
    act: Annotated[str, typer.Argument(metavar="begin|say|show|close|delete")],
    which: Annotated[str, typer.Argument(metavar="WORKFLOW|SESSION")],
    message: Annotated[str, typer.Argument(metavar="[MESSAGE]")] = "",
    *,
    if_busy: Annotated[str, typer.Option("--if-busy", help="While a run goes on: enqueue, reject, interrupt or rollback.")] = "enqueue",
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Begin a session, say something in it, see it, close or delete it."""
    if act not in _ACTS:
        raise BadUsage(f"{act} is nothing to do with a session", fix=f"give one of {', '.join(_ACTS)}")
    if (act == "say") != bool(message):
        raise BadUsage("there is nothing to say" if act == "say" else f"{act} takes no message", fix='septet session say SESSION "…"')
    if if_busy not in _ANSWERS:
        raise BadUsage(f"--if-busy {if_busy} is no answer", fix=f"give one of {', '.join(_ANSWERS)}")
    key = checked_key(key) if key else uuid.uuid4().hex
    match act:
        case "begin":
            found = api.begin_session(which, key=key)
        case "say":
            found = api.say(which, {"message": message}, if_busy=if_busy, key=key)
        case "show":
            found = api.session(which)
        case _:
            found = api.end_session(which, delete=act == "delete")
    if as_json:
        print_json(found)
    else:
        show(_said(found) if act == "say" else _session(found))


@on_platform(OPERATOR)
def restart(
    outside: Surroundings,  # noqa: ARG001 -- every command gets its surroundings
    api: Api,
    run: Annotated[str, typer.Argument(metavar="RUN")],
    *,
    turn: Annotated[list[str] | None, typer.Option(metavar="TURN", help="A turn that begins again; repeat for more.")] = None,
    budget: Annotated[str, typer.Option(metavar="DOLLARS", help="What it may spend from now on.")] = "",
    as_json: Json = False,
) -> None:
    """Let a run that failed, timed out or was stopped go on from the agent that failed. What was paid stays paid, once."""
    found = api.restart(run, {"turns": turn or []} | ({"budget": checked_amount("--budget", budget)} if budget else {}))
    if as_json:
        print_json(found)
    else:
        show(Text(f"{plain(found['id'])} goes on; see it with septet watch {plain(found['id'])}"))


@on_platform(OPERATOR)
def fork(
    outside: Surroundings,
    api: Api,
    run: Annotated[str, typer.Argument(metavar="RUN")],
    *,
    at: Annotated[str, typer.Option(metavar="TURN|NUMBER", help="The turn that begins anew, or the last entry that is copied.")],
    model: Annotated[list[str] | None, typer.Option(metavar="AGENT=MODEL", help="Another of the agent's models.")] = None,
    prompt: Annotated[list[str] | None, typer.Option(metavar="AGENT=FILE", help="Another prompt.")] = None,
    message: Annotated[str, typer.Option(metavar="TEXT", help="Another message in place of the first.")] = "",
    budget: Annotated[str, typer.Option(metavar="DOLLARS", help="What the fork may spend at most.")] = "",
    key: Key = "",
    watching: Annotated[bool, typer.Option("--watch/--no-watch", help="Wait for its end, and show it beside the run.")] = True,
    as_json: Json = False,
) -> None:
    """Start a run that begins with what RUN did, goes on with something else, and compare the two."""
    agents: dict[str, dict[str, str]] = {}
    for name, text in _pairs("--model", model or []):
        agents.setdefault(name, {})["model"] = text
    for name, file in _pairs("--prompt", prompt or []):
        agents.setdefault(name, {})["prompt"] = _text(file)
    wanted: dict[str, Any] = {"at": int(at) if at.isdecimal() else at, "agents": agents}
    wanted |= {"input": {"message": message}} if message else {}
    wanted |= {"budget": checked_amount("--budget", budget)} if budget else {}
    begun = api.fork(run, wanted, key=checked_key(key) if key else uuid.uuid4().hex)
    forked = api.run(begun["id"])
    while watching and forked["status"] not in (*_ENDED, "waiting"):
        outside.wait(_PAUSE)
        forked = api.run(begun["id"])
    if as_json:
        print_json({"run": api.run(run), "fork": forked})
    else:
        show(_compared(api.run(run), forked))
    if watching and forked["status"] != "succeeded":
        raise typer.Exit(Exit.FAILED)


def _pairs(option: str, given: list[str]) -> list[tuple[str, str]]:
    for pair in given:
        if not all(pair.partition("=")):
            raise BadUsage(f"{option} {pair!r} names no agent and value", fix=f"write it as {option} agent=value")
    return [(name, value) for name, _, value in (pair.partition("=") for pair in given)]


def _text(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadUsage(f"{file} cannot be read as UTF-8: {error}", fix="give a text file") from error


def _said(found: Document) -> Text:
    lines = [f"message {found['number']} of {found['session']}: {found['status']}"]
    lines += [f"its run is {found['run']}"] if found["run"] else [f"{counted(found['place'], 'run comes', 'runs come')} before it"]
    if found["ended"]:
        lines.append(f"{found['ended']} is ended for it")
    lines += [f"  {effect['outcome']}: {effect['tool']} {effect['arguments']}" for effect in found["effects"]]
    return Text("\n".join(map(plain, lines)))


def _session(found: Document) -> Text:
    lines = [f"{found['id']} ({found['workflow']}, {found['status']})"]
    lines += [f"{found['running']} runs" + (f", and will be {found['ending']}" if found["ending"] else "")] if found["running"] else []
    for message in reversed(found["messages"]):
        error = f" ({message['error']})" if message["error"] else ""
        lines.append(f"{message['number']:>4}  {message['status']:<12} {message['run'] or '-'}{error}")
    return Text("\n".join(map(plain, lines)))


def _compared(run: Document, forked: Document) -> Table:
    table = Table("", "run", "fork", box=None, pad_edge=False)
    both = (run, forked)
    table.add_row("id", *(one["id"] for one in both))
    table.add_row("status", *(one["status"] for one in both))
    table.add_row("path", *(plain(run_views.path(one)) for one in both))
    table.add_row("model calls", *(str(one["model_calls"]) for one in both))
    table.add_row("failed beside them", *(str(one["model_calls_failed"]) for one in both))
    table.add_row("tool calls", *(str(one["tool_calls"]) for one in both))
    table.add_row("cost", *(dollars(one["cost_microdollars"]) for one in both))
    table.add_row("answer", *(Text("-" if one["answer"] is None else short(run_views.answer(one["answer"]), 400)) for one in both))
    return table
