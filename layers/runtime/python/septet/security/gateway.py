"""The tool gateway: the only way to a tool. One request carries all calls of one model reply."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import replace
from typing import Any

from septet.core.canonical import whole
from septet.core.entries import ApprovalAsked, ApprovalGiven, Body, Entry, ToolCall, ToolIntent, ToolResult
from septet.core.errors import Fenced, InputRejected
from septet.core.frozen import frozen, maker
from septet.core.journal import Branch, Clock, Head, Pen
from septet.core.labels import labelled
from septet.core.ledger import Ledger, of_branch
from septet.core.runs import Runs
from septet.security.approvals import Approval, Approvals, approval_id
from septet.security.asking import evidence
from septet.security.calls import Call, Done
from septet.security.effects import check_account, effect_key
from septet.security.hands import Hands
from septet.security.manifests import Manifest
from septet.security.monitor import Decision, Facts, decide
from septet.security.projection import Projection, Projections

HAPPENED = Decision(outcome="allow", reasons=("it has happened already: this is the record of it",))
CHANGED = "{0} is not the tool that this agent was approved with: its description or input has changed since. Deploy the agent again"
WIDTH = 8
"""Tools that run at the same time for one request."""
SECONDS = 95
"""What one request may take: less than the function's time limit, so that what was done is told by the gateway itself."""
_call, _facts, _tool_intent, _tool_result = maker(Call), maker(Facts), maker(ToolIntent), maker(ToolResult)


@frozen
class Calls:
    """What an agent asks the gateway for."""

    branch: Branch
    head: Head
    """Where the agent believes the branch goes on."""
    agent: str
    turn: str
    bundle: str
    calls: tuple[ToolCall, ...]
    pins: Mapping[str, str]
    """Of the tools, as the agent's bundle has them: what the model was told when the agent was approved."""


@frozen
class Gateway:
    """Validates, decides, performs and records. Whatever goes wrong inside denies."""

    projections: Projections
    grants: Mapping[str, Sequence[str]]
    """The tools of each agent."""
    pins: Mapping[str, str]
    """Of each tool, as it is now."""
    check: Callable[[Manifest, Any], str]
    """What is wrong with arguments by the tool's schema, naming the field; empty when nothing is."""
    runs: Runs
    approvals: Approvals
    ledger: Ledger
    """Read only: an account says whether its branch was stopped."""
    hands: Hands
    clock: Clock

    def handle(self, calls: Calls) -> list[Entry]:
        """Make the calls and return the entries written, in order; the agent goes on after the last, and asks again for what has no result.

        Raises Fenced when the branch has gone on since, RunStopped when it was stopped or has ended, InputRejected when there is none.
        What is in the way of a single call is raised by a request that has nothing else to say: it has written nothing.
        """
        branch, until = calls.branch, self.clock() + SECONDS * 1000
        run = self.runs.get(branch.tenant, branch.run)
        if run is None:
            raise InputRejected(f"there is no run {branch.run}")
        # After a stop every call is refused, reads as well. For an effect, the write of its intent decides.
        check_account(branch, self.ledger.account(branch.tenant, of_branch(branch.run, branch.path)))
        known = self.projections.current(branch)
        if not known.ends_at(calls.head):
            raise Fenced(f"the branch has gone on to entry {known.head.number}, the agent is at {calls.head.number}")
        pen = Pen(
            journal=self.projections.journal,
            branch=branch,
            clock=self.clock,
            head=calls.head,
            agent=calls.agent,
            turn=calls.turn,
            bundle=calls.bundle,
        )
        written = _desk(gateway=self, calls=calls, pen=pen, known=known, principal=run.submitter, until=until).work()
        self.projections.keep(branch, known)
        return written


