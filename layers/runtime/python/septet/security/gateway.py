"""The tool gateway: the only way to a tool. One request carries all calls of one model reply."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from septet.core.entries import ApprovalAsked, ApprovalGiven, Body, Entry, ToolCall, ToolIntent, ToolResult
from septet.core.errors import Fenced, InputRejected
from septet.core.journal import Branch, Clock, Head, Journal, Pen, after
from septet.core.runs import Runs
from septet.security.approvals import Approval, Approvals, approval_id
from septet.security.calls import Caller, Hands
from septet.security.effects import effect_key
from septet.security.manifests import Manifest
from septet.security.monitor import Decision, Facts, Record, decide

WIDTH = 8
"""Tools that run at the same time for one request."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Calls:
    """What an agent asks the gateway for."""

    branch: Branch
    head: Head
    """Where the agent believes the branch goes on."""
    agent: str
    turn: str
    bundle: str
    calls: tuple[ToolCall, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Gateway:
    """Validates, decides, performs and records. Whatever goes wrong inside denies."""

    manifests: Mapping[str, Manifest]
    grants: Mapping[str, Sequence[str]]
    """The tools of each agent."""
    check: Callable[[Manifest, Any], str]
    """What is wrong with arguments by the tool's schema, naming the field; empty when nothing is."""
    journal: Journal
    runs: Runs
    approvals: Approvals
    hands: Hands
    clock: Clock

    def handle(self, calls: Calls) -> list[Entry]:
        """Make the calls and return the entries written, in order; the agent goes on after the last.

        Raises Fenced when the branch has gone on since, InputRejected when there is no such run.
        """
        run = self.runs.get(calls.branch.tenant, calls.branch.run)
        if run is None:
            raise InputRejected(f"there is no run {calls.branch.run}")
        history = list(self.journal.read(calls.branch))
        if after(history) != calls.head:
            raise Fenced(f"the branch has gone on to entry {after(history).number}, the agent is at {calls.head.number}")
        pen = Pen(
            journal=self.journal,
            branch=calls.branch,
            clock=self.clock,
            head=calls.head,
            agent=calls.agent,
            turn=calls.turn,
            bundle=calls.bundle,
        )
        desk = _Desk(gateway=self, calls=calls, pen=pen, history=history, principal=run.submitter)
        return desk.work()


@dataclass(kw_only=True, slots=True)
class _Desk:
    """One request being worked on."""

    gateway: Gateway
    calls: Calls
    pen: Pen
    history: list[Entry]
    principal: str

    def work(self) -> list[Entry]:
        facts = Facts(principal=self.principal, records=records(self.history, self.gateway.manifests))
        written: list[Entry] = []
        allowed: list[tuple[ToolCall, Manifest]] = []
        finished = {entry.body.call for entry in self.history if isinstance(entry.body, ToolResult) and entry.turn == self.calls.turn}
        for call in self.calls.calls:
            if call.id in finished:
                continue
            bodies, go = self._judge(call, facts)
            written += [self.pen.write(body) for body in bodies]
            if go:
                allowed.append((call, self.gateway.manifests[call.tool]))
        return written + self._perform(allowed)

    def _judge(self, call: ToolCall, facts: Facts) -> tuple[list[Body], bool]:
        """What to write about *call* before anything happens, and whether to make it."""
        manifest = self.gateway.manifests.get(call.tool)
        if manifest is None or call.tool not in self.gateway.grants.get(self.calls.agent, ()):
            return [_refused(call, "InputRejected", f"{self.calls.agent} has no tool {call.tool}")], False
        if problem := self.gateway.check(manifest, call.arguments):
            return [_refused(call, "InputRejected", problem)], False
        decision = decide(manifest, call.arguments, facts)
        if decision.outcome == "deny":
            return [_refused(call, "PolicyDenied", "; ".join(decision.reasons))], False
        if decision.outcome == "ask":
            return self._ask(call, manifest, decision)
        return self._intend(call, manifest, decision.reasons)

    def _intend(self, call: ToolCall, manifest: Manifest, reasons: tuple[str, ...]) -> tuple[list[Body], bool]:
        key = "" if manifest.repeat == "none" else effect_key(manifest, self.calls.branch.run, call.arguments)
        intent = ToolIntent(call=call.id, tool=call.tool, arguments=call.arguments, key=key, reasons=reasons)
        seen = any(
            isinstance(entry.body, ToolIntent) and entry.body.call == call.id and entry.turn == self.calls.turn for entry in self.history
        )
        return ([] if seen else [intent]), True

    def _ask(self, call: ToolCall, manifest: Manifest, decision: Decision) -> tuple[list[Body], bool]:
        now = self.gateway.clock()
        question = Approval(
            tenant=self.calls.branch.tenant,
            approval=approval_id(self.calls.branch.tenant, self.calls.branch.run, call.tool, call.arguments),
            run=self.calls.branch.run,
            turn=self.calls.turn,
            tool=call.tool,
            arguments=call.arguments,
            asked_by=self.calls.agent,
            asked_at=now,
            expires_at=now + manifest.approval_seconds * 1000,
            reasons=decision.reasons,
            evidence=decision.evidence,
        )
        standing = self._settled(self.gateway.approvals.ask(question), now)
        if standing.status == "pending":
            return self._pending(call, standing), False
        given = ApprovalGiven(
            call=call.id, approval=standing.approval, decision=standing.status, by=standing.decided_by, reason=standing.reason
        )
        if standing.status == "approved":
            bodies, go = self._intend(call, manifest, (*decision.reasons, f"approved by {standing.decided_by}"))
            return ([given, *bodies] if bodies else []), go
        error = "ApprovalExpired" if standing.status == "expired" else "PolicyDenied"
        told = standing.reason or "nobody decided in time"
        return [given, _refused(call, error, f"{standing.status}: {told}")], False

    def _settled(self, standing: Approval, now: int) -> Approval:
        """*standing*, expired if its time has come; a decision that was written first wins."""
        if standing.status != "pending" or now < standing.expires_at:
            return standing
        tenant, approval = standing.tenant, standing.approval
        expired = self.gateway.approvals.decide(tenant, approval, status="expired", by="", reason="", at=now)
        return expired or self.gateway.approvals.get(tenant, approval) or standing

    def _pending(self, call: ToolCall, standing: Approval) -> list[Body]:
        for entry in self.history:
            if isinstance(entry.body, ApprovalAsked) and entry.body.call == call.id and entry.turn == self.calls.turn:
                return []
        return [
            ApprovalAsked(
                call=call.id,
                tool=call.tool,
                arguments=call.arguments,
                approval=standing.approval,
                expires_at=standing.expires_at,
                reasons=standing.reasons,
            )
        ]

    def _perform(self, allowed: list[tuple[ToolCall, Manifest]]) -> list[Entry]:
        """Run the tools in parallel; one writer appends the results, in the order of the calls."""
        if not allowed:
            return []
        caller = Caller(tenant=self.calls.branch.tenant, run=self.calls.branch.run, principal=self.principal)
        perform = self.gateway.hands.perform
        with ThreadPoolExecutor(max_workers=min(WIDTH, len(allowed))) as pool:
            ends = list(pool.map(lambda item: perform(item[1], item[0].arguments, caller), allowed))
        return [
            self.pen.write(
                ToolResult(call=call.id, tool=call.tool, value=end.value, error=end.error, message=end.message, repeated=end.repeated),
                labels=_labels(manifest, end.value) if not end.error else {},
            )
            for (call, manifest), end in zip(allowed, ends, strict=True)
        ]


def _refused(call: ToolCall, error: str, message: str) -> ToolResult:
    return ToolResult(call=call.id, tool=call.tool, error=error, message=message)


def _labels(manifest: Manifest, value: Any) -> dict[str, str]:
    """The provenance of each field of a result, as the manifest declares it; ``external`` where it does not."""
    names = value if isinstance(value, Mapping) else {"value": value}
    return {name: manifest.output.labels.get(name, "external") for name in names}


def records(history: Sequence[Entry], manifests: Mapping[str, Manifest]) -> dict[tuple[str, str], Record]:
    """The records that results in *history* show, by kind and key; only fields that the platform alone writes count."""
    found: dict[tuple[str, str], Record] = {}
    for entry in history:
        body = entry.body
        if not isinstance(body, ToolResult) or body.error or not isinstance(body.value, Mapping):
            continue
        declared = manifests.get(body.tool)
        output = declared.output if declared else None
        if output is None or not output.kind or output.key not in body.value:
            continue
        fields = {name: value for name, value in body.value.items() if output.labels.get(name) == "record"}
        key = str(body.value[output.key])
        source = f"{body.tool}, entry {entry.number}"
        owner = str(fields.get(output.owner, ""))
        found[output.kind, key] = Record(kind=output.kind, key=key, fields=fields, owner=owner, source=source)
    return found
