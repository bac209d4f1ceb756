"""Whoever may go on with somebody else's work can be reached: hand-overs, take-overs and choices of each state machine.

A state that calls an agent must lead to every agent of the machine that it may hand over to; and, where others are declared for a class of
failure, over ``${StepTakeOver}`` to each of those.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from stacks.catalog.declarations import Agent, Json, Pool
from stacks.catalog.flow import called, inner_states, machines, table, tables
from stacks.catalog.problems import known, nearest

ANY = "any"
"""In place of an error class in ``[fallback]``: whatever happened."""
TAKEN = (
    "AgentStopped",
    "AnswerInvalid",
    "BudgetExhausted",
    "CheckFailed",
    "ContextOverflow",
    "LoopDetected",
    "ModelRefused",
    "ModelThrottled",
    "ModelUnavailable",
    "ToolFailed",
    "ToolTimedOut",
)
"""Failures after which another agent may go on. After others nobody may: an operator stopped the run, or a person has to look."""
LOST = ("Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout", "States.Timeout")
"""How a function's process can be lost; ``any`` takes these in."""
LONGEST = 1_000
"""Characters of a degraded answer: it fits an item of the journal in any script."""
TAKE_OVER, CHOOSE, DEGRADE = "StepTakeOver", "StepChooseAgent", "StepDegrade"
NO_POOL = "chooses from the pool {!r}{}: there is no such pool in policies/pools.toml; there is {}"
_VARIABLE = re.compile(r"\{%\s*\$([A-Za-z_]\w*)\s*%\}")
_ERROR = re.compile(r"\{%\s*\$states\.errorOutput\.Error\s*%\}")


def handing(machine: Json, agents: Mapping[str, Agent]) -> Iterator[tuple[str, str]]:
    """What is wrong in *machine* with who follows whom: the place, and a sentence. *agents* by their holes."""
    for where, part in machines(machine):
        found = inner_states(part)
        skilled = {agent.function.name for state in found.values() if (agent := agents.get(called(state))) and agent.skills}
        for name, state in found.items():
            faults: Iterable[str] = ()
            if agent := agents.get(called(state)):
                faults = [*_handed(agent, state, found, agents), *_taken(agent, state, found, agents)]
            elif called(state) == CHOOSE and "skill" in table(table(state.get("Arguments")).get("Payload")):
                faults = _reached(state, sorted(skilled), found, agents, "has a skill that may be chosen here")
            yield from ((f"{where}{name}", sentence) for sentence in faults)


def _handed(agent: Agent, state: Json, found: Mapping[str, Json], agents: Mapping[str, Agent]) -> Iterator[str]:
    here = {agents[hole].function.name for one in found.values() if (hole := called(one)) in agents}
    wanted = [name for name in agent.hand_over_to if name in here]
    yield from _reached(state, wanted, found, agents, f"may be handed over to by {agent.function.name}")


def _taken(agent: Agent, state: Json, found: Mapping[str, Json], agents: Mapping[str, Agent]) -> Iterator[str]:
    for error, names in agent.take_over.items():
        for one in (*TAKEN, *LOST) if error == ANY else (error,):
            rule = next((rule for rule in tables(state.get("Catch")) if one in rule.get("ErrorEquals", ())), {})
            step = found.get(str(rule.get("Next")), {})
            if called(step) != TAKE_OVER:
                fix = f"catch it, with a Next that calls ${{{TAKE_OVER}}}"
                yield f"may fail with {one}, after which {known(names)} can take over by {agent.function.name}'s [fallback]: {fix}"
                return
            if not _said(agent.function.name, rule, step):
                yield (
                    f'catches {one} without saying who failed with what: give the rule "Assign": {{"failed": "{agent.function.name}", '
                    '"error": "{% $states.errorOutput.Error %}"}, and the step "agent": "{% $failed %}", "error": "{% $error %}"'
                )
                return
            yield from _reached(step, names, found, agents, f"may take over from {agent.function.name}")


def _said(name: str, rule: Json, step: Json) -> bool:
    """Whether the step is told the agent's *name* and the error that was caught."""
    payload, assigned = table(table(step.get("Arguments")).get("Payload")), table(rule.get("Assign"))
    return _value(payload.get("agent"), assigned) == name and bool(_ERROR.fullmatch(str(_value(payload.get("error"), assigned))))


def _value(said: Any, assigned: Json) -> Any:
    variable = _VARIABLE.fullmatch(str(said))
    return assigned.get(variable[1]) if variable else said


def pooled(machine: Json, agents: Mapping[str, Agent], pools: Mapping[str, Pool]) -> Iterator[tuple[str, str]]:
    """What is wrong in *machine* with choices from *pools*: one that is none, or of which somebody cannot be reached."""
    for where, part in machines(machine):
        found = inner_states(part)
        for name, state in found.items():
            payload = table(table(state.get("Arguments")).get("Payload"))
            if called(state) == CHOOSE and "pool" in payload:
                of = str(payload["pool"])
                none = [NO_POOL.format(of, nearest(of, pools), known(pools))]
                faults = _reached(state, pools[of].agents, found, agents, f"is in the pool {of}") if of in pools else none
                yield from ((f"{where}{name}", sentence) for sentence in faults)


def _reached(state: Json, names: Iterable[str], found: Mapping[str, Json], agents: Mapping[str, Agent], why: str) -> Iterator[str]:
    """The agents of *names* that the Choice after *state* does not lead to, by a rule that names them."""
    choice = found.get(str(state.get("Next")), {})
    rules = tables(choice.get("Choices")) if choice.get("Type") == "Choice" else []
    for name in names:
        leads = [found.get(str(rule.get("Next")), {}) for rule in rules if f"'{name}'" in str(rule.get("Condition")).replace('"', "'")]
        if not any(hole in agents and agents[hole].function.name == name for hole in map(called, leads)):
            rule = f"{{% $to = '{name}' %}}"
            yield f"is followed by no rule that leads to {name}, which {why}: add to the Choice after it {rule}, with a Next that calls it"


def degraded(machine: Json, text: str) -> Iterator[tuple[str, str]]:
    """What is wrong with the degraded path of *machine*, whose declared *text* is empty when there is none."""
    wanted = [name for _, part in machines(machine) for name, state in inner_states(part).items() if called(state) == DEGRADE]
    if wanted and not text.strip():
        yield wanted[0], "answers when nobody can, and the text is missing: write it into NAME.degraded.md beside the state machine"
    if len(text) > LONGEST:
        yield "", f"has a degraded answer of {len(text)} characters, and one that is said in one go has at most {LONGEST}: say it shorter"
