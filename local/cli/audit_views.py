"""What an audit found, as a terminal shows it."""

from rich.console import Group, RenderableType
from rich.text import Text

from local.cli.auditing import Audit
from local.cli.plain import counted, plain
from local.cli.style import LABEL, NAME
from septet.core.auditing import Checked

SEALING = "sealing runs every 15 minutes, for each tenant once an hour"
RECORD = "No seal covers the run's record in the file's line 1 (status, submitter, times, …): it is there to be read, not proven."
MOST = 20
"""Branches that are shown one by one; of more, those with something to say."""


def audit(found: Audit) -> RenderableType:
    """What was checked, and what is wrong."""
    held = [one for one in found.branches if one.entries or one.findings]
    shown = held if len(held) <= MOST else [one for one in held if one.findings or one.unsealed]
    lines: list[RenderableType] = [_seals(found), *map(_branch, shown)]
    if len(shown) < len(held):
        lines.append(Text(f"and {counted(len(held) - len(shown), 'branch that is', 'branches that are')} sealed whole"))
    entries = sum(one.entries for one in held)
    if found.findings:
        wrong = [Text(f"  {plain(str(finding))}", style="red") for finding in found.findings]
        return Group(*lines, Text(f"NOT verified, {len(wrong)} found in {counted(entries, 'entry', 'entries')}:", style="red"), *wrong)
    return Group(*lines, _verdict(found, entries))


def _verdict(found: Audit, entries: int) -> Group:
    unsealed = sum(one.unsealed for one in found.branches)
    told = f"verified: {counted(entries, 'entry is what it was', 'entries are what they were')}"
    if entries and unsealed == entries:
        told = (
            f"consistent, but no seal covers {'it' if entries == 1 else 'them'} yet ({counted(entries, 'entry', 'entries')}): "
            f"nothing shows that they are the original; {SEALING}"
        )
    elif unsealed:
        told += f"; {unsealed} of them no seal covers yet"
    lines = [Text(told, style="yellow" if unsealed else "green")]
    return Group(*lines, *([Text(RECORD, style=LABEL)] if found.exported else []))


def _seals(found: Audit) -> Text:
    last = f", the last is {plain(found.last)}" if found.last else ""
    text = Text(plain(found.of), style=NAME).append(f"  {counted(found.seals, 'seal', 'seals')}{last}", style="not bold")
    if found.last_hash:
        text.append(f"\n  its hash, to keep: {plain(found.last_hash)}", style=f"not bold {LABEL}")
    word = "given" if found.trusted.given else "NOT given: compare it with one that you keep"
    for one in found.trusted.fingerprints:
        text.append(f"\n  key {one} ({word})", style=f"not bold {LABEL}")
    return text


def _branch(one: Checked) -> Text:
    text = Text(f"{plain(one.run)}/{plain(one.path)}", style=NAME)
    sealed = f"sealed in {plain(one.sealed)}" if one.sealed else "in no seal"
    told = f"  {counted(one.entries, 'entry', 'entries')}, {sealed}"
    told += f", {one.unsealed} unsealed" if one.unsealed and one.sealed else ""
    told += f", {one.erased} erased" if one.erased else ""
    return text.append(told, style="not bold")
