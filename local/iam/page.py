"""docs/iam.md, made from the templates: what every role may do, what the boundaries forbid, and which grants no test uses."""

from collections.abc import Iterable, Iterator, Sequence

from local.iam import examination
from local.iam.examination import Kept
from local.iam.statements import Conditions, Statement
from local.iam.templates import Account, Role
from local.iam.words import thing, verb

_HEAD = """\
# Who may do what

Made by `python -m local.iam` from the synthesised templates; a test fails when it is out of date. Do not edit it: what it says is decided
in `policies/` and `stacks/constructs/policies.py`.

Every function and every workflow has a role of its own, which only the service that runs it can take. A role may do what its own policy
allows and the boundary of its kind (`policies/boundaries/`) allows too. Whatever is not listed here is denied.

How this is proven, since the twin enforces no IAM: tests over all synthesised policies (`tests/stacks/test_permissions.py`), cdk-nag
(`tests/stacks/test_nag.py`, `policies/nag.toml`), and a recording. The twin writes down every AWS call that a role makes in any test, and
`tests/twin/test_rights.py` asks an evaluator of policies (`local/iam`) whether the role may make it. The evaluator knows what our policies
use, and takes what it does not know for a denial. Neither is AWS itself: that AWS answers the same is not verified here.
"""
_DENIED = {"no resource in particular": "anything", "the key that the condition names": "any key"}
"""What is said of patterns without a narrower one where they forbid."""
_KINDS = (("agent", "Agents"), ("tool", "Tools"), ("step", "Steps"), ("workflow", "Workflows"))


def page(account: Account, kept: Sequence[Kept]) -> str:
    """The whole page."""
    parts = [
        _HEAD,
        *(part for kind, title in _KINDS for part in _kind(account, kind, title)),
        *_boundaries(account),
        *_unused(account, kept),
    ]
    return "\n".join(parts)


def _kind(account: Account, kind: str, title: str) -> Iterator[str]:
    yield f"## {title}\n"
    for role in sorted((one for one in account.roles if one.kind == kind), key=lambda one: one.name):
        yield f"### {role}\n"
        yield _table(("on", "may", "only when"), _rows(role))


def _rows(role: Role) -> Iterator[tuple[str, str, str]]:
    for statement in role.rights.own:
        if statement.effect == "Allow":
            yield _row(statement)


def _row(statement: Statement) -> tuple[str, str, str]:
    named = map(thing, statement.resources or statement.other_than_resources)
    said = (_DENIED.get(one, one) for one in named) if statement.effect == "Deny" else named
    things = ", ".join(dict.fromkeys(said))
    things = things if statement.resources else f"all but {things}"
    return things, ", ".join(map(verb, statement.actions)), _conditions(statement.conditions)


def _conditions(conditions: Conditions) -> str:
    tests = ((operator, key, values) for operator, tests in conditions.items() for key, values in tests.items())
    return "; ".join(f"`{key}` {_operator(operator, values)}" for operator, key, values in tests)


def _operator(operator: str, values: Iterable[str]) -> str:
    listed = [thing(value) if value.startswith("arn:") else f"`{value}`" for value in values]
    if operator == "Null":
        return "is known" if listed == ["`false`"] else "is not given"
    some, _, plain = operator.rpartition(":")
    words = {"": "", "ForAnyValue": "of any value ", "ForAllValues": "of all values "}[some]
    likeness = "is not" if "Not" in plain else "is"
    return f"{words}{likeness} {' or '.join(listed)}"


def _boundaries(account: Account) -> Iterator[str]:
    yield "## What the boundaries forbid\n"
    yield "Also to a role whose own policy were wider than it should be. What a boundary does not allow is denied besides.\n"
    whose: list[tuple[Sequence[Statement], list[str]]] = []
    for kind, title in _KINDS:
        for statements in (role.rights.boundary for role in account.roles if role.kind == kind):
            found = next((titles for known, titles in whose if known == statements), None)
            if found is None:
                whose.append((statements, found := []))
            if title not in found:
                found.append(title)
    for statements, titles in whose:
        yield f"### {titles[0]}{''.join(f' and {title.lower()}' for title in titles[1:])}\n"
        rows = ((one.sid, *_row(one)) for one in statements if one.effect == "Deny")
        yield _table(("rule", "on", "never", "when"), rows)


def _unused(account: Account, kept: Sequence[Kept]) -> Iterator[str]:
    yield "## Grants that no test uses\n"
    yield (
        "Each has a reason in `policies/unused.toml`, or the test fails. Where it depends on time, or on the order of things, whether a\n"
        "recording uses it, the reason says so.\n"
    )
    found: dict[tuple[str, str, str], dict[str, None]] = {}
    for grant in examination.grants(account):
        for entry in kept:
            if entry.fits(grant):
                key = (f"`{grant.action}`", thing(grant.resource), f"{entry.reason}{' (sometimes used)' if entry.sometimes else ''}")
                found.setdefault(key, {})[grant.role] = None
    yield _table(("grant", "on", "of", "why it stays"), ((action, on, ", ".join(roles), why) for (action, on, why), roles in found.items()))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '\\|') for cell in line)} |\n" for line in lines)
