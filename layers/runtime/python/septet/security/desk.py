"""One request to the gateway being worked on: each call judged, allowed ones made, every outcome written in order."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import replace
from typing import Any

from septet.core.canonical import canonical, whole
from septet.core.entries import Body, Entry, ToolCall, ToolIntent, ToolResult
from septet.core.errors import InputRejected, PolicyDenied
from septet.core.frozen import frozen, maker
from septet.core.journal import Branch, Head, Pen
from septet.core.labels import labelled
from septet.core.runs import Run
from septet.security.asking import Asker, Occasion
from septet.security.calls import Call, Done
from septet.security.effects import effect_key
from septet.security.hands import Hands
from septet.security.manifests import Manifest
from septet.security.monitor import Decision
from septet.security.projection import Projection
from septet.security.rights import granted

HAPPENED = Decision(outcome="allow", reasons=("it has happened already: this is the record of it",))
CHANGED = "{0} is not the tool that this agent was approved with: its description or input has changed since. Deploy the agent again"
WIDTH = 8
"""Tools that run at the same time for one request."""
_call, _tool_intent, _tool_result = maker(Call), maker(ToolIntent), maker(ToolResult)


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
    on_behalf_of: tuple[str, ...] = ()
    """The agents that it acts for: it may do what all of them may."""


@frozen
class House:
    """The rules of the gateway, the same for every request."""

    manifests: Mapping[str, Manifest]
    grants: Mapping[str, Sequence[str]]
    """The tools of each agent."""
    pins: Mapping[str, str]
    """Of each tool, as it is now."""
    check: Callable[[Manifest, Any], str]
    """What is wrong with arguments by the tool's schema, naming the field; empty when nothing is."""
    asker: Asker
    hands: Hands


@frozen
class _Allowed:
    """A call to be made."""

    call: ToolCall
    """With the arguments that it is made with."""
    manifest: Manifest
    labels: Mapping[str, str]


