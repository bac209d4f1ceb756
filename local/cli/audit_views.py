"""What an audit found, as a terminal shows it."""

from rich.console import Group, RenderableType
from rich.text import Text

from local.cli.auditing import Audit
from local.cli.plain import plain
from local.cli.style import LABEL, NAME
from septet.core.auditing import Checked

MOST = 20
"""Branches that are shown one by one; of more, those with something to say."""


def audit(found: Audit) -> RenderableType:
    """What was checked, and what is wrong."""
    held = [one for one in found.branches if one.entries or one.findings]
    shown = held if len(held) <= MOST else [one for one in held if one.findings or one.unsealed]
    lines: list[RenderableType] = [_seals(found), *map(_branch, shown)]
    if len(shown) < len(held):
        lines.append(Text(f"and {len(held) - len(shown)} branches that are sealed whole"))
    entries = sum(one.entries for one in held)
    if found.findings:
        wrong = [Text(f"  {plain(str(finding))}", style="red") for finding in found.findings]
        return Group(*lines, Text(f"NOT verified, {len(wrong)} found in {entries} entries:", style="red"), *wrong)
    return Group(*lines, _verdict(found, entries))


def _verdict(found: Audit, entries: int) -> Text:
    unsealed = sum(one.unsealed for one in found.branches)
    told = f"verified: {entries} entries are what they were"
    if unsealed:
        told += f"; {unsealed} of them no seal covers yet"
    return Text(told, style="yellow" if unsealed else "green")


def _seals(found: Audit) -> Text:
    last = f", the last is {plain(found.last)}" if found.last else ""
    text = Text(plain(found.of), style=NAME).append(f"  {found.seals} seals{last}", style="not bold")
    if found.last_hash:
        text.append(f"\n  its hash, to keep: {plain(found.last_hash)}", style=f"not bold {LABEL}")
    word = "given" if found.trusted.given else "NOT given: compare it with one that you keep"
    for one in found.trusted.fingerprints:
        text.append(f"\n  key {one} ({word})", style=f"not bold {LABEL}")
    return text


def _branch(one: Checked) -> Text:
    text = Text(f"{plain(one.run)}/{plain(one.path)}", style=NAME)
    sealed = f"sealed in {plain(one.sealed)}" if one.sealed else "in no seal"
    told = f"  {one.entries} {'entry' if one.entries == 1 else 'entries'}, {sealed}"
    told += f", {one.unsealed} unsealed" if one.unsealed and one.sealed else ""
    told += f", {one.erased} erased" if one.erased else ""
    return text.append(told, style="not bold")
