"""How a reply that asks for no tool ends its turn."""

from septet.core.entries import ModelReply, ToolCall
from septet.execution.actions import Fail, Give, Pass
from septet.execution.agents import Agent
from septet.execution.answers import problem
from septet.execution.conversation import ANSWER, HAND_OVER
from septet.execution.loops import Passes

SPECIAL = (ANSWER, HAND_OVER)
"""Tools that end the turn; the gateway never sees a call of them."""


def ending(agent: Agent, reply: ModelReply, passes: Passes) -> Pass | Give | Fail | str | None:
    """The end that *reply* of *agent* is; a text tells the model why it can be none; None when it asks for tools.

    *passes* are the branch's hand-overs so far.
    """
    if reply.stop == "refused":
        return Fail(error="ModelRefused", message="the model declined to answer; what it said is in the journal")
    if reply.stop == "truncated":
        return "Your reply was cut off. Reply more briefly."
    special = next((call for call in reply.calls if call.tool in SPECIAL), None)
    if special is None:
        return None if reply.calls else _text(agent, reply)
    if len(reply.calls) > 1:
        return f"Call {special.tool} alone, after everything else is done."
    return _passed(agent, special, passes) if special.tool == HAND_OVER else _answered(agent, special)


def _passed(agent: Agent, call: ToolCall, passes: Passes) -> Pass | Fail | str:
    arguments = call.arguments if isinstance(call.arguments, dict) else {}
    to = arguments.get("to")
    if to not in agent.hand_over_to:
        return f"hand_over.to must be one of {', '.join(agent.hand_over_to) or 'nobody'}."
    if loop := passes.loop(agent.name, to):
        return Fail(error="LoopDetected", message=loop)
    return Pass(to=to, reason=str(arguments.get("reason", "")))


def _answered(agent: Agent, call: ToolCall) -> Give | str:
    if agent.answer_schema is None:
        return "There is no tool answer: answer in plain text."
    if wrong := problem(agent.answer_schema, call.arguments):
        return f"The answer does not fit its type: {wrong}."
    return Give(value=call.arguments)


def _text(agent: Agent, reply: ModelReply) -> Give | str:
    if agent.answer_schema is not None:
        return "Call the tool answer with your answer."
    if not reply.text.strip():
        return "Your reply was empty. Answer in plain text."
    return Give(value={"text": reply.text})
