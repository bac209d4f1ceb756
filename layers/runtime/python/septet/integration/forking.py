"""Forking: a run of its own that begins with what another did up to an entry, and goes on with another input, prompt or model.

The record is made first, the journal copied entry by entry, the execution started last; each step can be repeated with the fork's key.
Effects are recorded under the origin, so what happened there is recognised here, also what happened after the fork was taken.
"""

from collections.abc import Mapping, Sequence
from copy import replace
from dataclasses import dataclass, field
from typing import Any

from septet.core.canonical import canonical, digest
from septet.core.entries import Entry, Forked, Request, Restarted
from septet.core.errors import BudgetExhausted, Fenced, InputRejected, Overloaded, RunStopped
from septet.core.journal import MAIN, Branch, Pen, after
from septet.core.money import dollars
from septet.core.runs import Run
from septet.core.traces import of_run, within
from septet.integration import inputs, run_ids
from septet.integration.copying import Copy, branches, copies, finished, last
from septet.integration.ports import Ports, Principal
from septet.integration.problems import Kind, Problem, Wrong, invalid
from septet.integration.restarting import TAKERS_UP, own, uncancelled
from septet.integration.rights import require
from septet.integration.submitting import KEY, KEY_FIELD, refusal

PROMPT_CHARACTERS = 50_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What is to be different."""

    at: int | str
    """The last entry that is copied, or the turn that begins anew."""
    input: Mapping[str, Any] | None = None
    agents: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By agent, its ``prompt``, its ``model``, or both."""
    budget: int | None = None
    """Micro-dollars; None for what the tenant's runs usually get."""
    key: str | None = None
    """Two forks of one run by one principal with the same key are one."""


def fork(name: str, wanted: Wanted, principal: Principal, ports: Ports) -> Run:
    """Start the fork of run *name*, or go on with one of the same key that broke off, and return its record.

    It acts for whoever submitted the origin, with their roles, or where its input or a prompt is another's, with those that both have.
    Raises Problem: ``NOT_FOUND``; ``FORBIDDEN`` for another prompt without the role of an operator; ``INVALID`` for an entry, turn, input,
    agent or model that is not there; ``CONFLICT`` also for a run that starts others; ``EXHAUSTED``.
    """
    origin = own(name, principal, ports, "fork a run")
    _forkable(origin, ports)
    uncancelled(origin)
    _check(wanted, principal, ports)
    source = list(ports.journal.read(Branch(tenant=origin.tenant, run=origin.run)))
    try:
        kept = source[: last(source, wanted.at) + 1]
    except InputRejected as error:
        raise invalid("at", str(error)) from error
    sources = {path: list(ports.journal.read(Branch(tenant=origin.tenant, run=origin.run, path=path))) for path in branches(kept)}
    _in_play(wanted, origin, [kept, *sources.values()], ports)
    copied = copies(kept, request=_request(origin, wanted, ports))
    asked = _record(origin, wanted, principal, ports)
    asked = replace(asked, copied=((MAIN, len(kept)), *((path, len(found)) for path, found in sources.items())))
    run = ports.runs.create(asked)
    if run.digest != asked.digest:
        raise invalid(KEY_FIELD, "was used before with another body: repeat that body, or take a new key")
    if run.execution or run.status not in ("running", "refused"):
        return run
    _admit(run, ports)
    counts = dict(run.copied or asked.copied)
    _copy_branches(run, {path: found[: counts[path]] for path, found in sources.items() if path in counts}, ports)
    overrides = {agent: dict(told) for agent, told in wanted.agents.items()}
    forked = Forked(run=origin.run, at=len(kept) - 1, overrides=overrides, by=principal.subject)
    last_copy = Copy(body=forked, labels={}, agent="", turn="", bundle="")
    _write(Branch(tenant=run.tenant, run=run.run), [*_begun(copied, run), last_copy], ports)
    try:
        execution = ports.gate.launch(run, ports.workflows)
    except RunStopped as error:
        raise refusal(error, ports.clock()) from error
    ports.runs.started(run.tenant, run.run, execution)
    return replace(run, execution=execution, status="running", ended_at=None, error="", message="")


def _forkable(origin: Run, ports: Ports) -> None:
    """Pass a run that starts no others: a fork of one that does would have done again what those have done. Raises Problem."""
    declared = ports.declared.get(origin.workflow)
    if declared is not None and declared.starts_runs:
        detail = f"{origin.run} starts runs of its own, and a fork would have all of them done again: restart it, or fork one of those"
        raise Problem(Kind.CONFLICT, detail)


def _check(wanted: Wanted, principal: Principal, ports: Ports) -> None:
    if wanted.key is not None and not KEY.fullmatch(wanted.key):
        raise invalid(KEY_FIELD, "must be 1 to 255 visible ASCII characters")
    for agent, told in wanted.agents.items():
        models = ports.agents.get(agent)
        if models is None:
            raise invalid(f"agents.{agent}", f"is no agent; those are: {', '.join(sorted(ports.agents)) or 'none'}")
        if told.get("model", models[0]) not in models:
            raise invalid(f"agents.{agent}.model", f"is none of its models, which are: {', '.join(models)}")
        if "prompt" in told:
            require(principal, TAKERS_UP, "fork a run with another prompt")


