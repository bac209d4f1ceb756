"""What an earlier start has left: parts that can be used, processes in the way, and what to say about the rest."""

from dataclasses import dataclass

import psutil

from local.twin import health, processes, record
from local.twin.layout import Layout
from local.twin.parts import Part
from local.twin.record import Running


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What was found."""

    running: dict[str, Running]
    """The parts that run and answer."""
    strays: tuple[psutil.Process, ...]
    """Processes of this twin that are of no use: they do not answer, or no record names them."""
    repairs: tuple[str, ...]
    """What is wrong and what is done about it, a sentence each."""


def survey(layout: Layout, parts: tuple[Part, ...]) -> Survey:
    """Look at the record, at the processes and at what answers. Changes nothing."""
    recorded = record.read(layout.parts)
    running: dict[str, Running] = {}
    strays: list[psutil.Process] = []
    repairs: list[str] = []
    if recorded is None:
        repairs.append(f"The record {layout.parts.name} cannot be read: starting with clean state.")
    elif not recorded and any(path.exists() for path in layout.rebuilt):
        repairs.append("An earlier twin left state behind: it is removed.")
    for part in parts:
        one = (recorded or {}).get(part.name)
        process = one.process() if one else None
        if one and process and health.is_healthy(part, seconds=part.answer_within):
            running[part.name] = one
        elif one and process:
            repairs.append(f"{part.name} (pid {one.pid}) runs but does not answer: ending it and starting it anew.")
            strays.append(process)
        elif one:
            repairs.append(f"{part.name} (pid {one.pid}) has ended: starting it anew, without what was in it.")
        strays += _unrecorded(layout, part, running.get(part.name), process, repairs)
    return Survey(running=running, strays=tuple(strays), repairs=tuple(repairs))


def _unrecorded(layout: Layout, part: Part, used: Running | None, known: psutil.Process | None, repairs: list[str]) -> list[psutil.Process]:
    """Processes with the part's mark that no record names, less the one in use and what that started."""
    if used:
        return []
    found = [process for process in processes.marked(layout.home, part.name) if process != known]
    repairs += [f"{part.name} (pid {process.pid}) runs without a record: ending it." for process in found]
    return found