@frozen
class _Desk:
    """One request being worked on."""

    gateway: Gateway
    calls: Calls
    pen: Pen
    known: Projection
    principal: str
    until: int

    def work(self) -> list[Entry]:
        facts = _facts(principal=self.principal, records=self.known.records, acted=self.known.acted)
        written: list[Entry] = []
        allowed: list[tuple[ToolCall, Manifest]] = []
        for said in self.calls.calls:
            call = replace(said, arguments=whole(said.arguments))  # so that 1 and 1.0 are one effect, and one question
            if (self.calls.turn, call.id) in self.known.finished:
                continue
            bodies, go = self._judge(call, facts)
            written += [self._write(body) for body in bodies]
            if go:
                allowed.append((call, self.gateway.projections.manifests[call.tool]))
        written += [
            self._write(_result(call, end), _labels(manifest, end)) for call, manifest, end in self._perform(allowed, written=bool(written))
        ]
        return written

    def _write(self, body: Body, labels: Mapping[str, str] | None = None) -> Entry:
        entry = self.pen.write(body, labels=labels)
        self.known.take(entry)
        return entry

    def _judge(self, call: ToolCall, facts: Facts) -> tuple[list[Body], bool]:
        """What to write about *call* before anything happens, and whether to make it."""
        manifest = self.gateway.projections.manifests.get(call.tool)
        if manifest is None or call.tool not in self.gateway.grants.get(self.calls.agent, ()):
            return [_refused(call, "InputRejected", f"{self.calls.agent} has no tool {call.tool}")], False
        if self.calls.pins.get(call.tool) != self.gateway.pins[call.tool]:
            return [_refused(call, "PolicyDenied", CHANGED.format(call.tool))], False
        if problem := self.gateway.check(manifest, call.arguments):
            return [_refused(call, "InputRejected", problem)], False
        if (self.calls.turn, call.id) in self.known.intended:  # decided and written; whoever did it was gone before the result
            return [], True
        # Also for another agent that took over: of what has happened the record tells, whatever was read since.
        decision = HAPPENED if self._happened(call, manifest) else decide(manifest, call.arguments, facts)
        if decision.outcome == "deny":
            return [_refused(call, "PolicyDenied", "; ".join(decision.reasons))], False
        if decision.outcome == "ask":
            return self._ask(call, manifest, decision)
        return [self._intent(call, manifest, decision.reasons)], True

    def _happened(self, call: ToolCall, manifest: Manifest) -> bool:
        """Whether *call* is an effect of this run that is done; the effects table alone knows."""
        if manifest.identified(call.arguments) not in self.known.acted.get(manifest.name, {}):
            return False
        run = self.calls.branch.run
        standing = self.gateway.hands.effects.get(self.calls.branch.tenant, run, effect_key(manifest, run, call.arguments))
        return standing is not None and standing.status == "done"

    def _intent(self, call: ToolCall, manifest: Manifest, reasons: tuple[str, ...]) -> ToolIntent:
        key = "" if manifest.repeat == "none" else effect_key(manifest, self.calls.branch.run, call.arguments)
        return _tool_intent(call=call.id, tool=call.tool, arguments=call.arguments, key=key, reasons=reasons)

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
            expires_at=now + manifest.approval.seconds * 1000,
            reasons=decision.reasons,
            evidence=evidence(decision.evidence),
        )
        standing = self._settled(self.gateway.approvals.ask(question), now)
        if standing.status == "pending":
            return self._pending(call, standing), False
        given = ApprovalGiven(
            call=call.id, approval=standing.approval, decision=standing.status, by=standing.decided_by, reason=standing.reason
        )
        if standing.status == "approved":
            return [given, self._intent(call, manifest, (*decision.reasons, f"approved by {standing.decided_by}"))], True
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
        if (self.calls.turn, call.id) in self.known.asked:
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

    def _perform(self, allowed: list[tuple[ToolCall, Manifest]], *, written: bool) -> list[tuple[ToolCall, Manifest, Done]]:
        """Run the tools in parallel, and say how those ended that have, in the order of the calls.

        What is in the way of a call (a stop, time, a store) takes nothing from the others. It is raised if there is nothing else to say.
        """
        if not allowed:
            return []
        ends = [self._performed(allowed[0])] if len(allowed) == 1 else self._together(allowed)
        told = [(call, manifest, end) for (call, manifest), end in zip(allowed, ends, strict=True) if isinstance(end, Done)]
        in_the_way = next((end for end in ends if isinstance(end, Exception)), None)
        if in_the_way and not told and not written:
            raise in_the_way
        return told

    def _together(self, allowed: list[tuple[ToolCall, Manifest]]) -> list[Done | Exception]:
        with ThreadPoolExecutor(max_workers=min(WIDTH, len(allowed))) as pool:
            return list(pool.map(self._performed, allowed))

    def _performed(self, item: tuple[ToolCall, Manifest]) -> Done | Exception:
        call, manifest = item
        try:
            return self.gateway.hands.perform(
                _call(manifest=manifest, arguments=call.arguments, branch=self.calls.branch, principal=self.principal, until=self.until)
            )
        except Exception as error:  # noqa: BLE001 -- raised by _perform, once the calls beside this one have ended
            return error


_desk = maker(_Desk)


def _refused(call: ToolCall, error: str, message: str) -> ToolResult:
    return ToolResult(call=call.id, tool=call.tool, error=error, message=message)


def _result(call: ToolCall, end: Done) -> ToolResult:
    return _tool_result(call=call.id, tool=call.tool, value=end.value, error=end.error, message=end.message, repeated=end.repeated)


def _labels(manifest: Manifest, end: Done) -> dict[str, str]:
    """The provenance of each field of a result, as the manifest declares it; ``external`` where it does not."""
    if end.error:
        return {}
    names = end.value if isinstance(end.value, Mapping) else {"value": end.value}
    return labelled(names, {name: declared.label for name, declared in manifest.output.fields.items()}, "external")