def _in_play(wanted: Wanted, origin: Run, kept: Sequence[Sequence[Entry]], ports: Ports) -> None:
    """Pass changes of agents of the workflow that may still work after the journals *kept*. Raises Problem."""
    declared, done = ports.declared.get(origin.workflow), finished(kept)
    at = _working(kept[0])
    for agent in wanted.agents:
        if declared is not None and agent not in declared.agents:
            known = ", ".join(sorted(declared.agents)) or "none"
            raise invalid(f"agents.{agent}", f"does not work in {origin.workflow}; those are: {known}")
        if at and declared is not None and agent not in declared.later.get(at.agent, (agent,)):
            detail = f"does not work in {origin.workflow} any more once {at.agent} does: fork at the turn {at.turn}, or before"
            raise invalid(f"agents.{agent}", detail)
        if agent in done:
            raise invalid(
                f"agents.{agent}", "has ended its work before the fork begins, and would be no other: fork at its turn, or before"
            )


def _working(main: Sequence[Entry]) -> Entry | None:
    """The entry that says who works where *main* ends; None where nobody did yet, or a restart begins anew."""
    for entry in reversed(main):
        if isinstance(entry.body, Restarted):
            return None
        if entry.turn and entry.agent:
            return entry
    return None


def _request(origin: Run, wanted: Wanted, ports: Ports) -> tuple[Request, Mapping[str, str]] | None:
    """The first entry, when the fork is asked for something else."""
    if wanted.input is None:
        return None
    declared = ports.declared.get(origin.workflow)
    if declared is None:
        raise Problem(Kind.CONFLICT, f"there is no workflow {origin.workflow} any more")
    if wrong := inputs.problems(declared, wanted.input):
        raise Problem(Kind.INVALID, f"the input does not fit the workflow {origin.workflow}", *wrong)
    request = Request(workflow=origin.workflow, input=wanted.input, submitter=origin.submitter)
    return request, inputs.labels(declared, wanted.input)


def _record(origin: Run, wanted: Wanted, principal: Principal, ports: Ports) -> Run:
    now = ports.clock()
    run = run_ids.fresh(now) if wanted.key is None else _keyed(origin, wanted.key, principal, ports)
    return Run(
        tenant=origin.tenant,
        run=run,
        workflow=origin.workflow,
        submitter=origin.submitter,
        roles=_roles(origin, wanted, principal),
        attended=origin.attended,
        digest=_digest(origin, wanted),
        created_at=now,
        budget=_budget(wanted, origin.tenant, ports),
        origin=origin.lineage,
        forked_by=principal.subject,
        trace=of_run(origin.tenant, run, now).header,
        link=within(origin.trace, origin.tenant, origin.run, origin.attempt),
    )


def _roles(origin: Run, wanted: Wanted, principal: Principal) -> tuple[str, ...]:
    """Those of the origin; where whoever forks says something of their own, those of them that they have as well."""
    theirs = wanted.input is not None or any("prompt" in told for told in wanted.agents.values())
    return tuple(role for role in origin.roles if role in principal.roles) if theirs else origin.roles


def _keyed(origin: Run, key: str, principal: Principal, ports: Ports) -> str:
    """The id for *key*; when the secret was changed since, the one that it got then. No key of a run has a blank in it."""
    named = f"fork {origin.run} {key}"
    present, *before = (run_ids.keyed(principal, named, secret) for secret in ports.id_keys())
    return next((run for run in before if ports.runs.get(principal.tenant, run)), present)


def _digest(origin: Run, wanted: Wanted) -> str:
    asked = [origin.run, wanted.at, wanted.input, {agent: dict(told) for agent, told in wanted.agents.items()}, wanted.budget]
    try:
        return digest(canonical(asked))
    except ValueError as error:
        wrong = Wrong(field="input", message="must be JSON: finite numbers, Unicode text")
        raise Problem(Kind.INVALID, "the input is no JSON", wrong) from error


def _budget(wanted: Wanted, tenant: str, ports: Ports) -> int:
    limits = ports.ledger.budgets(tenant)
    if wanted.budget is None:
        return limits.usual
    if wanted.budget > limits.run:
        raise invalid("budget", f"is more than a run may have: ask for {dollars(limits.run)} at most, or have an administrator raise it")
    return wanted.budget


def _admit(run: Run, ports: Ports) -> None:
    try:
        ports.gate.admit(run)
    except (BudgetExhausted, Overloaded, RunStopped) as error:
        now = ports.clock()
        ports.runs.refuse(run.tenant, run.run, at=now, error=type(error).__name__, message=str(error))
        raise refusal(error, now) from error


def _copy_branches(run: Run, sources: Mapping[str, Sequence[Entry]], ports: Ports) -> None:
    """Copy whole branches that were put together before the fork: the gateway reads there what was read."""
    if not sources:
        return
    ports.runs.part(run.tenant, run.run, tuple(sources))
    for path, found in sources.items():
        _write(Branch(tenant=run.tenant, run=run.run, path=path), _begun(copies(found), run), ports)


def _begun(copied: Sequence[Copy], run: Run) -> list[Copy]:
    """*copied*, whose request belongs to the fork's own trace."""
    return [replace(one, body=replace(one.body, trace=run.trace)) if isinstance(one.body, Request) else one for one in copied]


def _write(branch: Branch, wanted: Sequence[Copy], ports: Ports) -> None:
    """Write *wanted* as the beginning of *branch*, as far as nobody has."""
    while True:
        there = list(ports.journal.read(branch))
        pen = Pen(journal=ports.journal, branch=branch, clock=ports.clock, head=after(there))
        try:
            for one in wanted[len(there) :]:
                pen.agent, pen.turn, pen.bundle = one.agent, one.turn, one.bundle
                pen.write(one.body, labels=one.labels)
        except Fenced:  # somebody with the same key is at it
            continue
        return