@frozen
class Desk:
    """One request being worked on."""

    house: House
    calls: Calls
    pen: Pen
    known: Projection
    run: Run
    until: int

    def work(self) -> list[Entry]:
        """Make the calls and return the entries written, in order. What is in the way of all of them is raised."""
        written: list[Entry] = []
        allowed: list[_Allowed] = []
        if len({said.id for said in self.calls.calls}) < len(self.calls.calls):
            raise InputRejected("two calls of one request have the same id")
        for said in self.calls.calls:
            if (self.calls.turn, said.id) in self.known.finished:
                continue
            call = replace(said, arguments=whole(said.arguments))  # so that 1 and 1.0 are one effect, and one question
            entries, go = self._judge(call)
            written += entries
            if go:
                allowed.append(go)
        return written + [self._finish(item, end) for item, end in self._perform(allowed, written=bool(written))]

    def _judge(self, call: ToolCall) -> tuple[list[Entry], _Allowed | None]:
        """Write what is to be written about *call* before anything happens; the call to make, if it is to be made."""
        try:
            manifest = self._permitted(call)
        except (InputRejected, PolicyDenied) as refusal:
            return [self._refuse(call, type(refusal).__name__, str(refusal))], None
        if intended := self.known.intended.get((self.calls.turn, call.id)):  # decided and written; its maker was gone before the result
            intent, labels = intended
            if not self._same(intent, call):
                return [self._refuse(call, "InputRejected", f"another call has the id {call.id}")], None
            return [], _Allowed(call=replace(call, arguments=intent.arguments), manifest=manifest, labels=labels)
        # Also for another agent that took over: of what has happened the record tells, whatever was read since.
        decision = HAPPENED if self._happened(manifest, call.arguments) else self._decide(manifest, call.arguments)
        if decision.outcome == "deny":
            return [self._refuse(call, "PolicyDenied", "; ".join(decision.reasons))], None
        if decision.outcome == "ask":
            return self._ask(call, manifest, decision)
        return self._intend(call, manifest, decision)

    def _same(self, intent: ToolIntent, call: ToolCall) -> bool:
        """Whether *intent* is that of *call*, and not of another with its id. The arguments may be an approver's."""
        edited = (self.calls.turn, call.id) in self.known.edited
        return intent.tool == call.tool and (edited or canonical(intent.arguments) == canonical(call.arguments))

    def _permitted(self, call: ToolCall) -> Manifest:
        """The tool of *call*, if the agent may have it, it is the one the agent was approved with, and the arguments are of its form."""
        manifest = self.house.manifests.get(call.tool)
        if manifest is None:
            raise InputRejected(f"{self.calls.agent} has no tool {call.tool}")
        roles, behalf = frozenset(self.run.roles), self.calls.on_behalf_of
        if refusal := granted(self.house.grants, self.calls.agent, manifest, on_behalf_of=behalf, roles=roles):
            raise InputRejected(refusal)
        if self.calls.pins.get(call.tool) != self.house.pins[call.tool]:
            raise PolicyDenied(CHANGED.format(call.tool))
        if problem := self.house.check(manifest, call.arguments):
            raise InputRejected(problem)
        return manifest

    def _decide(self, manifest: Manifest, arguments: Mapping[str, Any]) -> Decision:
        return self.known.decide(manifest, arguments, agent=self.calls.agent, now=self.pen.clock())

    def _happened(self, manifest: Manifest, arguments: Mapping[str, Any]) -> bool:
        """Whether the call is an effect of this run that is done; the effects table alone knows."""
        if not self.known.acted(manifest, arguments) and not (self.run.origin and manifest.repeat != "none"):
            return False
        standing = self.house.hands.standing(self.run, effect_key(manifest, self.run.lineage, arguments))
        return standing is not None and standing.status == "done"

    def _ask(self, call: ToolCall, manifest: Manifest, decision: Decision) -> tuple[list[Entry], _Allowed | None]:
        occasion = Occasion(
            branch=self.calls.branch,
            turn=self.calls.turn,
            agent=self.calls.agent,
            submitter=self.run.submitter,
            workflow=self.run.workflow,
            attended=self.run.attended,
            attempt=self.run.attempt,
            asked=self.known.asked.get((self.calls.turn, call.id), 0),
        )
        asked = self.house.asker.ask(call, manifest, decision, occasion, judge=lambda arguments: self._edited(manifest, arguments))
        written = [self._write(body) for body in asked.bodies]
        if asked.arguments is None:
            return written, None
        changed = replace(call, arguments=asked.arguments)
        fresh = decision if canonical(asked.arguments) == canonical(call.arguments) else self._decide(manifest, asked.arguments)
        intents, go = self._intend(changed, manifest, replace(fresh, reasons=asked.reasons))
        return written + intents, go

    def _edited(self, manifest: Manifest, arguments: Any) -> Decision:
        """What the monitor says of a call as an approver changed it."""
        if problem := self.house.check(manifest, arguments):
            return Decision(outcome="deny", reasons=(problem,))
        return self._decide(manifest, arguments)

    def _intend(self, call: ToolCall, manifest: Manifest, decision: Decision) -> tuple[list[Entry], _Allowed]:
        key = "" if manifest.repeat == "none" else effect_key(manifest, self.run.lineage, call.arguments)
        labels = {path: label.name.lower() for path, label in decision.labels.items()}
        intent = _tool_intent(call=call.id, tool=call.tool, arguments=call.arguments, key=key, reasons=decision.reasons)
        return [self._write(intent, labelled(labels, labels, "unknown"))], _Allowed(call=call, manifest=manifest, labels=labels)

    def _refuse(self, call: ToolCall, error: str, message: str) -> Entry:
        if (self.calls.turn, call.id) in self.known.asked:
            self.house.asker.refused(call, self.calls.branch, message)
        return self._write(_tool_result(call=call.id, tool=call.tool, error=error, message=message))

    def _finish(self, item: _Allowed, end: Done) -> Entry:
        """Write how a call ended, with where each field of its result comes from."""
        call = item.call
        result = _tool_result(call=call.id, tool=call.tool, value=end.value, error=end.error, message=end.message, repeated=end.repeated)
        return self._write(result, {} if end.error else self.known.labels(item.manifest, end.value, end.labels))

    def _write(self, body: Body, labels: Mapping[str, str] | None = None) -> Entry:
        entry = self.pen.write(body, labels=labels)
        self.known.take(entry)
        return entry

    def _perform(self, allowed: list[_Allowed], *, written: bool) -> list[tuple[_Allowed, Done]]:
        """Run the tools in parallel, and say how those ended that have, in the order of the calls.

        What is in the way of a call (a stop, time, a store) takes nothing from the others. It is raised if there is nothing else to say.
        """
        if not allowed:
            return []
        ends = [self._performed(allowed[0])] if len(allowed) == 1 else self._together(allowed)
        told = [(item, end) for item, end in zip(allowed, ends, strict=True) if isinstance(end, Done)]
        in_the_way = next((end for end in ends if isinstance(end, Exception)), None)
        if in_the_way and not told and not written:
            raise in_the_way
        return told

    def _together(self, allowed: list[_Allowed]) -> list[Done | Exception]:
        with ThreadPoolExecutor(max_workers=min(WIDTH, len(allowed))) as pool:
            return list(pool.map(self._performed, allowed))

    def _performed(self, item: _Allowed) -> Done | Exception:
        try:
            return self.house.hands.perform(
                _call(
                    manifest=item.manifest,
                    arguments=item.call.arguments,
                    branch=self.calls.branch,
                    principal=self.run.submitter,
                    agent=self.calls.agent,
                    until=self.until,
                    labels=item.labels,
                    origin=self.run.origin,
                )
            )
        except Exception as error:  # noqa: BLE001 -- raised by _perform, once the calls beside this one have ended
            return error
