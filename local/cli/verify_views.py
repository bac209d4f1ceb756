"""What a check found, as a terminal shows it."""

from rich.console import Group, RenderableType
from rich.text import Text

from local.cli.plain import plain
from local.cli.style import LABEL, NAME
from local.cli.verifying import Checked, Verdict
from septet.core.money import dollars


def verdict(found: Verdict) -> RenderableType:
    """What was checked, and what is wrong."""
    lines: list[RenderableType] = [_branch(one) for one in found.branches]
    if found.charged is not None:
        lines.append(Text(f"the ledger charged {dollars(found.charged)}"))
    if not found.findings:
        return Group(*lines, Text("verified: every entry is where and what it was", style="green"))
    findings = [Text(f"  {plain(finding)}", style="red") for finding in found.findings]
    return Group(*lines, Text(f"NOT verified, {len(findings)} found:", style="red"), *findings)


def _branch(one: Checked) -> Text:
    text = Text(plain(one.branch), style=NAME)
    text.append(f"  {one.entries} {'entry' if one.entries == 1 else 'entries'} checked, {dollars(one.cost)}", style="not bold")
    return text.append(f"\n  head {plain(one.head) or 'none'}", style=f"not bold {LABEL}")
